from __future__ import annotations

import json
import stat
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from deploy.agent.line import called
from deploy.apply.phases.phase import ROLE_PHASES, RoleStep, Step, VerbStep, neighbours, phases_of
from deploy.apply.roles.ansible import (
    Content,
    HostRun,
    PlaybookRun,
    phase_files,
    playbook_argv,
    playbook_environment,
    playbook_files,
    write_private,
)
from deploy.apply.roles.images import UV_SHA256, UV_VERSION
from deploy.apply.roles.task_events import (
    PhaseBegins,
    PlaybookEvent,
    Recap,
    TaskEvent,
    read_event,
    told_error,
    write_event,
)
from tests.tree import REPOSITORY

FOLDER = Path("/tmp/kit-run-x")
HOST = HostRun(
    name="here",
    steps={"os": (RoleStep("folders"),), "images": (VerbStep("image"),)},
    agent="/opt/kit/agent/abc.pyz",
    connection={"ansible_connection": "local", "ansible_become": False},
)
REQUEST = {"text": "{{ lookup('pipe', 'id') }}"}
FOLDERS = [{"path": "/srv/{{ 1 + 1 }}", "uid": 10102, "gid": 10102, "mode": "0750"}]
RUN = PlaybookRun((HOST,), Path("/kit/playbooks/site.yml"), Path("/kit/roles"))


class Made(Content):
    """The content of each phase, with the name of what it is for."""

    def request(self, host: str, step: VerbStep) -> dict[str, object]:
        return {**REQUEST, "for": f"{host}: {step}"}

    def variables(self, host: str, step: RoleStep) -> dict[str, object]:
        return {f"{step}_wanted": FOLDERS, f"{step}_host": host}


def test_a_request_of_a_playbook_carries_how_the_run_was_called() -> None:
    name = "phases/here/images/requests/image.json"
    plain = json.loads(phase_files(RUN, "images", Made())[name])
    called("./kit", "home/kit.yaml")
    try:
        asked = json.loads(phase_files(RUN, "images", Made())[name])
    finally:
        called()
    assert asked == {**plain, "call": {"program": "./kit", "file": "home/kit.yaml"}}
    assert "call" not in plain


def test_the_command_line_names_files_and_no_value_of_the_spec() -> None:
    assert playbook_argv(RUN, FOLDER) == [
        str(Path(sys.executable).parent / "ansible-playbook"),
        "--inventory",
        "/tmp/kit-run-x/inventory.json",
        "--forks",
        "1",
        "/kit/playbooks/site.yml",
    ]


def test_nothing_of_a_users_own_ansible_reaches_a_run() -> None:
    base = {
        "ANSIBLE_CONFIG": "/home/a/ansible.cfg",
        "ANSIBLE_BECOME": "1",
        "PYTHONPATH": "/x",
        "PATH": "/bin",
        "HOME": "/h",
    }
    environment = playbook_environment(RUN, FOLDER, base)
    assert environment["ANSIBLE_CONFIG"] == "/tmp/kit-run-x/ansible.cfg"
    assert "ANSIBLE_BECOME" not in environment
    assert "PYTHONPATH" not in environment
    assert (environment["PATH"], environment["HOME"]) == ("/bin", "/h")
    assert environment["ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED"] == "1"
    assert environment["ANSIBLE_NO_TARGET_SYSLOG"] == "1"


def test_every_string_of_the_inventory_and_of_variables_is_marked_as_data() -> None:
    variables = json.loads(phase_files(RUN, "os", Made())["phases/here/os/variables.json"])
    assert variables["folders_wanted"][0]["path"] == {"__ansible_unsafe": "/srv/{{ 1 + 1 }}"}
    assert variables["folders_wanted"][0]["uid"] == 10102
    host = json.loads(playbook_files(RUN, FOLDER)["inventory.json"])["all"]["hosts"]["here"]
    assert host["kit_steps"]["images"][0]["verb"] == {"__ansible_unsafe": "image"}
    assert host["ansible_become"] is False


def test_requests_are_files_and_not_variables() -> None:
    files = phase_files(RUN, "images", Made())
    assert {path: json.loads(text) for path, text in files.items()} == {
        "phases/here/images/requests/image.json": REQUEST | {"for": "here: image"},
        "phases/here/images/variables.json": {},
    }
    assert phase_files(RUN, "collect", Made()) == {}


def test_a_phase_without_work_has_no_host() -> None:
    groups = json.loads(playbook_files(RUN, FOLDER)["inventory.json"])["all"]["children"]
    assert {name for name, group in groups.items() if group["hosts"]} == {"phase_os", "phase_images"}


