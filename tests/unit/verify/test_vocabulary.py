from __future__ import annotations

from pathlib import Path

import pytest

from deploy.agent.observing.addresses import is_own
from deploy.deployment.host import Deployment
from deploy.verify.checks import NotAsPlannedError, ensure_equal, ensure_refused, ensure_same_set
from deploy.verify.checks_stack import test_secrets_are_long_enough_to_be_looked_for as is_told_of_short_ones
from deploy.verify.network import place
from deploy.verify.secrets import HostSecrets
from tests.unit.played import evidence_of, stack_at
from tests.unit.rooms.places import chain


def test_a_difference_of_sets_names_both_sides() -> None:
    with pytest.raises(NotAsPlannedError, match=r"^ports: missing 127.0.0.1:2; not planned: 0.0.0.0:1$"):
        ensure_same_set(["0.0.0.0:1", "x:3"], ["127.0.0.1:2", "x:3"], "ports")
    ensure_same_set(["a", "b"], ["b", "a"], "ports")


def test_an_open_door_says_what_it_answered() -> None:
    with pytest.raises(NotAsPlannedError, match="/v1/models is answered with 200 without a key"):
        ensure_refused(200, "/v1/models")
    with pytest.raises(NotAsPlannedError, match="mode is 0644, not 0400"):
        ensure_equal("0644", "0400", "mode")


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("::ffff:7f00:1", "127.0.0.1"),
    ],
)
def test_an_address_has_one_form_whoever_told_it(told: str, address: str) -> None:
    assert place(told, 3000) == (address, 3000)


def test_the_hosts_own_addresses_are_not_outside() -> None:
    assert is_own("127.0.0.1")
    assert not is_own("192.0.2.1")


def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """A stack whose files lie in a folder of the test's own, with a value for each of its secrets."""

    for secret in chain().secrets:
        place = folder / "secrets" / secret.owner
        place.mkdir(parents=True, exist_ok=True)
        (place / secret.name).write_text(f"value-of-{secret.name}\n")
    return Deployment(stack_at(folder, monkeypatch), chain().services, chain().models)


def test_a_value_that_words_hold_by_chance_is_not_looked_for_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = here(tmp_path, monkeypatch)
    secrets = HostSecrets(evidence_of(deployment))
    is_told_of_short_ones(secrets, deployment)
    (tmp_path / "secrets" / "main" / "main_api_key").write_text("changed\n")
    secrets = HostSecrets(evidence_of(deployment))
    assert secrets.names_in('{"changed": true}, value-of-kit_admin_password') == ("kit_admin_password",)
    with pytest.raises(pytest.skip.Exception) as caught:
        is_told_of_short_ones(secrets, deployment)
    assert str(caught.value).startswith("main_api_key: under 8 characters, so neither files nor logs are searched")
    assert "'changed'" not in str(caught.value)


def test_secrets_print_as_their_names_and_are_found_by_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deployment = here(tmp_path, monkeypatch)
    secrets = HostSecrets(evidence_of(deployment))
    assert secrets.value("main_api_key") == "value-of-main_api_key"
    assert secrets.names_in("log: value-of-main_api_key, value-of-kit_admin_password") == (
        "kit_admin_password",
        "main_api_key",
    )
    assert "value-of" not in repr(secrets)
    (tmp_path / "secrets" / "main" / "main_api_key").unlink()
    with pytest.raises(NotAsPlannedError, match="is not on the host"):
        HostSecrets(evidence_of(deployment)).value("main_api_key")
