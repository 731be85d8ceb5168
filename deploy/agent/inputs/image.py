"""Operation `image`: pull an image, or assemble it, give it to Docker, remember which Debian versions it took."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from deploy.agent.docker.api import Docker
from deploy.agent.errors import AgentError
from deploy.agent.inputs import bytecode, rootfs, wheels
from deploy.agent.inputs.archive import ASSEMBLER, Layer, archive_parts, archive_size, configuration, stream
from deploy.agent.inputs.cache import Cache
from deploy.agent.inputs.children import Children, StoppedError
from deploy.agent.inputs.disk import ensure_room
from deploy.agent.inputs.mirrors import Mirrors
from deploy.agent.inputs.pull import bring
from deploy.agent.journal import Journal
from deploy.agent.remembered import read_json, write_json

Made = tuple[Layer, dict[str, Any]]
T = TypeVar("T")
# Measured: a root filesystem with Python or llama.cpp is 103 to 113 MB; wheels grow 3.1 to 3.4 times when unpacked.
ROOT_BYTES = 130 * 2**20
UNPACKED_PER_WHEEL_BYTE = 3.5
# Measured: 70 MB for a gateway, about as much of sources.
BYTECODE_BYTES = 90 * 2**20


@dataclass
class Builder:
    """One request: what it shares between images, made once, and side by side."""

    request: dict[str, Any]
    journal: Journal
    docker: Docker
    children: Children
    cache: Cache
    pool: ThreadPoolExecutor

    def __post_init__(self) -> None:
        self.mirrors = Mirrors.of(self.request)
        self.uv = wheels.Uv(self.request.get("uv", ""), self.cache.uv, self.mirrors, self.children, self.journal)

    def build(self, images: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Assemble images; the first failure stops the others."""
        layers: dict[str, Future[Made]] = {}
        for image in images:
            if root_key(image) not in layers:
                layers[root_key(image)] = self.pool.submit(self._root, image)
            if image["wheels"] and wheels_key(image) not in layers:
                layers[wheels_key(image)] = self.pool.submit(self._wheels, image)
            if image.get("bytecode"):
                below = [layers[root_key(image)], layers[wheels_key(image)]]
                layers[compiled_key(image)] = self.pool.submit(self._bytecode, image, below)
        loads = [self.pool.submit(self._load, image, layers) for image in images]
        every: list[Future[Any]] = [*layers.values(), *loads]
        done, _ = wait(every, return_when=FIRST_EXCEPTION)
        failures = [problem for problem in (future.exception() for future in done) if problem]
        for problem in failures:
            if not isinstance(problem, StoppedError):
                raise problem
        return [load.result() for load in loads]

    def _cached(self, key: str, *, is_good: bool = True) -> Made | None:
        known = self.cache.known(key) if is_good else None
        if known:
            self.journal.say("taken from the cache")
        return known

    def _root(self, image: dict[str, Any]) -> Made:
        key, suite = root_key(image), image["suite"]
        with self.journal.step(f"root filesystem {suite}"):
            # A rebuild takes today's Debian versions; without one, what is here is good.
            if known := self._cached(key, is_good=not self.request.get("force")):
                return known
            self.journal.say(f"{suite}: {', '.join(image['debian'])}")
            work = self._folder(f"root-{suite}-{key[:12]}")
            return self.cache.keep(
                key,
                lambda writer: rootfs.write_root(
                    writer, suite, image["debian"], self.mirrors, self.children, work, self.journal
                ),
            )

    def _wheels(self, image: dict[str, Any]) -> Made:
        key, python = wheels_key(image), image["python"]
        with self.journal.step(f"wheels {image['kind']}"):
            if known := self._cached(key):
                return known
            work = self._folder(f"wheels-{image['kind']}-{key[:12]}")
            self.uv.unpack(image["wheels"], python, work / "site", work)
            self.journal.say("packing")

            def make(writer: Any) -> dict[str, Any]:
                wheels.write_venv(writer, work / "site", python)
                return {}

            made = self.cache.keep(key, make)
        # Thousands of files: away while Docker works.
        self.pool.submit(self.cache.remove, work)
        return made

    def _bytecode(self, image: dict[str, Any], below: list[Future[Made]]) -> Made:
        stack = [_result(one)[0] for one in below]
        key = bytecode_key(image, stack)
        with self.journal.step(f"bytecode {image['kind']}"):
            if known := self._cached(key):
                return known
            work = self._folder(f"bytecode-{image['kind']}-{key[:12]}")

            def make(writer: Any) -> dict[str, Any]:
                names, python = image["bytecode"], image["python"]
                bytecode.write_bytecode(writer, stack, names, python, self.children, work, self.journal)
                return {}

            made = self.cache.keep(key, make)
        self.pool.submit(self.cache.remove, work)
        return made

    def _load(self, image: dict[str, Any], layers: dict[str, Future[Made]]) -> dict[str, Any]:
        root, facts = _result(layers[root_key(image)])
        stack = [root]
        if image["wheels"]:
            stack.append(_result(layers[wheels_key(image)])[0])
        if image.get("bytecode"):
            stack.append(_result(layers[compiled_key(image)])[0])
        with self.journal.step(f"image {image['kind']}"):
            config = configuration(image, stack)
            before = self.docker.image(image["tag"])
            parts = archive_parts(image["tag"], config, stack)
            size = archive_size(parts)
            self.journal.say(f"giving {size / 2**20:.0f} MiB to Docker", 0, size)
            self.docker.load(stream(parts, self.children.ensure_wanted), size)
            self.children.ensure_wanted()
            made = self.docker.image(image["tag"])
            if not made:
                raise AgentError(f"docker loaded {image['tag']} and does not have it", "see its log")
            if before and before["Id"] != made["Id"]:
                self._forget(before["Id"])
        return {
            "kind": image["kind"],
            "tag": image["tag"],
            "id": made["Id"],
            "built": not before or before["Id"] != made["Id"],
            "debian_versions": facts["debian_versions"],
        }

    def _forget(self, image_id: str) -> None:
        try:
            self.docker.remove_image(image_id)
        except AgentError:
            # A container still runs on it; `collect` takes it once that is gone.
            self.journal.say("the image before this one is still in use")

    def _folder(self, name: str) -> Path:
        folder = self.cache.work / name
        folder.mkdir()
        return folder


