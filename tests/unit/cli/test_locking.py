from __future__ import annotations

from pathlib import Path

import pytest

from deploy.apply.story import Event
from deploy.assets import inventories_dir
from deploy.errors import KitError
from deploy.lifecycle.locking import differences, renew_lock
from deploy.lock.model import BuiltImageLock, Lock, read_lock


def shipped() -> Lock:
    return read_lock(inventories_dir() / "quickstart/kit.lock")


def test_a_first_lock_says_how_much_each_part_pins() -> None:
    said = list(differences(None, shipped()))
    assert any(line.startswith("image ") and line.endswith(" packages") for line in said)
    assert any(line.startswith("model main/gemma: ") for line in said)


def test_the_same_lock_says_nothing() -> None:
    assert list(differences(shipped(), shipped())) == []


def test_a_renewed_package_is_named_with_both_versions() -> None:
    before = shipped()
    kind, image = next((k, i) for k, i in before.images.items() if isinstance(i, BuiltImageLock) and i.entries)
    entry = image.entries[0]
    newer = image.model_copy(update={"entries": (entry.model_copy(update={"version": "99"}), *image.entries[1:])})
    after = before.model_copy(update={"images": {**before.images, kind: newer}})
    assert list(differences(before, after)) == [f"image {kind}: {entry.name} {entry.version} -> 99"]


def test_a_part_that_is_no_longer_needed_is_named() -> None:
    before = shipped()
    after = before.model_copy(update={"models": {}})
    assert list(differences(before, after)) == ["model main/gemma: no longer needed"]


def test_a_step_that_failed_is_not_told_as_done(tmp_path: Path) -> None:
    spec = tmp_path / "kit.yaml"
    spec.write_text(
        (inventories_dir() / "quickstart/kit.yaml").read_text() + "mirrors: {pypi: 'http://127.0.0.1:9/'}\n"
    )
    events: list[Event] = []
    with pytest.raises(KitError, match="does not answer"):
        renew_lock(spec, events.append)
    assert [event.state for event in events if event.state != "progress"] == ["start", "failed"]


def test_a_step_of_a_lock_that_was_interrupted_is_not_told_as_failed(tmp_path: Path) -> None:
    spec = tmp_path / "kit.yaml"
    spec.write_text((inventories_dir() / "quickstart/kit.yaml").read_text())
    events: list[Event] = []

    def interrupt(event: Event) -> None:
        events.append(event)
        if event.state == "progress":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        renew_lock(spec, interrupt)
    assert [event.state for event in events] == ["start", "progress", "interrupted"]
