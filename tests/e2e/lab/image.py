"""Builds the images that lab hosts run, once per machine and content."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from deploy.agent.inputs.sources import host_mirror

PACKAGES = ("ca-certificates", "dbus", "iproute2", "openssh-server", "python3", "sudo", "systemd", "systemd-sysv")
LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*")
SETUP = (
    # Neither can work in a container, and both would keep systemd from saying that it runs.
    'ln -s /dev/null "$1/etc/systemd/system/systemd-modules-load.service"',
    'ln -s /dev/null "$1/etc/systemd/system/systemd-udevd.service"',
    'printf "PermitRootLogin prohibit-password\\nUseDNS no\\n" >"$1/etc/ssh/sshd_config.d/lab.conf"',
    'rm -rf "$1"/var/cache/apt/*.bin "$1"/var/lib/apt/lists/*',
)


def lab_image(suite: str) -> str:
    """Return the tag of the image of a suite; build it where this machine has it not yet."""
    digest = hashlib.sha256(repr((suite, PACKAGES, LEFT_OUT, SETUP)).encode()).hexdigest()[:16]
    tag = f"kit-lab/{suite}:{digest}"
    with (Path(tempfile.gettempdir()) / f"kit-lab-{suite}.lock").open("a") as lock:
        # Who comes second waits for the image, in place of a build of its own.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if subprocess.run(["docker", "image", "inspect", tag], capture_output=True, check=False).returncode != 0:
            _build(suite, tag)
    return tag


def _build(suite: str, tag: str) -> None:
    if shutil.which("mmdebstrap") is None:
        raise RuntimeError("lab hosts need mmdebstrap on PATH")
    with tempfile.TemporaryDirectory(prefix="kit-lab-") as folder:
        root = Path(folder) / "root.tar"
        subprocess.run(_argv(suite, root), check=True)
        subprocess.run(["docker", "import", root, tag], check=True, capture_output=True)


def _argv(suite: str, root: Path) -> list[str]:
    return [
        *("mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(PACKAGES)}"),
        *("--dpkgopt=force-unsafe-io", *(f"--dpkgopt=path-exclude={path}" for path in LEFT_OUT)),
        *(f"--customize-hook={line}" for line in SETUP),
        *(suite, str(root), host_mirror("debian")),
    ]