def run(request: dict[str, Any], journal: Journal) -> dict[str, Any]:
    """Answer the operation `image`."""
    docker = Docker()
    pulled = [image for image in request["images"] if "pull" in image]
    assembled = [image for image in request["images"] if "pull" not in image]
    found = [*bring(docker, pulled, request, journal), *_assemble(docker, assembled, request, journal)]
    for answer in found:
        _remember(Path(request["root"]) / "run", answer)
    return {"changed": any(answer["built"] for answer in found), "images": found}


def _assemble(
    docker: Docker, images: list[dict[str, Any]], request: dict[str, Any], journal: Journal
) -> list[dict[str, Any]]:
    children = Children()
    cache = Cache(request["cache"], children.ensure_wanted)
    answers = {image["tag"]: _present(docker, image, request, cache) for image in images}
    missing = [image for image in images if request.get("force") or not answers[image["tag"]]]
    if missing:
        with cache.held(journal):
            _ensure_room(missing, cache, docker, bool(request.get("force")))
            with ThreadPoolExecutor(max_workers=3 * len(missing)) as pool:
                try:
                    made = Builder(request, journal, docker, children, cache, pool).build(missing)
                except BaseException:
                    children.stop()
                    raise
            for answer in made:
                answers[answer["tag"]] = answer
                cache.note(_record(cache.root, answer["tag"]), {"format": 1, **answer})
            cache.prune()
    return [answer for answer in answers.values() if answer]


