"""NVIDIA's container toolkit in kit.lock, from a small package source of stand-ins on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.errors import KitError, SpecError
from deploy.fields.host import HostSpec
from deploy.hosts.reach import Hosts
from deploy.lock.gpus import asked_cards
from deploy.lock.missing import missing_inputs
from deploy.lock.model import Lock, read_lock
from deploy.lock.pinned import Pinned, upgrade_of
from deploy.lock.pinning import make_lock
from deploy.lock.text import lock_text
from deploy.lock.toolkit import pin_toolkit
from deploy.spec.model import Spec
from deploy.stack import HERE
from tests.locks import lock_of
from tests.roles.nvidia import SOURCE, Source, served
from tests.unit.lock.test_gpus import TWO, Host, spec_of

VERSIONS = ("1.9.0-1", "1.18.2-1", "1.20.0~rc.1-1")
DRIVER = {"has_ctk": False, "packages": {}, "nodes": []}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    """A package source with two releases and a candidate."""
    with served(tmp_path_factory.mktemp("nvidia"), "127.0.0.1", *VERSIONS) as place:
        yield place


def spec_at(source: Source) -> Spec:
    spec = spec_of("nvidia")
    mirrors = {"nvidia": f"{source.fetch.nvidia}/", "nvidia_key": source.fetch.nvidia_key}
    return spec.model_copy(update={"mirrors": spec.mirrors.model_copy(update=mirrors)})


def locked(source: Source, driver: dict[str, object], pinned: Pinned | None = None) -> Lock:
    spec = spec_at(source)
    before = pinned or Pinned(lock_of(spec).model_copy(update={"gpus": {}}))
    host = Host(TWO, "26.1.5", nvidia=driver)
    return make_lock(spec, Path(), lambda _step: lambda _text, _done, _total: None, before, Hosts({HERE: host}))


def test_the_newest_release_is_pinned_with_its_key_and_its_packages(source: Source, tmp_path: Path) -> None:
    lock = locked(source, DRIVER)
    assert lock.toolkit is not None
    assert lock.toolkit.given == source.toolkits["1.18.2-1"]
    path = tmp_path / "kit.lock"
    path.write_text(lock_text(lock))
    assert read_lock(path) == lock
    assert missing_inputs(spec_at(source), lock) == []
    path.write_text(lock_text(lock).replace(lock.toolkit.key, lock.toolkit.key[:-8] + "AAAAAAA="))
    with pytest.raises(SpecError, match="is not the key of this fingerprint"):
        read_lock(path)


def test_a_pin_stays_until_it_is_named(source: Source) -> None:
    lock = locked(source, DRIVER)
    assert lock.toolkit is not None
    older = lock.toolkit.model_copy(update={"version": "1.9.0-1"})
    before = lock.model_copy(update={"toolkit": older})
    assert locked(source, DRIVER, Pinned(before)).toolkit == older
    again = upgrade_of(["nvidia-container-toolkit"], spec_at(source), before)
    assert locked(source, DRIVER, Pinned(before, again)).toolkit == lock.toolkit


def test_a_toolkit_that_somebody_installed_by_other_means_is_not_pinned(source: Source) -> None:
    assert locked(source, {**DRIVER, "has_ctk": True}).toolkit is None


@pytest.mark.parametrize(
    ("docker", "kit_installed", "manage", "pinned"),
    [
        ("28.2.2", False, False, False),
        ("28.2.2", True, False, True),
        ("28.2.2", False, True, True),
        (None, False, False, True),
    ],
)
def test_a_toolkit_beside_somebody_elses_docker_is_not_pinned(
    source: Source, docker: str | None, *, kit_installed: bool, manage: bool, pinned: bool
) -> None:
    spec = spec_at(source)
    spec = spec.model_copy(update={"hosts": {HERE: HostSpec(manage=manage)}})
    driver = {**DRIVER, "has_ctk": True, "packages": {"nvidia-container-toolkit": "1.18.2-1"}}
    host = Host(TWO, docker, nvidia=driver, kit_installed=kit_installed)
    assert asked_cards(spec, {}, Hosts({HERE: host})).lacks_toolkit is pinned
    bare = Host(TWO, docker, nvidia=DRIVER, kit_installed=kit_installed)
    assert asked_cards(spec, {}, Hosts({HERE: bare})).lacks_toolkit


def test_another_key_is_refused_with_both_fingerprints(source: Source) -> None:
    with pytest.raises(KitError, match=f"has the fingerprint {source.fetch.nvidia_key}, not {'0' * 40}") as failure:
        pin_toolkit(replace(source.fetch, nvidia_key="0" * 40))
    assert "nvidia_key" in failure.value.next_step
    lock = locked(source, DRIVER)
    (problem,) = missing_inputs(spec_of("nvidia"), lock)
    assert problem.path == "toolkit"
    assert problem.message.startswith(f"is signed with {source.fetch.nvidia_key}")


def test_a_source_without_a_whole_release_is_told(source: Source) -> None:
    listed = source.folder / SOURCE / "Packages"
    whole = listed.read_text()
    listed.write_text(whole.replace("Package: libnvidia-container1\n", "Package: other\n"))
    with pytest.raises(KitError, match="has no version with all of nvidia-container-toolkit"):
        pin_toolkit(source.fetch)
    listed.unlink()
    with pytest.raises(KitError, match="answers with status 404"):
        pin_toolkit(source.fetch)
    listed.write_text(whole)
