"""Images in the shape of the official ones, over the layers of assembled images: entry point, user, folder, paths."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.agent.docker.api import Docker
from deploy.components.edge.image import VERSION as CADDY
from deploy.components.litellm.image import VERSION as LITELLM
from deploy.components.open_webui.image import VERSION as WEBUI
from deploy.deployment.recipe import PATH, VENV
from tests.doubles.registry.images import digest_of

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PACKAGES = f"{VENV}/lib/python3.11/site-packages"
CACHE = "/app/backend/data/cache"
CADDYS_PROGRAM = "usr/bin/caddy"
LOW_PORTS = "\x01\x00\x00\x02\x00\x04" + 14 * "\x00"
"""Bytes that `setcap cap_net_bind_service=+ep` writes to a file."""
Files = dict[str, bytes | str | None]
"""Path to a file's bytes, a link's target, or None for a folder, parents first."""


@dataclass(frozen=True)
class Shape:
    """An official image, but for the programs in it."""

    reference: str
    """Repository and tag, without the registry."""
    config: dict[str, Any]
    files: Files = field(default_factory=dict)
    copied: tuple[str, str, str] = ("", "", "")
    """A folder or file below, where the image has it instead, and a part that it has elsewhere."""
    capable: str = ""
    """A program that may listen on ports below 1024."""
    is_alpine: bool = False
    """True if it has no bash, and busybox in place of nc and wget."""


SHAPES = {
    "llama_cpp": Shape(
        "ggml-org/llama.cpp:server",
        {
            "Entrypoint": ["/app/llama-server"],
            "Env": [f"PATH={SYSTEM_PATH}", "LLAMA_ARG_HOST=0.0.0.0"],
            "Healthcheck": {"Test": ["CMD", "curl", "-f", "http://localhost:8080/health"]},
            "WorkingDir": "/app",
        },
        {"app": None, "app/llama-server": "/usr/bin/llama-server"},
    ),
    "litellm": Shape(
        f"berriai/litellm:v{LITELLM}",
        {
            "Entrypoint": ["docker/prod_entrypoint.sh"],
            "Cmd": ["--port", "4000"],
            "Env": [f"PATH={PATH}"],
            "ExposedPorts": {"4000/tcp": {}},
            "User": "root",
            "WorkingDir": "/app",
        },
        {"app": None},
    ),
    "open_webui": Shape(
        f"open-webui/open-webui:v{WEBUI}",
        {
            "Cmd": ["bash", "start.sh"],
            "Env": [
                f"PATH={PATH}",
                "LANG=C.UTF-8",
                "ENV=prod",
                "PORT=8080",
                "USE_OLLAMA_DOCKER=false",
                "USE_CUDA_DOCKER=false",
                "OLLAMA_BASE_URL=/ollama",
                "OPENAI_API_BASE_URL=",
                "OPENAI_API_KEY=",
                "WEBUI_SECRET_KEY=",
                "WHISPER_MODEL=base",
                f"WHISPER_MODEL_DIR={CACHE}/whisper/models",
                "RAG_EMBEDDING_MODEL=sentence-transformers/all-MiniLM-L6-v2",
                f"SENTENCE_TRANSFORMERS_HOME={CACHE}/embedding/models",
                f"HF_HOME={CACHE}/embedding/models",
                "HOME=/root",
                "DOCKER=true",
            ],
            "ExposedPorts": {"8080/tcp": {}},
            "Healthcheck": {"Test": ["CMD-SHELL", "curl --silent --fail http://localhost:8080/health || exit 1"]},
            "User": "0:0",
            "WorkingDir": "/app/backend",
        },
        {
            "app": None,
            "app/build": f"{PACKAGES}/open_webui/frontend",
            "app/package.json": json.dumps({"name": "open-webui", "version": WEBUI}).encode(),
            "app/backend": None,
            # The official image has no package of that name; this removes the one below.
            f"{PACKAGES[1:]}/.wh.open_webui-{WEBUI}.dist-info": b"",
        },
        # The application finds its files by where it really lies, so a link would not do.
        (f"{PACKAGES}/open_webui", "app/backend/open_webui", "frontend"),
    ),
    "edge": Shape(
        f"library/caddy:{CADDY}",
        {
            "Cmd": ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"],
            "Env": [f"PATH={SYSTEM_PATH}", "XDG_CONFIG_HOME=/config", "XDG_DATA_HOME=/data"],
            "ExposedPorts": {"80/tcp": {}, "443/tcp": {}, "443/udp": {}, "2019/tcp": {}},
            "WorkingDir": "/srv",
        },
        {"srv": None},
        (f"/{CADDYS_PROGRAM}", CADDYS_PROGRAM, "none"),
        capable=CADDYS_PROGRAM,
        is_alpine=True,
    ),
}


def publish_official(host: str, kind: str, base: str, more: Files | None = None) -> str:
    """Push an image in the official one's shape, made over an image that Docker has; return its digest there."""
    shape = SHAPES[kind]
    docker, reference = Docker(), f"{host}/{shape.reference}"
    copied = _copied(base, *shape.copied) if shape.copied[0] else {}
    programs = _busybox() if shape.is_alpine else {}
    image = _loaded(docker, base, shape, {**shape.files, **copied, **programs, **(more or {})})
    docker.tag(image, reference)
    _docker("push", "-q", reference)
    _docker("rmi", reference)
    repository, _, tag = shape.reference.rpartition(":")
    return digest_of(host, repository, tag)


