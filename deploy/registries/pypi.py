"""Current wheels of a list of requirements: uv resolves them, and each package gets one wheel for the platform."""

from __future__ import annotations

import http.client
import os
import re
import ssl
import subprocess
import tomllib
import urllib.request
from collections.abc import Iterable
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import uv
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from deploy.deployment.fetch import Fetch
from deploy.deployment.recipe import Wheel
from deploy.errors import KitError
from deploy.scratch import scratch_folder

GLIBC_MINOR = 36
"""glibc of the oldest Debian that images are assembled from."""
UV_PLATFORM = f"x86_64-manylinux_2_{GLIBC_MINOR}"
FETCH_NEXT = "check the network, or name `mirrors: {pypi: ...}`, `proxy:` or `ca:` in kit.yaml"
TIMEOUT_SECONDS = 60
NO_ANSWER = (OSError, http.client.HTTPException)
_CAUSE = re.compile(r"^\s*(?:error|cause|Caused by): ", re.MULTILINE)


def located_wheels(
    requirements: tuple[str, ...], overrides: tuple[str, ...], python: str, fetch: Fetch, known: tuple[Wheel, ...] = ()
) -> list[tuple[Wheel, str]]:
    """Return the wheels with their addresses, sorted by name; only known wheels have their size."""
    packages = tomllib.loads(_compile(requirements, overrides, python, fetch, known)).get("packages", [])
    ranks = _ranks(python)
    return sorted(_fitting(package, ranks, known) for package in packages)


def opened(url: str, fetch: Fetch, method: str = "GET") -> Any:
    """Open an address of the index through the spec's proxy and authorities; KitError if it does not answer."""
    handlers: list[urllib.request.BaseHandler] = [urllib.request.HTTPSHandler(context=trusted(fetch))]
    if fetch.proxy:
        handlers.append(urllib.request.ProxyHandler({"http": fetch.proxy, "https": fetch.proxy}))
    try:
        request = urllib.request.Request(url, method=method)  # noqa: S310 - http(s) alone by its type
        return urllib.request.build_opener(*handlers).open(request, timeout=TIMEOUT_SECONDS)
    except NO_ANSWER as error:
        raise silent(fetch, str(error) or type(error).__name__) from None


def trusted(fetch: Fetch) -> ssl.SSLContext:
    """Return the trusted authorities; KitError if the spec's file holds none."""
    try:
        return _context(fetch.ca)
    except OSError as error:
        raise KitError(f"ca: {fetch.ca}: {error.strerror or error}", "name a file of authorities (PEM)") from None


# Reading this machine's authorities takes as long as an answer of a registry, and a lock asks for hundreds.
@cache
def _context(ca: str | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca)


def silent(fetch: Fetch, words: str) -> KitError:
    """Return the error about an index that does not answer or breaks off, with the proxy on the way to it."""
    return KitError(f"{named_index(fetch)} does not answer: {words}", FETCH_NEXT)


