"""Operation `image`: pulls or assembles an image, loads it into Docker, and records its Debian versions."""

from __future__ import annotations

from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from deploy.agent.docker.api import Docker
from deploy.agent.errors import AgentError
from deploy.agent.inputs import bytecode, rootfs, wheels
from deploy.agent.inputs.archive import Layer, archive_parts, archive_size, configuration, stream
from deploy.agent.inputs.cache import OVER, Cache
from deploy.agent.inputs.children import Children, StoppedError
from deploy.agent.inputs.disk import Need, ensure_room
from deploy.agent.inputs.layers import bytecode_key, image_layers, room_of_images, root_key, wheels_key
from deploy.agent.inputs.mirrors import Mirrors
from deploy.agent.inputs.pull import bring
from deploy.agent.journal import Journal
from deploy.agent.remembered import read_json, write_json

if TYPE_CHECKING:
    from deploy.agent.contract.inputs import BuiltImage, ImagesAnswer, ImagesRequest, PresentImage

Made = tuple[Layer, dict[str, Any]]
T = TypeVar("T")


@dataclass
class Builder:
    """One request: shared layers are made once, and different ones in parallel."""

    request: ImagesRequest
    journal: Journal
    docker: Docker
    children: Children
    cache: Cache
    pool: ThreadPoolExecutor

    def __post_init__(self) -> None:
        self.mirrors = Mirrors.of(self.request)
        self.uv = wheels.Uv(self.request.get("uv", ""), self.cache.uv, self.mirrors, self.children, self.journal)

    def build(self, images: list[BuiltImage]) -> list[PresentImage]:
        """Assemble images; the first failure stops the others."""
        layers: dict[str, Future[Made]] = {}
        for image in images:
            if root_key(image) not in layers:
                layers[root_key(image)] = self.pool.submit(self._root, image)
            if image["wheels"] and wheels_key(image) not in layers:
                layers[wheels_key(image)] = self.pool.submit(self._wheels, image)
            if image.get("bytecode"):
                below = [layers[root_key(image)], layers[wheels_key(image)]]
                layers[bytecode_key(image)] = self.pool.submit(self._bytecode, image, below)
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

    def _root(self, image: BuiltImage) -> Made:
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

    def _wheels(self, image: BuiltImage) -> Made:
        key, python = wheels_key(image), _python(image)
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

    def _bytecode(self, image: BuiltImage, below: list[Future[Made]]) -> Made:
        stack = [_result(made)[0] for made in below]
        key = bytecode_key(image)
        over = {root_key(image): stack[0].diff_id, wheels_key(image): stack[1].diff_id}
        with self.journal.step(f"bytecode {image['kind']}"):
            if known := self._cached(key, is_good=key in self.cache.usable(over)):
                return known
            work = self._folder(f"bytecode-{image['kind']}-{key[:12]}")

            def make(writer: Any) -> dict[str, Any]:
                names, python = image["bytecode"], _python(image)
                bytecode.write_bytecode(writer, stack, names, python, self.children, work, self.journal)
                return {OVER: over}

            made = self.cache.keep(key, make)
        self.pool.submit(self.cache.remove, work)
        return made

    def _load(self, image: BuiltImage, layers: dict[str, Future[Made]]) -> PresentImage:
        root, facts = _result(layers[root_key(image)])
        stack = [root]
        if image["wheels"]:
            stack.append(_result(layers[wheels_key(image)])[0])
        if image.get("bytecode"):
            stack.append(_result(layers[bytecode_key(image)])[0])
        with self.journal.step(f"image {image['kind']}"):
            config = configuration(image, stack)
            before = self.docker.image(image["tag"])
            parts = archive_parts(image["tag"], config, stack)
            size = archive_size(parts)
            self.journal.say(f"loading {size / 2**20:.0f} MiB into Docker", 0, size)
            self.docker.load(stream(parts, self.children.ensure_wanted), size)
            self.children.ensure_wanted()
            made = self.docker.image(image["tag"])
            if not made:
                raise AgentError(f"Docker loaded {image['tag']}, but does not have it", "see `journalctl -u docker`")
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
            self.journal.say("the previous image is still in use")

    def _folder(self, name: str) -> Path:
        folder = self.cache.work / name
        folder.mkdir()
        return folder


def run(request: ImagesRequest, journal: Journal) -> ImagesAnswer:
    """Run the operation `image`."""
    docker = Docker()
    pulled = [image for image in request["images"] if "pull" in image]
    assembled = [image for image in request["images"] if "pull" not in image]
    answers = [*bring(docker, pulled, request, journal), *_assemble(docker, assembled, request, journal)]
    for answer in answers:
        remember(Path(request["root"]) / "run", answer)
    return {"changed": any(answer["built"] for answer in answers), "images": answers}


def _assemble(docker: Docker, images: list[BuiltImage], request: ImagesRequest, journal: Journal) -> list[PresentImage]:
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
                cache.note(record_of(cache.root, answer["tag"]), {"format": 1, **answer})
            cache.prune()
    return [answer for answer in answers.values() if answer]


def _python(image: BuiltImage) -> str:
    if image["python"] is None:
        raise AgentError(f"the image {image['kind']} has wheels and no Python", "this is a fault of the kit")
    return image["python"]


def _result(future: Future[T]) -> T:
    try:
        return future.result()
    except Exception as problem:
        # The failure is told once, by the part that failed.
        raise StoppedError from problem


def _present(docker: Docker, image: BuiltImage, request: ImagesRequest, cache: Cache) -> PresentImage | None:
    present = docker.image(image["tag"])
    if not present or (present["Config"].get("Labels") or {}).get("kit.recipe") != image["digest"]:
        return None
    records = [record_of(folder, image["tag"]) for folder in (Path(request["root"]) / "run", cache.root)]
    known = next((record for record in map(read_json, records) if record), {})
    versions = known.get("debian_versions", {}) if known.get("id") == present["Id"] else {}
    return {
        "kind": image["kind"],
        "tag": image["tag"],
        "id": present["Id"],
        "built": False,
        "debian_versions": versions,
    }


def record_of(folder: Path, tag: str) -> Path:
    """Return the file that describes an image."""
    return folder / "images" / f"{tag.rsplit(':', 1)[1]}.json"


def remember(folder: Path, answer: PresentImage) -> None:
    """Record an image with its Debian versions."""
    document = {"format": 1, **{name: value for name, value in answer.items() if name != "built"}}
    if read_json(record_of(folder, answer["tag"])) != document:
        write_json(record_of(folder, answer["tag"]), document)


def _ensure_room(images: list[BuiltImage], cache: Cache, docker: Docker, force: bool) -> None:
    usable = cache.usable()
    if force:
        # Today's Debian versions are taken, and what is compiled by their Python.
        usable -= {key for image in images for key in (root_key(image), *_compiled(image))}
    making, given = zip(*room_of_images(map(image_layers, images), usable))
    engine = Path(docker.root())
    ensure_room([Need(cache.root, sum(making), "image builds"), Need(engine, sum(given), "images")])


def _compiled(image: BuiltImage) -> list[str]:
    return [bytecode_key(image)] if image.get("bytecode") else []
