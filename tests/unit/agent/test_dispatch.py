"""The agent's table of verbs beside the contract; mypy compares each function with its verb's types here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from deploy.agent import job, keep_hold, late, relay, room_operation
from deploy.agent.backups import carried as carried_repository
from deploy.agent.backups import check, difference, drill, restore, snapshots, take
from deploy.agent.backups import spec as backed_up_spec
from deploy.agent.bridge import add, edit, folders, watch
from deploy.agent.contract import verbs
from deploy.agent.contract.verbs import Answer, Request, Verb
from deploy.agent.data import copy, put_back
from deploy.agent.docker import floors, printed
from deploy.agent.engines import acts, sync
from deploy.agent.firewall import keep as firewall
from deploy.agent.inputs import give_image, image, take_image
from deploy.agent.journal import Journal
from deploy.agent.observing import addresses, evidence, gpus, knock, probe
from deploy.agent.releases import (
    accept,
    applied,
    back,
    clean,
    collect,
    converge,
    place,
    remove,
    rendered,
    running,
    units,
)
from deploy.agent.sources import models
from deploy.agent.stack import secrets
from deploy.agent.verbs import VERBS, operation_of
from deploy.agent.watch import look


class Carried:
    """The functions that carry verbs out, each of the types that the contract has for its verb."""

    def __init__(self) -> None:
        self.by: dict[str, Callable[..., Any]] = {
            verbs.HOLD: keep_hold.run,
            verbs.LOGS: printed.run,
            verbs.RELAY: relay.run,
        }
        self.by[verbs.WATCH_BRIDGE] = watch.run

    def out(self, verb: Verb[Request, Answer], function: Callable[[Request, Journal], Answer]) -> None:
        self.by[verb] = function


def carried() -> dict[str, Callable[..., Any]]:
    found = Carried()
    found.out(verbs.PROBE, probe.run)
    found.out(verbs.CARDS, gpus.run)
    found.out(verbs.DOCKER, floors.run)
    found.out(verbs.ADDRESSES, addresses.run)
    found.out(verbs.LATE, late.run)
    found.out(verbs.PLACE, place.run)
    found.out(verbs.IMAGE, image.run)
    found.out(verbs.LAYERS, give_image.layers)
    found.out(verbs.GIVE_IMAGE, give_image.run)
    found.out(verbs.TAKE_IMAGE, take_image.run)
    found.out(verbs.MODELS, models.run)
    found.out(verbs.SYNC, sync.run)
    found.out(verbs.ENGINE, acts.run)
    found.out(verbs.SECRETS, secrets.run)
    found.out(verbs.CONVERGE, converge.run)
    found.out(verbs.ROLL_BACK, back.run)
    found.out(verbs.COLLECT, collect.run)
    found.out(verbs.COPY, copy.run)
    found.out(verbs.PUT_BACK, put_back.run)
    found.out(verbs.ACCEPT, accept.run)
    found.out(verbs.SETTLE, accept.settle)
    found.out(verbs.ROOM, room_operation.run)
    found.out(verbs.SECRET, secrets.read)
    found.out(verbs.LEND, secrets.lend)
    found.out(verbs.STOP, running.stop)
    found.out(verbs.START, running.start)
    found.out(verbs.RESTART, running.restart)
    found.out(verbs.DOWN, remove.down)
    found.out(verbs.DESTROY, remove.destroy)
    found.out(verbs.CLEAN, clean.run)
    found.out(verbs.APPLIED, applied.run)
    found.out(verbs.RENDERED, rendered.run)
    found.out(verbs.REMAINS, applied.remains)
    found.out(verbs.EVIDENCE, evidence.run)
    found.out(verbs.KNOCK, knock.run)
    of_backups(found)
    of_the_host(found)
    return found.by


def of_bridge(found: Carried) -> None:
    found.out(verbs.BRIDGE, folders.run)
    found.out(verbs.EDIT_DATABASE, edit.run)
    found.out(verbs.GIVE_DATABASE, edit.give)
    found.out(verbs.ADD, add.run)


def of_the_host(found: Carried) -> None:
    of_bridge(found)
    found.out(verbs.FIREWALL, firewall.run)
    found.out(verbs.UNITS, units.run)
    found.out(verbs.JOB, job.run)


def of_backups(found: Carried) -> None:
    found.out(verbs.WATCH, look.run)
    found.out(verbs.BACK_UP, take.run)
    found.out(verbs.BACKUPS, snapshots.run)
    found.out(verbs.RESTORE, restore.run)
    found.out(verbs.CHECK_BACKUPS, check.run)
    found.out(verbs.DRILL, drill.run)
    found.out(verbs.DIFF_BACKUPS, difference.run)
    found.out(verbs.BACKED_UP_SPEC, backed_up_spec.run)
    found.out(verbs.GIVE_REPOSITORY, carried_repository.give)
    found.out(verbs.TAKE_REPOSITORY, carried_repository.take)


def test_each_verb_of_the_contract_is_carried_out_by_the_function_that_has_its_types() -> None:
    declared = {verb for verb in vars(verbs).values() if isinstance(verb, Verb)}
    assert {verb: operation_of(verb) for verb in VERBS} == carried()
    assert declared == set(VERBS)