def _compile(
    requirements: tuple[str, ...], overrides: tuple[str, ...], python: str, fetch: Fetch, known: tuple[Wheel, ...]
) -> str:
    with scratch_folder("kit-lock-wheels-") as scratch:
        folder = scratch.path
        (folder / "requirements.in").write_text("\n".join(requirements) + "\n")
        (folder / "overrides.txt").write_text("\n".join(overrides) + "\n")
        if known:
            # The resolver prefers the versions of the file that it is going to write.
            (folder / "pylock.toml").write_text(_preferences(known))
        done = subprocess.run(
            compile_argv(uv.find_uv_bin(), folder, python, fetch),
            env={**os.environ, **_environment(fetch)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise _failure(done.stderr, fetch)
        return (folder / "pylock.toml").read_text()


def _preferences(known: tuple[Wheel, ...]) -> str:
    packages = (f'[[packages]]\nname = "{wheel.name}"\nversion = "{wheel.version}"\n' for wheel in known)
    return "\n".join(('lock-version = "1.0"\ncreated-by = "kit"\n', *packages))


def compile_argv(program: str, folder: Path, python: str, fetch: Fetch) -> list[str]:
    """Return the command that writes `pylock.toml` into a folder from its requirements and overrides."""
    argv = [program, "pip", "compile", "--no-config", "--quiet", "--system-certs", "--no-build", "--no-header"]
    argv += ["--python-version", python, "--python-platform", UV_PLATFORM, "--format", "pylock.toml"]
    argv += ["--overrides", str(folder / "overrides.txt"), "--output-file", str(folder / "pylock.toml")]
    return [*argv, *(["--default-index", fetch.pypi] if fetch.pypi else []), str(folder / "requirements.in")]


def _environment(fetch: Fetch) -> dict[str, str]:
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), fetch.proxy) if fetch.proxy else {}
    return proxies | ({"SSL_CERT_FILE": fetch.ca} if fetch.ca else {})


def _ranks(python: str) -> dict[Tag, int]:
    major, minor = (int(part) for part in python.split("."))
    manylinux = [f"manylinux_2_{glibc}_x86_64" for glibc in range(GLIBC_MINOR, 4, -1)]
    platforms = [*manylinux, "manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", "linux_x86_64"]
    fitting: Iterable[Tag] = (
        *cpython_tags((major, minor), platforms=platforms),
        *compatible_tags((major, minor), f"cp{major}{minor}", platforms),
    )
    return {tag: rank for rank, tag in reversed(list(enumerate(fitting)))}


def _fitting(package: dict[str, Any], ranks: dict[Tag, int], known: tuple[Wheel, ...]) -> tuple[Wheel, str]:
    wheels = []
    for wheel in package.get("wheels", []):
        file = wheel.get("name") or unquote(PurePosixPath(urlsplit(wheel["url"]).path).name)
        try:
            tags = parse_wheel_filename(file)[3]
        except InvalidWheelFilename:
            continue
        if best := [ranks[tag] for tag in tags if tag in ranks]:
            wheels.append((min(best), file, wheel))
    if not wheels:
        raise KitError(
            f"{package['name']} {package['version']} has no wheel for {UV_PLATFORM}",
            "the kit runs no build of a package; choose a release that has a wheel",
        )
    for kept in known:
        # A better wheel that was added to a release since is no reason to move.
        if (kept.name, kept.version) == (package["name"], package["version"]):
            for _, file, wheel in wheels:
                if (file, wheel["hashes"]["sha256"]) == (kept.file, kept.sha256):
                    return kept, wheel["url"]
    _, file, wheel = min(wheels, key=lambda choice: choice[:2])
    taken = Wheel(package["name"], package["version"], file, wheel["hashes"]["sha256"], wheel.get("size", 0))
    return taken, wheel["url"]


def named_index(fetch: Fetch) -> str:
    """Return the index in words, with the proxy on the way to it."""
    place = f"the Python package index {fetch.pypi}" if fetch.pypi else "the Python package index"
    return f"{place} (through the proxy {fetch.proxy})" if fetch.proxy else place


def _failure(said: str, fetch: Fetch) -> KitError:
    words = re.sub(r"\s+", " ", said).strip()
    if re.search(r"error sending request|[Ff]ailed to fetch|connect|timed out|dns error|certificate", words):
        return silent(fetch, _first_and_last(said))
    if "initialize cache" in words:
        return KitError(_first_and_last(said), "set UV_CACHE_DIR to a folder that you may write to")
    return KitError(f"the requirements cannot be resolved: {words[-600:]}", "choose another version, or report it")


def _first_and_last(said: str) -> str:
    """Return the last error and its origin; the text between repeats both."""
    causes = [" ".join(part.split())[:200] for part in _CAUSE.split(said) if part.strip()]
    return ": ".join(dict.fromkeys((causes[0], causes[-1])))
