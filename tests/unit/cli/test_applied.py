"""Verbs that deal with what is there need no lock, and at the worst no kit.yaml either."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from deploy.assets import inventories_dir
from deploy.decide.desired import load_desired
from deploy.errors import SpecError, UsageError
from deploy.hosts.reach import Hosts
from deploy.lifecycle.applied import applied, host_state, stack_of, to_remove
from deploy.lifecycle.secrets import purpose
from deploy.stack import HERE
from tests.unit.cli.conftest import Kit
from tests.unit.played import Played

QUICKSTART = inventories_dir() / "quickstart"


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """The quickstart's kit.yaml and kit.lock, in a folder of their own."""
    for name in ("kit.yaml", "kit.lock"):
        shutil.copy(QUICKSTART / name, tmp_path)
    return tmp_path / "kit.yaml"


@pytest.fixture
def hosts(machine: Path) -> Hosts:
    """The way to that machine."""
    return Hosts({HERE: Played(machine)})


def release(machine: Path, spec: Path) -> None:
    """Let the machine hold the release of a spec, as an apply leaves it."""
    desired = load_desired(spec).on(HERE)
    folder = machine / desired.spec.stack / "releases" / desired.bundle.release
    for file in desired.bundle.files:
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(file.content)
    (machine / desired.spec.stack / "current").symlink_to(folder)


def test_what_a_release_says_of_itself_is_what_the_files_say(machine: Path, spec: Path, hosts: Hosts) -> None:
    release(machine, spec)
    assert host_state(hosts[HERE])["stacks"] == ["quickstart"]
    said = applied(spec, hosts)
    spec.with_name("kit.lock").unlink()
    assert applied(spec, hosts) == said == to_remove(spec, None, hosts)
    assert to_remove(spec, "quickstart", hosts) == said


def test_without_a_lock_the_release_says_what_there_is(machine: Path, spec: Path, kit: Kit, hosts: Hosts) -> None:
    release(machine, spec)
    whole = kit("secret", "list", str(spec)).out
    spec.with_name("kit.lock").unlink()
    assert list(applied(spec, hosts)[HERE].health_timeouts) == ["main", "litellm", "open_webui"]
    assert kit("secret", "list", str(spec)).out == whole
    wrong = kit("stop", "nothing", str(spec))
    assert "there are: main, litellm, open_webui" in wrong.err


def test_without_lock_and_release_the_lock_is_asked_for(spec: Path, hosts: Hosts) -> None:
    spec.with_name("kit.lock").unlink()
    with pytest.raises(SpecError) as caught:
        applied(spec, hosts)
    assert f"type: kit lock {spec}" in str(caught.value)


def test_a_stack_whose_spec_is_broken_can_be_named(machine: Path, spec: Path, kit: Kit, hosts: Hosts) -> None:
    release(machine, spec)
    spec.write_text("kit: [")
    for verb in ("down", "destroy"):
        assert "or leave the file out and name the stack (here: quickstart): --stack NAME" in kit(verb, str(spec)).err
    assert stack_of(spec, "quickstart", hosts) == "quickstart"
    assert to_remove(spec, "quickstart", hosts)[HERE].data_roots == ("/srv/kit/quickstart",)


@pytest.mark.parametrize("name", ["another", "../quickstart", "", "."])
def test_a_stack_that_is_not_here_is_not_removed_by_name(machine: Path, spec: Path, name: str, hosts: Hosts) -> None:
    release(machine, spec)
    with pytest.raises(UsageError) as caught:
        to_remove(spec, name, hosts)
    assert caught.value.next_step == "there are: quickstart"


def test_the_data_of_what_was_applied_is_removed_and_not_that_of_a_later_spec(
    machine: Path, spec: Path, hosts: Hosts
) -> None:
    text = spec.read_text()
    spec.write_text(text.replace("{kind: open_webui,", "{kind: open_webui, bridge: /srv/chats,"))
    release(machine, spec)
    spec.write_text(text.replace("{kind: open_webui,", "{kind: open_webui, bridge: /srv/others,"))
    assert to_remove(spec, None, hosts)[HERE].data_roots == ("/srv/chats/data", "/srv/kit/quickstart")


def test_a_release_of_a_newer_kit_or_a_broken_one_is_not_guessed_at(machine: Path, spec: Path, hosts: Hosts) -> None:
    release(machine, spec)
    spec.with_name("kit.lock").unlink()
    decided = machine / "quickstart" / "current" / "deployment.json"
    for text in (json.dumps({**json.loads(decided.read_text()), "format": 99}), "{", "[]", "{}"):
        decided.write_text(text)
        with pytest.raises(SpecError):
            applied(spec, hosts)


def test_every_secret_has_a_purpose(spec: Path, hosts: Hosts) -> None:
    there = applied(spec, hosts)[HERE]
    said = {secret.name: purpose(there, secret) for secret in there.secrets}
    assert all(said.values())
    assert said["webui_secret_key"] == "key that signs the web UI's sessions; only open_webui reads it"
    assert said["kit_admin_password"] == (
        "password of kit@localhost, the kit's own administrator of the web UI; kit and open_webui read it"
    )


def test_secret_alone_lists(machine: Path, spec: Path, kit: Kit) -> None:
    release(machine, spec)
    for words in ((), ("--json",)):
        alone, listed = kit("secret", *words, str(spec)), kit("secret", "list", *words, str(spec))
        assert (alone.code, alone.out) == (0, listed.out)
    assert "webui_admin_password" in kit("secret", str(spec)).out
    assert "did you mean show?" in kit("secret", "shwo", str(spec)).err