def root_key(image: dict[str, Any]) -> str:
    """Return the name of a root filesystem in the cache: images that ask for the same one share it."""
    return _key("root", ASSEMBLER, image["suite"], sorted(image["debian"]))


def wheels_key(image: dict[str, Any]) -> str:
    """Return the name of an environment of wheels in the cache."""
    names = sorted((wheel["file"], wheel["sha256"]) for wheel in image["wheels"])
    return _key("wheels", ASSEMBLER, image["python"], wheels.PLATFORM, names)


def compiled_key(image: dict[str, Any]) -> str:
    """Return what tells the bytecode of one request's images apart, before the layers below are made."""
    return _key("bytecode", root_key(image), wheels_key(image), sorted(image["bytecode"]))


def bytecode_key(image: dict[str, Any], below: list[Layer]) -> str:
    """Return the name of the bytecode in the cache: made by the very Python that lies in the layers below."""
    return _key("bytecode", ASSEMBLER, [layer.diff_id for layer in below], sorted(image["bytecode"]))


def _key(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _result(future: Future[T]) -> T:
    try:
        return future.result()
    except Exception as problem:
        # The failure is told once, by the part that failed.
        raise StoppedError from problem


def _present(docker: Docker, image: dict[str, Any], request: dict[str, Any], cache: Cache) -> dict[str, Any] | None:
    found = docker.image(image["tag"])
    if not found or (found["Config"].get("Labels") or {}).get("kit.recipe") != image["digest"]:
        return None
    records = [_record(folder, image["tag"]) for folder in (Path(request["root"]) / "run", cache.root)]
    known = next((record for record in map(read_json, records) if record), {})
    versions = known.get("debian_versions", {}) if known.get("id") == found["Id"] else {}
    return {
        "kind": image["kind"],
        "tag": image["tag"],
        "id": found["Id"],
        "built": False,
        "debian_versions": versions,
    }


def _record(folder: Path, tag: str) -> Path:
    return folder / "images" / f"{tag.rsplit(':', 1)[1]}.json"


def _remember(folder: Path, answer: dict[str, Any]) -> None:
    document = {"format": 1, **{name: value for name, value in answer.items() if name != "built"}}
    if read_json(_record(folder, answer["tag"])) != document:
        write_json(_record(folder, answer["tag"]), document)


def _is_compiled(image: dict[str, Any], cache: Cache) -> bool:
    """Tell whether the bytecode over an image's cached layers is there, without reading any."""
    below = [cache.layer(key) for key in (root_key(image), wheels_key(image))]
    layers = [layer for layer in below if layer]
    return len(layers) == len(below) and cache.has(bytecode_key(image, layers))


def _ensure_room(images: list[dict[str, Any]], cache: Cache, docker: Docker, force: bool) -> None:
    """Need: everything unpacked and as a tar in the cache; the tar and its content again at Docker."""
    roots = {root_key(image) for image in images}
    cold_roots = len([key for key in roots if force or not cache.has(key)])
    unpacked = {
        wheels_key(image): int(UNPACKED_PER_WHEEL_BYTE * sum(w["size"] for w in image["wheels"])) for image in images
    }
    cold_wheels = sum(size for key, size in unpacked.items() if size and not cache.has(key))
    compiled = {compiled_key(image): image for image in images if image.get("bytecode")}
    cold_compiled = len([image for image in compiled.values() if force or not _is_compiled(image, cache)])
    build = 2 * cold_roots * ROOT_BYTES + 2 * cold_wheels + cold_compiled * (ROOT_BYTES + 3 * BYTECODE_BYTES)
    given = 2 * len(images) * ROOT_BYTES + 2 * sum(unpacked.values()) + 2 * len(compiled) * BYTECODE_BYTES
    engine = Path(docker.info().get("DockerRootDir", "/var/lib/docker"))
    ensure_room([(cache.root, build, "image builds"), (engine, given, "images")])
