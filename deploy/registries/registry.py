"""Current digest of an image's name: a small client of the registry protocol, version 2."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from deploy.agent.docker.credentials import Login, login_of
from deploy.deployment.fetch import Fetch
from deploy.errors import KitError
from deploy.reference import DEFAULT_IMAGE_HOST, MIRROR_KEYS, image_place, is_loopback, parse_image
from deploy.registries.asking import Answer, Place, plain

_LISTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", DOCKER_MANIFEST)
PLATFORM = {"os": "linux", "architecture": "amd64"}
_LARGEST_MANIFEST = 4 * 2**20
_LARGEST_TOKEN = 2**20
_LARGEST_SIZE = 2**50
_PARAMETER = re.compile(r'([a-z_]+)="([^"]*)"')
_TOKEN = re.compile(r"[\x21-\x7e]+")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class PulledImage:
    """A pinned image: Docker pulls `repository@digest`."""

    repository: str
    digest: str
    """`sha256:` and 64 hex digits: the digest of the list of platforms, if the registry has one."""
    size_bytes: int
    """Size of the download for this platform."""


@dataclass(frozen=True)
class Manifest:
    """A manifest's bytes with their digest, and its content."""

    digest: str
    document: dict[str, Any]

    @property
    def is_list(self) -> bool:
        """Return True if it names one manifest per platform."""
        return isinstance(self.document.get("manifests"), list)


class Registry:
    """A repository of a registry."""

    def __init__(self, base: str, repository: str, mirror: str, fetch: Fetch, login: Login | None = None) -> None:
        self.base = base
        self.repository = repository
        self.place = Place(f"the registry {base}", mirror, fetch)
        self._login = login
        self._authorization = ""

    def manifest(self, reference: str, accepted: tuple[str, ...]) -> Manifest:
        """Return a manifest by tag or digest; KitError names the address, its refusal, and the next step."""
        place = urlsplit(self.base)
        url = f"{place.scheme}://{place.netloc}/v2{place.path}/{self.repository}/manifests/{reference}"
        answer = self._asked(url, accepted)
        if answer.status != 200:
            raise self._refused(answer, reference)
        digest = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
        told = reference if reference.startswith("sha256:") else answer.headers["Docker-Content-Digest"]
        if told and told != digest:
            raise self.wrong(reference, f"its bytes have the digest {digest} instead of {plain(told)}")
        return Manifest(digest, self._document(answer.body, reference))

    @contextmanager
    def blob(self, digest: str) -> Iterator[Any]:
        """Open a part, for every status of the answer."""
        place = urlsplit(self.base)
        url = f"{place.scheme}://{place.netloc}/v2{place.path}/{self.repository}/blobs/{digest}"
        headers = {"Accept": "*/*"} | ({"Authorization": self._authorization} if self._authorization else {})
        with self.place.opened(url, headers) as answer:
            yield answer

    def wrong(self, reference: str, what: str) -> KitError:
        """Return the error about an answer that is no manifest."""
        return KitError(
            f"{self.place.named} gives no image for {self.named(reference)}: {what}",
            "check that the address is a registry's; try again, or name another",
        )

    def named(self, reference: str) -> str:
        """Return the full name of a manifest of this repository."""
        return f"{self.repository}{'@' if reference.startswith('sha256:') else ':'}{reference}"

    def _document(self, body: bytes, reference: str) -> dict[str, Any]:
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            raise self.wrong(reference, "what it sends is not JSON") from None
        if not isinstance(document, dict) or document.get("schemaVersion") != 2:
            raise self.wrong(reference, "what it sends is no manifest of the second schema")
        return document

    def _asked(self, url: str, accepted: tuple[str, ...]) -> Answer:
        answer = self._once(url, accepted)
        asks = answer.headers["WWW-Authenticate"] or ""
        if answer.status == 401 and asks.lower().startswith("bearer "):
            self._authorization = f"Bearer {self._new_token(dict(_PARAMETER.findall(asks)))}"
            answer = self._once(url, accepted)
        elif answer.status == 401 and asks.lower().startswith("basic ") and self._known_by(self.base):
            self._authorization = self._known_by(self.base)
            answer = self._once(url, accepted)
        return answer

    def _known_by(self, address: str) -> str:
        """Return the header's value with user and password; empty without a login, or where others could read it."""
        place = urlsplit(address)
        is_private = place.scheme == "https" or is_loopback(place.netloc)
        return self._login.basic() if self._login and self._login.user and is_private else ""

    def _once(self, url: str, accepted: tuple[str, ...]) -> Answer:
        known = {"Authorization": self._authorization} if self._authorization else {}
        headers = {"Accept": ", ".join(accepted)} | known
        return self.place.ask(url, headers, _LARGEST_MANIFEST)

    def _new_token(self, asked: dict[str, str]) -> str:
        realm = urlsplit(asked.get("realm", ""))
        plain_http = realm.scheme == "http" and (self.base.startswith("http:") or is_loopback(realm.netloc))
        if not realm.netloc or not (realm.scheme == "https" or plain_http):
            raise self._refusal(f"it sends to {plain(asked.get('realm', '')) or 'nowhere'} for a token")
        wanted = {
            "service": asked.get("service", ""),
            "scope": asked.get("scope") or f"repository:{self.repository}:pull",
        }
        query = "&".join(part for part in (realm.query, urlencode({k: v for k, v in wanted.items() if v})) if part)
        url = realm._replace(query=query, fragment="").geturl()
        known = self._known_by(url)
        answer = Place(f"the token server {realm.netloc}", self.place.mirror, self.place.fetch).ask(
            url, {"Authorization": known} if known else {}, _LARGEST_TOKEN
        )
        try:
            document = json.loads(answer.body) if answer.status == 200 else {}
            token = document.get("token") or document.get("access_token")
        except (ValueError, AttributeError, RecursionError):
            token = None
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise self._refusal(f"its token server {realm.netloc} answers {answer.status}{_words(answer)}")
        return token

    def _refused(self, answer: Answer, reference: str) -> KitError:
        said = f"{answer.status}{_words(answer)}"
        if answer.status in (401, 403):
            return self._refusal(f"{self.named(reference)}: {said}")
        if answer.status == 404:
            return KitError(f"{self.place.named} has no {self.named(reference)}: {said}", "check the name and the tag")
        if answer.status == 429:
            wait = f"in {wait} s" if (wait := answer.headers["Retry-After"] or "").isdigit() else "in an hour"
            return KitError(
                f"{self.place.named} limits requests: {said}",
                f"try again {wait}"
                + (f", or name `mirrors: {{{self.place.mirror}: ...}}`" if self.place.mirror else ""),
            )
        return KitError(f"{self.place.named} fails for {self.named(reference)}: {said}", self.place.next_step)

    def _refusal(self, what: str) -> KitError:
        mirror = f", or `mirrors: {{{self.place.mirror}: ...}}` that asks for no account" if self.place.mirror else ""
        account = "with the login that Docker has here" if self._login else "without an account"
        host = urlsplit(self.base).netloc
        server = "" if host.endswith(DEFAULT_IMAGE_HOST) else f" {host}"
        return KitError(
            f"{self.place.named} refuses: {what}",
            f"the kit asks {account}: check that the name is right, or type: docker login{server}{mirror}",
        )


