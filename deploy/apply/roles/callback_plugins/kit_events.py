"""Ansible callback: writes the run's events to the descriptor that KIT_EVENTS names, nothing to the terminal."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
import time
from typing import Any

from ansible.plugins.callback import CallbackBase  # type: ignore[import-untyped]  # ansible-core carries no types

from deploy.apply.roles.task_events import (
    EventState,
    PhaseBegins,
    PlaybookEvent,
    Recap,
    TaskEvent,
    told_error,
    write_event,
)

DOCUMENTATION = """
    name: kit_events
    type: stdout
    short_description: one JSON document per event of a run
    description: Writes the events to the file descriptor named by KIT_EVENTS; before each play it waits for KIT_GO.
"""

BOOKKEEPING = ("include_role", "include_tasks", "include_vars", "validate_argument_spec")
"""Actions that do nothing on a host: only their failures are reported."""


class CallbackModule(CallbackBase):  # type: ignore[misc]  # its base has no types either
    """One JSON document per line for each task that starts and ends, and a recap at the end."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "kit_events"

    def __init__(self) -> None:
        super().__init__()
        self._descriptor = int(os.environ["KIT_EVENTS"])
        self._go = int(os.environ["KIT_GO"])
        for descriptor in (self._descriptor, self._go):
            os.set_inheritable(descriptor, False)  # noqa: FBT003 - it takes no keyword
        threading.Thread(target=_stop_with_kit, args=(self._descriptor,), daemon=True).start()
        self._started: dict[tuple[str, str], float] = {}

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Tell that a phase begins, and wait: its requests are made now."""
        self._say(PhaseBegins(play.get_vars()["kit_phase"]))
        if not os.read(self._go, 1):
            # The kit is gone: the thread that watches it interrupts this run.
            signal.pause()

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """Tell that a task starts on a host."""
        self._started[(host.get_name(), task._uuid)] = time.monotonic()
        if not _is_bookkeeping(task):
            self._say(TaskEvent("started", host.get_name(), _role(task), task.name, _verb(task)))

    def v2_runner_on_ok(self, result: Any) -> None:
        """Tell that a task is done, and whether it changed something."""
        self._end("changed" if result.is_changed() else "ok", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        """Tell that a task had nothing to do."""
        self._end("skipped", result)

    def v2_runner_on_failed(self, result: Any, **_: Any) -> None:
        """Tell a failure with its problem and next step."""
        self._end("failed", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Tell that a host does not answer."""
        self._end("unreachable", result)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Tell the recap, the last document of a run that came to its end."""
        self._say(Recap({host: dict(stats.summarize(host)) for host in sorted(stats.processed)}))

    def _end(self, state: EventState, result: Any) -> None:
        host, task = result.host.get_name(), result.task
        if state in ("ok", "skipped") and _is_bookkeeping(task):
            return
        seconds = time.monotonic() - self._started.pop((host, task._uuid), time.monotonic())
        problem, next_step = told_error(result.result) if state in ("failed", "unreachable") else ("", "")
        told = _role(task), task.name, _verb(task)
        self._say(TaskEvent(state, host, *told, round(seconds, 3), problem, next_step))

    def _say(self, event: PlaybookEvent) -> None:
        with contextlib.suppress(BrokenPipeError):
            os.write(self._descriptor, write_event(event).encode())


def _is_bookkeeping(task: Any) -> bool:
    return str(task.action).rpartition(".")[2] in BOOKKEEPING


def _role(task: Any) -> str:
    return task._role.get_name() if task._role else ""


def _verb(task: Any) -> str:
    """Return the agent's verb that a task calls; empty if it calls none."""
    step = task.get_vars().get("kit_step") or {}
    return str(step["verb"]) if _role(task) == "agent" else ""


def _stop_with_kit(descriptor: int) -> None:
    """Wait until the reader is gone: kit was killed, and its run must not go on changing hosts."""
    poll = select.poll()
    poll.register(descriptor, 0)
    poll.poll()
    # As Ctrl-C does: Ansible that dies while a module starts leaves it, and an agent under it, to nobody.
    os.killpg(os.getpgrp(), signal.SIGINT)