def _copied(base: str, source: str, target: str, but: str) -> Files:
    """Return the files of an image's folder, under another path and without one part."""
    container = _docker("create", base, "true").decode().strip()
    try:
        archive = _docker("cp", f"{container}:{source}", "-")
    finally:
        _docker("rm", container)
    above = source.rpartition("/")[2]
    found: Files = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            path = member.name.removeprefix(above).strip("/")
            content = tar.extractfile(member) if member.isfile() else None
            if path.split("/")[0] != but:
                found[f"{target}/{path}".rstrip("/")] = content.read() if content else None
    return found


def _busybox() -> Files:
    program = shutil.which("busybox")
    assert program is not None, "needs Debian's package busybox-static"
    content = Path(program).read_bytes()
    return {"usr/bin/.wh.bash": b"", **dict.fromkeys(("usr/bin/nc", "usr/bin/wget"), content)}


def _docker(*words: str) -> bytes:
    done = subprocess.run(["docker", *words], capture_output=True, check=False)
    assert done.returncode == 0, f"docker {' '.join(words)}: {done.stderr.decode()}"
    return done.stdout


def _loaded(docker: Docker, base: str, shape: Shape, files: Files) -> str:
    """Have Docker load the image's own layer alone: it has the others, and reads no file for them."""
    layer = _tar(files, shape.capable)
    below: list[str] = (docker.image(base) or {})["RootFS"]["Layers"]
    diff_ids = [*below, f"sha256:{hashlib.sha256(layer).hexdigest()}"]
    document = {
        "architecture": "amd64",
        "config": shape.config,
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    }
    config = json.dumps(document, sort_keys=True).encode()
    digest = hashlib.sha256(config).hexdigest()
    layers = [f"{number}/layer.tar" for number in range(len(diff_ids))]
    manifest = json.dumps([{"Config": f"{digest}.json", "RepoTags": None, "Layers": layers}]).encode()
    own = {layers[-1].rpartition("/")[0]: None, layers[-1]: layer}
    archive = _tar({f"{digest}.json": config, **own, "manifest.json": manifest})
    docker.load([archive], len(archive))
    return f"sha256:{digest}"


def _tar(files: Files, capable: str = "") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.mode = 0o755
            if name == capable:
                info.pax_headers = {"SCHILY.xattr.security.capability": LOW_PORTS}
            if content is None:
                info.type = tarfile.DIRTYPE
            elif isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
            else:
                info.size = len(content)
            tar.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
    return buffer.getvalue()
