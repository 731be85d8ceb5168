"""A lock for any valid spec, without asking anybody."""

from __future__ import annotations

from deploy.deployment.recipe import ImageSource, Pulled
from deploy.lock.addresses import entries_of
from deploy.lock.gpus import answered, users_of
from deploy.lock.image_sources import image_sources
from deploy.lock.model import (
    BuiltImageLock,
    CardLock,
    CardsLock,
    ImageLock,
    Lock,
    PulledImageLock,
)
from deploy.sources.file.locked import AdapterLock, FileModelLock
from deploy.sources.file.written import FileSource
from deploy.sources.lock import ModelLock
from deploy.sources.pip.locked import PipModelLock
from deploy.sources.pip.written import PipSource
from deploy.sources.tag.locked import TagModelLock
from deploy.sources.url.locked import UrlModelLock
from deploy.sources.url.written import UrlSource
from deploy.sources.weights.locked import GgufFacts
from deploy.spec.lineage import lineage
from deploy.spec.model import Spec
from deploy.spec.models import Model

ADDRESSES = {"lan": ("192.168.1.20", "fd00::20"), "all": ("127.0.0.1", "192.168.1.20", "::1", "fd00::20")}
UUIDS = ("GPU-8f3c1b52-0f0e-5a3d-9b7a-2f1d9e0c4a11", "GPU-c1b2a3d4-1111-2222-3333-444455556666")
FACTS = GgufFacts(architecture="llama", context_length=4096, has_chat_template=True)


def lock_of(spec: Spec) -> Lock:
    """Return a lock that has what the spec needs; its images hold no wheels."""
    gpus = {name: _cards(use.gpu) for name, (_, use) in users_of(spec).items()}
    spec = answered(spec, gpus)
    sources = lineage(spec)
    return Lock(
        format=1,
        kit="0",
        platform="linux/amd64",
        images={key: _image(image) for key, image in image_sources(spec).items()},
        models={model.key: _model(model) for model in spec.models if sources.is_locked(model)},
        adapters={
            model.key: AdapterLock(file=model.adapter.file, sha256=model.adapter.sha256, size=1)
            for model in spec.models
            if model.adapter
        },
        addresses={entry: ADDRESSES[word] for entry, (_, word) in entries_of(spec).items()},
        projectors={
            model.key: AdapterLock(file=model.projector.file, sha256=model.projector.sha256, size=1)
            for model in spec.models
            if model.projector
        },
        gpus=gpus,
    )


def _cards(gpu: str) -> CardsLock:
    """Return two cards of NVIDIA's that an old Docker hands over, or none for `auto`."""
    if gpu == "auto":
        return CardsLock(vendor="none")
    cards = tuple(CardLock(uuid=uuid, node=f"/dev/nvidia{number}") for number, uuid in enumerate(UUIDS))
    return CardsLock(vendor="nvidia", form="classic", nodes=("/dev/nvidia-uvm", "/dev/nvidiactl"), cards=cards)


def _image(image: ImageSource) -> ImageLock:
    if isinstance(image, Pulled):
        return PulledImageLock(source="pull", repository="some/repository", digest="0" * 64, size=1)
    return BuiltImageLock(
        source="build",
        suite=image.suite,
        python=image.python,
        requirements=image.requirements,
        overrides=image.overrides,
        wheels=(),
    )


def _model(model: Model) -> ModelLock:
    source = model.from_
    if isinstance(source, PipSource):
        return PipModelLock(
            source="pip",
            package=source.pip,
            version=source.version,
            sha256=source.sha256,
            size=1,
            gguf=FACTS,
            wheels=(),
        )
    if isinstance(source, UrlSource):
        return UrlModelLock(source="url", url=source.url, sha256=source.sha256, size=1, gguf=FACTS)
    if isinstance(source, FileSource):
        return FileModelLock(source="file", file=source.file, sha256=source.sha256, size=1, gguf=FACTS)
    return TagModelLock(source="tag", tag=str(source), digest="0" * 64, size=1, layers=(), num_ctx=0)
