"""Engines: how one is asked, the models that it shall have, and what it says of itself."""

from __future__ import annotations

from typing import Any, Literal, TypedDict, Union, final

from deploy.agent.contract.envelope import Changed, StackRequest
from deploy.agent.contract.inputs import Fetching, Mirrors, SourcedFile


class _Key(TypedDict):
    secret: str
    owner: str


class Key(_Key, total=False):
    """The secret with which an engine is asked."""

    value: str
    """Its value, where the host does not have the secret yet."""


class NamedEngine(TypedDict):
    """An engine that has its models by itself."""

    name: str
    protocol: str
    address: str
    key: Key | None


class WantedBlob(TypedDict):
    """A file that a model is created from."""

    sha256: str
    size: int
    model: str
    request: str
    """Digest of the request that creates the model."""


class Engine(NamedEngine):
    """An engine whose models are created over its API."""

    models_dir: str | None
    """Folder of the host with its models; None where the kit does not run it."""
    blobs: list[WantedBlob]
    bases: list[str]
    """Tags that models are made from."""


AskedEngine = Union[Engine, NamedEngine]


class Blob(SourcedFile):
    """A file of a model, by its name in the request to the engine."""

    file: str


class Base(TypedDict):
    """A library's model, by the digest that was locked."""

    name: str
    digest: str
    size: int


class Model(TypedDict):
    """A model that an engine shall have."""

    name: str
    digest: str
    parts: dict[str, str]
    request: dict[str, Any]
    """Body of the request to the engine's API."""
    blobs: list[Blob]
    base: Base | None


class SyncedEngine(Engine):
    """An engine with the models that it shall have."""

    prune: bool
    models: list[Model]


class SyncRequest(StackRequest, Fetching):
    """The engines of one kind, with the models that they shall have."""

    engines: list[SyncedEngine]


class Done(TypedDict):
    """The models that changed, by engine and name."""

    created: list[str]
    pulled: list[str]
    removed: list[str]


class SyncAnswer(Changed, Done):
    """The change of all engines of a kind."""


class AskingRequest(StackRequest):
    """A request by which engines are asked."""

    ca: str | None
    """File of the host with the certificate authorities to trust."""


class _EngineRequest(AskingRequest):
    engine: Engine


class ListRequest(_EngineRequest):
    """An engine that is asked for its models."""

    act: Literal["list"]


class ChangeRequest(_EngineRequest):
    """A model of an engine that a person changes."""

    model: str
    mirrors: Mirrors


class RemoveRequest(ChangeRequest):
    """A model that a person removes from an engine."""

    act: Literal["remove"]


class PullRequest(ChangeRequest):
    """A tag that a person lets an engine pull."""

    act: Literal["pull"]
    layers: list[tuple[str, int]]
    """sha256 and size of each of its parts, where the host's disk takes them."""


class _QuestionRequest(_EngineRequest):
    act: Literal["capabilities", "making", "prompt"]
    model: str
    limits: list[float]
    """Timeouts for a connection and for an answer, in seconds."""


class QuestionRequest(_QuestionRequest, total=False):
    """A model that an engine is asked about."""

    template: str | None
    """Template of a prompt, in place of the model's own."""


EngineRequest = Union[ListRequest, RemoveRequest, PullRequest, QuestionRequest]


class Loaded(TypedDict, total=False):
    """The memory that a model takes."""

    size: int
    size_vram: int
    expires_at: str
    context_length: int


class ListedModel(TypedDict):
    """A model as its engine lists it."""

    name: str
    digest: str
    size: int
    modified: str
    loaded: Loaded | None


class EngineAnswer(TypedDict, total=False):
    """The models for the act `list`, the change for the acts `pull` and `remove`, what the others ask for."""

    models: list[ListedModel]
    changed: bool
    name: str
    digest: str
    size: int
    capabilities: list[str]
    template: str
    renderer: str
    prompt: str | None


class SeenModel(TypedDict):
    """A model's digest and size."""

    digest: str
    size: int


class _Remembered(TypedDict):
    request: str
    manifest: str


class Remembered(_Remembered, total=False):
    """The request and the digest of a model when the kit made it. An older kit remembered less."""

    shown: dict[str, Any]
    parts: dict[str, str]


class SeenModels(TypedDict):
    """The models of an engine that creates them, as the engine or its folder tells of them."""

    problem: str | None
    models: dict[str, SeenModel]
    layers: dict[str, dict[str, str]]
    shown: dict[str, dict[str, Any]]
    store: bool
    """True if its folder holds models."""
    blobs: list[str]
    """Files that it has already, by sha256."""
    lost: dict[str, str]
    """Per damaged model, the damage in words."""
    cloud: list[str]
    """Models whose questions go to the vendor's cloud."""
    is_read: bool
    """True if its folder was read because it does not answer."""


@final
class SeenEngine(SeenModels):
    """An engine that creates models, with what the agent remembers of it."""

    remembered: dict[str, Remembered]
    pulled: dict[str, str]
    place: str | None


class OwnNames(TypedDict):
    """The models of an engine that has them by itself."""

    problem: str | None
    next: str
    names: list[str]
    cloud: list[str]
    """Names whose questions go to the vendor's cloud."""


@final
class SeenNames(OwnNames):
    """An engine that has its models by itself, with the models that the release asks it for."""

    applied: dict[str, str]
