"""Names of images and models in registries: host, path and tag, checked by the rules of registries and engines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from deploy.agent.protocols.doors.names import REGISTRY
from deploy.errors import KitError
from deploy.nearest import model_near, not_allowed

DEFAULT_IMAGE_HOST = "docker.io"
"""Docker's default for an image's name without a host; the name of its API host differs."""
DEFAULT_MODEL_HOST = REGISTRY
"""Default host of a model's name, as the engines that pull models have it."""
_IMAGE_HOSTS = (DEFAULT_IMAGE_HOST, f"index.{DEFAULT_IMAGE_HOST}", f"registry-1.{DEFAULT_IMAGE_HOST}")
MIRROR_KEYS = {"": "registry", "ghcr.io": "ghcr"}
"""Registry in an image's name to the key of kit.yaml's `mirrors` that replaces it."""
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]{{2,45}}\])(?::[0-9]{{1,5}})?")
_FOLDER = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_OWNER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}")
_MODEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}")
_SCHEME = re.compile(r"https?://(?=[^/]+/[^/]+/[^/]+/?$)", re.IGNORECASE)
"""Scheme before a host, an owner and a model; no model's name has more or fewer parts."""
_IN_MODELS = "A-Za-z0-9._:/-"
_LONGEST = 255
_LOOPBACK = re.compile(r"localhost|127(?:\.[0-9]{1,3}){3}|\[::1\]")
_OFFICIAL = "library"


@dataclass(frozen=True)
class ImageReference:
    """An image in a registry; `host` is empty for the default host."""

    host: str
    path: str
    tag: str
    digest: str = ""

    @property
    def repository(self) -> str:
        """Return the image's name as Docker shows it, without tag and digest."""
        return f"{self.host}/{self.path}" if self.host else self.path

    @property
    def asked_path(self) -> str:
        """Return the image's path as its registry knows it."""
        return self.path if self.host or "/" in self.path else f"{_OFFICIAL}/{self.path}"

    def __str__(self) -> str:
        return f"{self.repository}@{self.digest}" if self.digest else f"{self.repository}:{self.tag}"


@dataclass(frozen=True)
class ModelTag:
    """A model in a registry; `host` is empty for the default host."""

    host: str
    owner: str
    model: str
    tag: str

    def __str__(self) -> str:
        if self.host:
            return f"{self.host}/{self.owner}/{self.model}:{self.tag}"
        return f"{self.model}:{self.tag}" if self.owner == _OFFICIAL else f"{self.owner}/{self.model}:{self.tag}"


def parse_image(text: str) -> ImageReference:
    """Read an image's name as people write it; KitError names the fault."""
    named, at, digest = text.partition("@")
    first, slash, rest = named.partition("/")
    has_host = bool(slash) and ("." in first or ":" in first or first == "localhost")
    host, tagged = (first, rest) if has_host else ("", named)
    path, colon, tag = tagged.partition(":")
    fits = (
        (not host or _HOST.fullmatch(host))
        and all(_FOLDER.fullmatch(folder) for folder in path.split("/"))
        and len(host) + len(path) < _LONGEST
        and (not colon or _TAG.fullmatch(tag))
        and (not at or _DIGEST.fullmatch(digest))
    )
    if not fits:
        faults, near = not_allowed(text, "A-Za-z0-9._:/@-"), text.lower()
        form = (
            f"write {near}" if near != text and _is_image(near) else "write it as in registry.lan:5000/some/image:1.2.3"
        )
        raise KitError(f"{_shown(text)} is not an image's name{faults}", form)
    return ImageReference("" if host in _IMAGE_HOSTS else host, path, tag or ("" if digest else "latest"), digest)


def _is_image(text: str) -> bool:
    try:
        parse_image(text)
    except KitError:
        return False
    return True


def plain_model(text: str) -> str:
    """Return a model's name without a scheme: its engine accepts one, as in the address of a page."""
    scheme = _SCHEME.match(text)
    return text[scheme.end() :].removesuffix("/") if scheme else text


def parse_model(text: str) -> ModelTag:
    """Read a model's name as its engine would; KitError names the fault."""
    above, _, last = text.rpartition("/")
    host, _, owner = above.rpartition("/")
    model, colon, tag = last.partition(":")
    fits = (
        (not host or _HOST.fullmatch(host))
        and _OWNER.fullmatch(owner or _OFFICIAL)
        and _MODEL.fullmatch(model)
        and (not colon or _MODEL.fullmatch(tag))
    )
    if not fits or text.startswith("/") or (above and not owner):
        step = _meant(text) or "write it as in llama3:8b or hf.co/some/model-gguf:Q4_K_M"
        raise KitError(f"{_shown(text)} is not a model's name{not_allowed(text, _IN_MODELS)}", step)
    return ModelTag("" if host.lower() == DEFAULT_MODEL_HOST else host, owner or _OFFICIAL, model, tag or "latest")


def _meant(text: str) -> str:
    """Return the fault of a model's name as people write it; empty if no fault is known."""
    plain = plain_model(text.partition("?")[0])
    if "#" in text:
        return "a name has no '#'; a comment has a line of its own"
    if text.startswith(("'", "`", "\u2018", "\u201c")):
        return "the quotes count as a part of it: write it without them"
    if text.startswith(("$", "<", "{", "%")):
        return "a placeholder stands there: write the model's name in its place"
    if "?" in text:
        return f"leave out what begins with '?': {plain}"
    if "@" in text:
        named, _, tag = text.partition("@")
        if tag.startswith("sha256:"):
            return f"engines pull no digest: write {named}, and kit.lock keeps the digest of its tag"
        return f"a tag stands behind a colon: write {model_near(text)}" if _MODEL.fullmatch(tag) else ""
    if " " in text.strip():
        return f"a name has no blanks: write {model_near(text)}"
    return f"write it without the scheme: {plain}" if plain != text else ""


def image_place(host: str, mirror: str | None) -> str:
    """Return the address of the registry API of a host, or of the mirror in its place."""
    if mirror:
        return mirror.rstrip("/")
    return _address(host) if host else f"https://registry-1.{DEFAULT_IMAGE_HOST}"


def model_place(host: str, mirror: str | None) -> str:
    """Return the address of the model API of a host."""
    if host:
        return _address(host)
    return mirror.rstrip("/") if mirror else f"https://{DEFAULT_MODEL_HOST}"


def pull_name(repository: str, digest: str, mirrors: Mapping[str, str]) -> str:
    """Return the name that Docker pulls: the image by digest, from the mirror of its registry if one is named."""
    image = parse_image(f"{repository}@{digest}")
    mirror = mirrors.get(image.host)
    if mirror is None:
        return str(image)
    place = urlsplit(mirror)
    return f"{place.netloc}{place.path.rstrip('/')}/{image.asked_path}@{digest}"


def is_loopback(host: str) -> bool:
    """Return True if a host, with or without a port, is this machine."""
    return _LOOPBACK.fullmatch(re.sub(r":[0-9]+$", "", host)) is not None


def _address(host: str) -> str:
    return f"{'http' if is_loopback(host) else 'https'}://{host}"


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:76]}...")