def test_the_playbook_has_a_play_for_each_phase_of_roles() -> None:
    plays = yaml.safe_load((REPOSITORY / "deploy" / "playbooks" / "site.yml").read_text())
    assert [(play["hosts"], play["vars"]["kit_phase"]) for play in plays] == [
        (f"phase_{name}", name) for name in ROLE_PHASES
    ]


def test_files_of_a_run_are_for_their_owner_alone(tmp_path: Path) -> None:
    write_private(tmp_path / "requests" / "a.json", "{}")
    assert stat.S_IMODE((tmp_path / "requests" / "a.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "requests").stat().st_mode) == 0o700


def test_steps_run_in_one_order_whatever_order_they_are_asked_in() -> None:
    asked: list[Step] = [
        VerbStep("collect"),
        VerbStep("sync", "ollama"),
        VerbStep("sync", "external"),
        VerbStep("converge"),
        VerbStep("models"),
    ]
    asked += [RoleStep("images"), RoleStep("docker_engine"), VerbStep("secrets"), VerbStep("docker")]
    phases = phases_of({"here": asked})
    assert [f"{phase.name}: {step}" for phase in phases for step in phase.steps["here"]] == [
        "secrets: secrets",
        "os: docker_engine",
        "os: docker",
        "images: images",
        "models: models",
        "converge: converge",
        "sync: sync external",
        "sync: sync ollama",
        "collect: collect",
    ]


def test_a_phase_has_the_hosts_that_have_work_in_it() -> None:
    needed: dict[str, set[Step]] = {
        "box": {VerbStep("place"), VerbStep("late")},
        "here": {VerbStep("place")},
        "idle": set(),
    }
    assert [(phase.name, sorted(phase.steps)) for phase in phases_of(needed)] == [
        ("os", ["box"]),
        ("place", ["box", "here"]),
    ]


def test_neighbouring_phases_of_roles_are_one_run() -> None:
    phases = phases_of({"here": {VerbStep("secrets"), RoleStep("folders"), VerbStep("image"), VerbStep("place")}})
    assert [(executor, [phase.name for phase in group]) for executor, group in neighbours(phases)] == [
        ("streams", ["secrets"]),
        ("roles", ["os", "images"]),
        ("streams", ["place"]),
    ]


@pytest.mark.parametrize(
    "event",
    [
        TaskEvent("failed", "box", "agent", "Ensure", "image", 1.5, "näh\n", "x"),
        PhaseBegins("os"),
        Recap({"box": {"ok": 1}}),
    ],
)
def test_an_event_survives_its_line(event: PlaybookEvent) -> None:
    line = write_event(event)
    assert line.count("\n") == 1
    assert read_event(line) == event


@pytest.mark.parametrize(
    ("result", "told"),
    [
        ({"stdout": '{"error": {"problem": "no disk", "next": "make room"}}', "msg": "rc 1"}, ("no disk", "make room")),
        ({"msg": '{"error": {"problem": "too old", "next": "upgrade"}}'}, ("too old", "upgrade")),
        (
            {"msg": "All items", "results": [{"failed": False}, {"failed": True, "msg": "no such user"}]},
            ("no such user", ""),
        ),
        ({"msg": "rc 1", "stderr": "one\ntwo\n"}, ("rc 1: one: two", "")),
        ({"stdout": '{"error": 3}', "msg": 7}, ("7", "")),
        ({}, ("the task failed and said nothing", "")),
    ],
)
def test_a_failed_task_tells_the_agents_words_or_ansibles(result: dict[str, object], told: tuple[str, str]) -> None:
    assert told_error(result) == told


def test_the_uv_on_hosts_is_the_locked_one() -> None:
    locked = next(p for p in tomllib.loads((REPOSITORY / "uv.lock").read_text())["package"] if p["name"] == "uv")
    wheels = {wheel["url"].rpartition("/")[2]: wheel["hash"].removeprefix("sha256:") for wheel in locked["wheels"]}
    linux = [digest for name, digest in wheels.items() if "linux" in name and ("x86_64" in name or "aarch64" in name)]
    assert locked["version"] == UV_VERSION
    assert set(UV_SHA256) == set(linux)


def test_an_agent_that_ansible_asks_over_ssh_follows_the_hold_of_its_run() -> None:
    (host,) = RUN.hosts
    far = replace(RUN, hosts=(replace(host, connection={"ansible_connection": "ssh"}),))
    (name,) = (name for name in phase_files(far, "images", Made()) if "/requests/" in name)
    assert json.loads(phase_files(far, "images", Made())[name])["follows_hold"] is True
    assert "follows_hold" not in json.loads(phase_files(RUN, "images", Made())[name])
