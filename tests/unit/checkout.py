"""A small checkout of kit, and the folder of commands that its launcher is allowed to find."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PLAIN_TOOLS = "sh cat chmod cmp cp cut flock getent id ls mkdir mktemp mv readlink rm sleep tail touch"
UV = Path(sys.executable).parent / "uv"
PYTHON = Path(sys.executable).resolve()
SAYS_ITS_STATE = """\
import json, os, sys

def main():
    print(json.dumps({"argv": sys.argv[1:], "cwd": os.getcwd(), "prefix": sys.prefix, "kit": __file__,
                      "typed": os.environ["KIT_COMMAND"], "files": open(os.devnull).encoding,
                      "output": sys.stdout.encoding, "path": os.environ["PATH"]}))
"""


@dataclass
class Checkout:
    """A folder with the launcher and a command line that says how it was called."""

    root: Path
    path: Path
    environ: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, repository: Path, root: Path, path: Path) -> Checkout:
        (root / "deploy/cli").mkdir(parents=True)
        shutil.copy(repository / "kit", root)
        shutil.copy(repository / "deploy/environment.sh", root / "deploy")
        shutil.copy(repository / "deploy/cli/entry.py", root / "deploy/cli")
        (root / "deploy/cli/main.py").write_text(SAYS_ITS_STATE)
        (root / "requirements.txt").write_text("# nothing\n")
        path.mkdir()
        checkout = cls(root, path, {"HOME": str(path.parent), "UV_CACHE_DIR": str(path.parent / "uv-cache")})
        for tool in PLAIN_TOOLS.split():
            (path / tool).symlink_to(shutil.which(tool) or "/nowhere")
        return checkout

    @property
    def place(self) -> Path:
        return self.root / ".cache/python"

    def environments(self) -> list[str]:
        return sorted(entry.name for entry in self.place.glob("run-*"))

    def offer(self, name: str, script: str) -> None:
        """Put a command on the launcher's PATH."""
        (self.path / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.path / name).chmod(0o755)

    def offer_uv(self) -> None:
        self.offer("uv", f'exec "{UV}" "$@"')
        self.offer_python()

    def offer_python(self, name: str = "python3") -> None:
        self.offer(name, f'exec "{PYTHON}" "$@"')

    def environment(self) -> dict[str, str]:
        return {"PATH": str(self.path), "PIP_RETRIES": "0", "UV_HTTP_RETRIES": "0", **self.environ}

    def start(self, *arguments: str, program: str | Path = "", cwd: Path | None = None) -> subprocess.Popen[str]:
        """Start the launcher as the first of a process group of its own."""
        return subprocess.Popen(
            [str(program or self.root / "kit"), *arguments],
            cwd=cwd,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
        )

    def run(self, *arguments: str, program: str | Path = "", cwd: Path | None = None) -> Run:
        """Start the launcher and wait for its end."""
        process = self.start(*arguments, program=program, cwd=cwd)
        out, err = process.communicate(timeout=300)
        return Run(process.returncode, out, err)


@dataclass(frozen=True)
class Run:
    """End of a launcher's run."""

    status: int
    out: str
    err: str

    @property
    def said(self) -> dict[str, Any]:
        assert self.status == 0, self.err
        said: dict[str, Any] = json.loads(self.out)
        return said


def is_root() -> bool:
    """True if these tests run as root."""
    return os.geteuid() == 0
