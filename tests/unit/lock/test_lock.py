"""kit.lock: read strictly, written the same way every time, and compared with the spec."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy import __version__
from deploy.errors import KitError, SpecError
from deploy.lock.missing import missing_inputs
from deploy.lock.model import Lock, read_lock
from deploy.lock.text import lock_text, write_lock
from deploy.sources.pip.written import PipSource
from deploy.spec.loading.loader import load_spec
from deploy.spec.model import Spec
from tests.tree import REPOSITORY

QUICKSTART = REPOSITORY / "inventories/quickstart"
TEXT = (QUICKSTART / "kit.lock").read_text()


def quickstart() -> tuple[Spec, Lock]:
    return load_spec(QUICKSTART / "kit.yaml"), read_lock(QUICKSTART / "kit.lock")


def said_of(folder: Path, text: str) -> list[str]:
    path = folder / "kit.lock"
    path.write_text(text)
    with pytest.raises(SpecError) as caught:
        read_lock(path)
    assert caught.value.exit_code == 2
    return [str(problem).replace(str(path), "kit.lock") for problem in caught.value.problems]


def place_of(words: str) -> str:
    before = TEXT[: TEXT.index(words)]
    return f"kit.lock:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def test_the_quickstart_is_locked_for_all_that_it_needs() -> None:
    spec, lock = quickstart()
    assert missing_inputs(spec, lock) == []
    assert set(lock.images) == {service.kind for service in spec.services}
    gemma = lock.models["main/gemma"].model_dump()
    assert gemma["sha256"] == spec.models[0].model_dump()["from_"]["sha256"]
    assert gemma["size"] == 253_113_024
    assert gemma["gguf"]["architecture"] == "gemma3"
    assert not gemma["gguf"]["has_chat_template"]


def test_the_same_lock_is_the_same_bytes_with_a_line_per_wheel(tmp_path: Path) -> None:
    _, lock = quickstart()
    assert lock_text(lock) == TEXT
    write_lock(lock, tmp_path / "kit.lock")
    assert (tmp_path / "kit.lock").read_text() == TEXT
    wheels = sum(len(image.model_dump()["entries"]) for image in lock.images.values()) + 5
    assert len([line for line in TEXT.splitlines() if line.lstrip().startswith("- {name: ")]) == wheels
    assert TEXT.startswith("# Written by `kit lock`; commit it beside kit.yaml.\n")


def test_the_facts_of_a_header_are_read_as_they_were_and_stand_a_line_each(tmp_path: Path) -> None:
    _, lock = quickstart()
    header = {"general.version": "1.10", "gemma3.block_count": 18, "a.b": True, "general.name": 'q"ö: {'}
    decimals = {"gemma3.rope.freq_base": 1000000.0, "gemma3.epsilon": 1e-06, "a.huge": 1e30}
    known = lock.models["main/gemma"].model_copy(update={"header": header, "decimals": decimals})
    more = lock.model_copy(update={"models": {"main/gemma": known}})
    write_lock(more, tmp_path / "kit.lock")
    assert read_lock(tmp_path / "kit.lock") == more
    assert '      "gemma3.block_count": 18\n' in (tmp_path / "kit.lock").read_text()


def test_a_lock_is_replaced_in_one_step_and_left_alone_when_it_is_right(tmp_path: Path) -> None:
    _, lock = quickstart()
    path = tmp_path / "kit.lock"
    write_lock(lock, path)
    os.utime(path, (1, 1))
    write_lock(lock, path)
    assert path.stat().st_mtime == 1
    write_lock(lock.model_copy(update={"kit": "9.9"}), path)
    assert read_lock(path).kit == "9.9"
    assert [found.name for found in tmp_path.iterdir()] == ["kit.lock"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    _, lock = quickstart()
    with pytest.raises(KitError, match="cannot be written: No such file or directory"):
        write_lock(lock, tmp_path / "missing" / "kit.lock")


def test_a_missing_lock_is_told_with_the_line_to_type(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        read_lock(tmp_path / "kit.lock")
    assert str(caught.value).endswith(f"does not exist; type: kit lock {tmp_path}/kit.yaml")


@pytest.mark.parametrize("content", [b"\x7fELF\x00\x80", b"\xff\xfek", b"caf\xe9", b"format: [", b"kit: \x01"])
def test_a_lock_that_cannot_be_read_is_told_with_the_way_back(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "kit.lock"
    path.write_bytes(content)
    with pytest.raises(SpecError) as caught:
        read_lock(path)
    line = f"kit lock --upgrade {tmp_path}/kit.yaml"
    assert caught.value.next_step == f"take the committed one back, or pin all of it anew: {line}"


def test_a_folder_in_the_place_of_a_lock_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "kit.lock").mkdir()
    with pytest.raises(SpecError) as caught:
        read_lock(tmp_path / "kit.lock")
    assert caught.value.next_step == f"move it away, then type: kit lock {tmp_path}/kit.yaml"


def test_a_newer_format_is_refused_before_anything_else(tmp_path: Path) -> None:
    said = said_of(tmp_path, "format: 2\nwheels: elsewhere\n")
    assert said == ["kit.lock:1:9: format: format 2 is newer than this kit knows (1); update the kit"]


@pytest.mark.parametrize("theirs", ["99.0", f"{__version__}.1", "99.0rc1"])
def test_unknown_keys_of_a_newer_kit_ask_for_that_kit_and_nothing_else(tmp_path: Path, theirs: str) -> None:
    said = said_of(tmp_path, f'format: 1\nkit: "{theirs}"\nmodels: {{}}\nlater: 1\n')
    assert said == [
        f"kit.lock:2:6: kit: written by kit {theirs}, which is newer than this kit ({__version__}); update the kit"
    ]


@pytest.mark.parametrize("theirs", [__version__, "0.0.1", "no version"])
def test_unknown_keys_of_no_newer_kit_are_told_one_by_one(tmp_path: Path, theirs: str) -> None:
    said = "\n".join(said_of(tmp_path, f'format: 1\nkit: "{theirs}"\nmodels: {{}}\nlater: 1\n'))
    assert "later" in said
    assert "newer" not in said


@pytest.mark.parametrize(
    ("good", "bad", "path", "message"),
    [
        ('suite: "sid"', "suite: 7.5e", "", ""),
        ("size: 253113024", "size: big", "models.main/gemma.size", "'big' is not a whole number"),
        ("size: 253113024", "size: -1", "models.main/gemma.size", "-1 is too small; at least 1"),
        (
            "context_length: 32768",
            "context_length: 0",
            "models.main/gemma.gguf.context_length",
            "0 is too small; at least 1",
        ),
        ('source: "pip"', 'source: "ftp"', "models.main/gemma", "needs a `source:` of pip, file, url, tag"),
        ('platform: "linux/amd64"', 'platform: "linux/s390x"', "platform", "'linux/s390x' is not linux/amd64"),
        (
            "has_chat_template: false",
            "has_chat_template: no",
            "models.main/gemma.gguf.has_chat_template",
            "is neither true",
        ),
        (
            "has_chat_template",
            "has_chat_templat",
            "models.main/gemma.gguf.has_chat_templat",
            "did you mean has_chat_template",
        ),
        (
            'file: "aiohttp-',
            'file: "../../aiohttp-',
            "images.litellm.wheels[1].file",
            "is not the file name of a wheel",
        ),
        (
            'sha256: "9243213661e29250eb41368e5daa826fc017156c3b8a11440826b2e3ed376472"',
            'sha256: "924321"',
            "images.litellm.wheels[0].sha256",
            "'924321' is not a sha256 (64 hex digits, small letters)",
        ),
    ],
)
def test_a_lock_that_was_tampered_with_is_told_in_its_place(
    tmp_path: Path, good: str, bad: str, path: str, message: str
) -> None:
    assert TEXT.count(good) >= 1
    tampered = TEXT.replace(good, bad, 1)
    if not path:
        (tmp_path / "kit.lock").write_text(tampered)
        assert read_lock(tmp_path / "kit.lock").images["llama_cpp"].model_dump()["suite"] == "7.5e"
        return
    said = [one for one in said_of(tmp_path, tampered) if "is missing" not in one]
    assert len(said) == 1
    assert f": {path}: " in said[0]
    assert message in said[0]
    if not good.startswith("source"):
        assert said[0].startswith(place_of(good).rsplit(":", 1)[0])


def test_broken_yaml_in_a_lock_is_told_with_the_way_back(tmp_path: Path) -> None:
    path = tmp_path / "kit.lock"
    path.write_text(TEXT[:2000])
    with pytest.raises(SpecError, match="not YAML"):
        read_lock(path)
    path.write_text("format: 1\n")
    with pytest.raises(SpecError) as caught:
        read_lock(path)
    assert {problem.path for problem in caught.value.problems} == {"kit", "platform", "images", "models"}
    line = f"kit lock --upgrade {tmp_path}/kit.yaml"
    assert caught.value.next_step == f"take the committed one back, or pin all of it anew: {line}"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(at=st.integers(0, len(TEXT)), junk=st.text(max_size=20), cut=st.integers(0, 200))
def test_a_lock_spoiled_anywhere_is_a_lock_or_problems(tmp_path: Path, at: int, junk: str, cut: int) -> None:
    path = tmp_path / "kit.lock"
    path.write_bytes((TEXT[:at] + junk + TEXT[at + cut :]).encode("utf-8", "surrogatepass"))
    with contextlib.suppress(SpecError):
        assert read_lock(path).format == 1


def test_what_is_missing_from_a_lock_is_told_input_by_input() -> None:
    spec, lock = quickstart()
    images = {kind: image for kind, image in lock.images.items() if kind != "litellm"}
    images["open_webui"] = images["open_webui"].model_copy(update={"requirements": ("open-webui==0.9.0",)})
    images["llama_cpp"] = images["llama_cpp"].model_copy(update={"suite": "trixie"})
    empty = lock.model_copy(update={"images": images, "models": {}})
    assert [str(problem) for problem in missing_inputs(spec, empty)] == [
        "kit.lock: images.litellm: is not locked yet",
        "kit.lock: images.llama_cpp: is locked for trixie, this kit builds on sid",
        "kit.lock: images.open_webui: is locked for other requirements; now it needs open-webui==0.12.4",
        "kit.lock: models.main/gemma: is not locked yet",
    ]


def test_a_model_that_is_another_one_now_is_told() -> None:
    spec, lock = quickstart()
    source = spec.models[0].from_
    assert isinstance(source, PipSource)
    other = source.model_copy(update={"sha256": "0" * 64})
    model = spec.models[0].model_copy(update={"from_": other})
    (problem,) = missing_inputs(spec.model_copy(update={"models": (model,)}), lock)
    assert (
        problem.message
        == f"is locked with sha256 {lock.models['main/gemma'].model_dump()['sha256']}; kit.yaml says {'0' * 64}"
    )
