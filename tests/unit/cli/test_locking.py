from __future__ import annotations

from deploy.assets import inventories_dir
from deploy.lifecycle.locking import differences
from deploy.lock.model import Lock, read_lock


def shipped() -> Lock:
    return read_lock(inventories_dir() / "quickstart/kit.lock")


def test_a_first_lock_says_how_much_each_part_pins() -> None:
    said = list(differences(None, shipped()))
    assert any(line.startswith("image ") and line.endswith(" packages") for line in said)
    assert any(line.startswith("model gemma: ") for line in said)


def test_the_same_lock_says_nothing() -> None:
    assert list(differences(shipped(), shipped())) == []


def test_a_renewed_package_is_named_with_both_versions() -> None:
    before = shipped()
    kind, image = next((kind, image) for kind, image in before.images.items() if image.entries)
    entry = image.entries[0]
    newer = image.model_copy(update={"entries": (entry.model_copy(update={"version": "99"}), *image.entries[1:])})
    after = before.model_copy(update={"images": {**before.images, kind: newer}})
    assert list(differences(before, after)) == [f"image {kind}: {entry.name} {entry.version} -> 99"]


def test_a_part_that_is_no_longer_needed_is_named() -> None:
    before = shipped()
    after = before.model_copy(update={"models": {}})
    assert list(differences(before, after)) == ["model gemma: no longer needed"]