def resolve_image(reference: str, fetch: Fetch) -> PulledImage:
    """Ask a registry for an image's current digest; KitError names the address, its answer, and the next step."""
    image = parse_image(reference)
    base = image_place(image.host, fetch.registries.get(image.host))
    host = urlsplit(base).netloc
    login = login_of("" if host == f"registry-1.{DEFAULT_IMAGE_HOST}" else host)
    registry = Registry(base, image.asked_path, MIRROR_KEYS.get(image.host, ""), fetch, login)
    asked = image.digest or image.tag
    manifest = registry.manifest(asked, (*_LISTS, *_MANIFESTS))
    fetched = manifest
    if manifest.is_list:
        fetched = registry.manifest(_of_platform(manifest, registry, asked), _MANIFESTS)
    else:
        _ensure_platform(manifest, registry, asked)
    return PulledImage(image.repository, manifest.digest, sum(size for _, _, size in parts(fetched, registry, asked)))


def parts(manifest: Manifest, registry: Registry, asked: str) -> list[tuple[str, str, int]]:
    """Return media type, digest and size of a manifest's parts: its configuration, then its layers."""
    document = manifest.document
    listed = document.get("layers")
    described = []
    for part in [document.get("config"), *(listed if isinstance(listed, list) else [None])]:
        fields = part if isinstance(part, dict) else {}
        kind, digest, size = fields.get("mediaType"), fields.get("digest"), fields.get("size")
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest) or not isinstance(kind, str):
            raise registry.wrong(asked, "its manifest names no configuration and layers")
        if type(size) is not int or not 0 <= size <= _LARGEST_SIZE:
            raise registry.wrong(asked, "its manifest gives no sizes")
        described.append((kind, digest, size))
    return described


def _ensure_platform(manifest: Manifest, registry: Registry, asked: str) -> None:
    """Refuse an image without a list of platforms whose configuration names another one."""
    _, digest, _ = parts(manifest, registry, asked)[0]
    with registry.blob(digest) as answer:
        content: bytes = answer.read(_LARGEST_MANIFEST) if answer.status == 200 else b""
    try:
        config = json.loads(content)
        told = {key: config[key] for key in PLATFORM}
    except (ValueError, LookupError, TypeError, RecursionError):
        # Docker reads it again when it pulls, and says what is wrong with it.
        return
    if told != PLATFORM:
        raise _without_platform(registry, asked, plain(f"{told['os']}/{told['architecture']}"))


def _of_platform(manifest: Manifest, registry: Registry, asked: str) -> str:
    listed = [entry for entry in manifest.document["manifests"] if isinstance(entry, dict)]
    platforms = []
    for entry in listed:
        platform, digest = entry.get("platform"), entry.get("digest")
        if not isinstance(platform, dict):
            continue
        if PLATFORM.items() <= platform.items() and isinstance(digest, str) and _DIGEST.fullmatch(digest):
            return digest
        platforms.append(plain(f"{platform.get('os')}/{platform.get('architecture')}"))
    raise _without_platform(registry, asked, ", ".join(sorted(set(platforms) - {"unknown/unknown"})) or "none")


def _without_platform(registry: Registry, asked: str, there: str) -> KitError:
    wanted = "/".join(PLATFORM.values())
    return KitError(
        f"{registry.place.named} has no {registry.named(asked)} for {wanted}, only for {there}",
        "name an image for it",
    )


def _words(answer: Answer) -> str:
    """Return a registry's reason for a refusal, to follow the status."""
    try:
        first = json.loads(answer.body)["errors"][0]
        said = first.get("message") or first.get("code") or ""
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        said = ""
    return f" ({plain(str(said))})" if said else ""
