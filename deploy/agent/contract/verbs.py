"""The agent's verbs, each with the types of its request and its answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from deploy.agent.contract import (
        applied,
        backups,
        bridge,
        engines,
        envelope,
        evidence,
        failures,
        hardware,
        images,
        inputs,
        jobs,
        knocking,
        lending,
        probe,
        relay,
        releases,
        removals,
        restores,
        rooms,
        secrets,
    )

Request = TypeVar("Request", bound=Mapping[str, Any])
Answer = TypeVar("Answer")


class Verb(str, Generic[Request, Answer]):
    """A verb's name in the agent's command line, with the types of its request and its answer."""

    __slots__ = ()


PROBE: Verb[probe.ProbeRequest, probe.ProbeAnswer] = Verb("probe")
DOCKER: Verb[releases.DockerRequest, releases.DockerAnswer] = Verb("docker")
ADDRESSES: Verb[envelope.Request, hardware.AddressesAnswer] = Verb("addresses")
CARDS: Verb[envelope.Request, hardware.CardsAnswer] = Verb("cards")
HOLD: Verb[envelope.HoldRequest, envelope.Held] = Verb("hold")
LATE: Verb[releases.LateRequest, envelope.Changed] = Verb("late")
FIREWALL: Verb[envelope.StackRequest, envelope.Changed] = Verb("firewall")
PLACE: Verb[releases.PlaceRequest, releases.PlaceAnswer] = Verb("place")
IMAGE: Verb[inputs.ImagesRequest, inputs.ImagesAnswer] = Verb("image")
LAYERS: Verb[envelope.Request, images.LayersAnswer] = Verb("layers")
GIVE_IMAGE: Verb[images.GiveRequest, Iterator[bytes]] = Verb("give_image")
TAKE_IMAGE: Verb[images.TakeRequest, images.TakeAnswer] = Verb("take_image")
MODELS: Verb[inputs.ModelsRequest, inputs.ModelsAnswer] = Verb("models")
SYNC: Verb[engines.SyncRequest, engines.SyncAnswer] = Verb("sync")
ENGINE: Verb[engines.EngineRequest, engines.EngineAnswer] = Verb("engine")
SECRETS: Verb[secrets.SecretsRequest, secrets.SecretsAnswer] = Verb("secrets")
CONVERGE: Verb[releases.ConvergeRequest, releases.ConvergeAnswer] = Verb("converge")
ROLL_BACK: Verb[releases.ConvergeRequest, releases.RollBackAnswer] = Verb("roll_back")
COLLECT: Verb[removals.CollectRequest, removals.CollectAnswer] = Verb("collect")
COPY: Verb[releases.CopyRequest, releases.CopyAnswer] = Verb("copy")
PUT_BACK: Verb[releases.PutBackRequest, releases.PutBackAnswer] = Verb("put_back")
BACK_UP: Verb[backups.BackUpRequest, backups.BackUpAnswer] = Verb("back_up")
CHECK_BACKUPS: Verb[backups.CheckRequest, backups.CheckAnswer] = Verb("check_backups")
DIFF_BACKUPS: Verb[backups.DiffRequest, backups.DiffAnswer] = Verb("diff_backups")
DRILL: Verb[backups.DrillRequest, backups.DrillAnswer] = Verb("drill")
RESTORE: Verb[restores.RestoreRequest, restores.RestoreAnswer] = Verb("restore")
BACKED_UP_SPEC: Verb[restores.SpecRequest, restores.SpecAnswer] = Verb("backed_up_spec")
GIVE_REPOSITORY: Verb[envelope.StackRequest, Iterator[bytes]] = Verb("give_repository")
TAKE_REPOSITORY: Verb[restores.BroughtRequest, restores.BroughtAnswer] = Verb("take_repository")
WATCH: Verb[envelope.StackRequest, failures.WatchAnswer] = Verb("watch")
BACKUPS: Verb[backups.BackupsRequest, backups.BackupsAnswer] = Verb("backups")
BRIDGE: Verb[bridge.BridgeRequest, bridge.BridgeAnswer] = Verb("bridge")
WATCH_BRIDGE: Verb[bridge.WatchRequest, bytes] = Verb("watch_bridge")
EDIT_DATABASE: Verb[bridge.EditRequest, bridge.EditAnswer] = Verb("edit_database")
GIVE_DATABASE: Verb[envelope.StackRequest, Iterator[bytes]] = Verb("give_database")
ADD: Verb[bridge.AddRequest, bridge.AddAnswer] = Verb("add")
ACCEPT: Verb[releases.AcceptRequest, envelope.Changed] = Verb("accept")
SETTLE: Verb[envelope.StackRequest, envelope.Changed] = Verb("settle")
ROOM: Verb[rooms.RoomRequest, rooms.RoomAnswer] = Verb("room")
SECRET: Verb[secrets.SecretRequest, secrets.SecretAnswer] = Verb("secret")
LEND: Verb[lending.LendRequest, lending.LendAnswer] = Verb("lend")
STOP: Verb[releases.ServicesRequest, releases.ServicesAnswer] = Verb("stop")
START: Verb[releases.ServicesRequest, releases.ServicesAnswer] = Verb("start")
RESTART: Verb[releases.ServicesRequest, releases.ServicesAnswer] = Verb("restart")
DOWN: Verb[envelope.StackRequest, removals.DownAnswer] = Verb("down")
DESTROY: Verb[removals.DestroyRequest, removals.DestroyAnswer] = Verb("destroy")
CLEAN: Verb[removals.CleanRequest, removals.CleanAnswer] = Verb("clean")
APPLIED: Verb[applied.AppliedRequest, applied.AppliedAnswer] = Verb("applied")
RENDERED: Verb[applied.RenderedRequest, applied.RenderedAnswer] = Verb("rendered")
REMAINS: Verb[applied.RemainsRequest, applied.RemainsAnswer] = Verb("remains")
LOGS: Verb[applied.LogsRequest, bytes] = Verb("logs")
UNITS: Verb[envelope.StackRequest, releases.UnitsAnswer] = Verb("units")
JOB: Verb[jobs.JobRequest, jobs.JobAnswer] = Verb("job")
RELAY: Verb[relay.RelayRequest, relay.Relayed] = Verb("relay")
KNOCK: Verb[knocking.KnockRequest, knocking.KnockAnswer] = Verb("knock")
EVIDENCE: Verb[evidence.EvidenceRequest, evidence.EvidenceAnswer] = Verb("evidence")
