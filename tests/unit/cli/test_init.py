from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from deploy.assets import inventories_dir
from deploy.spec.loading.loader import load_spec
from tests.unit.cli.conftest import Kit


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def file_in(spec: str) -> str:
    """The model's file as a kit.yaml has it."""
    file: str = load_spec(Path(spec)).models[0].model_dump()["from_"]["file"]
    return file


def test_init_writes_a_spec_that_loads_and_the_schema_that_its_first_line_names(kit: Kit) -> None:
    shown = kit("init")
    assert shown.code == 0
    assert shown.out == "written: kit.yaml, kit.schema.json\nnext:\n  kit apply kit.yaml\n"
    assert load_spec(Path("kit.yaml")).stack == "home"
    first = Path("kit.yaml").read_text().splitlines()[0]
    assert Path(first.split("$schema=")[1]).is_file()


def test_init_takes_every_flag_into_the_spec(kit: Kit) -> None:
    Path("mine.gguf").write_bytes(b"GGUF")
    shown = kit("init", "--stack", "lab", "--model", "mine", "--model-file", "mine.gguf", "--no-webui")
    assert shown.code == 0
    spec = load_spec(Path("kit.yaml"))
    assert (spec.stack, spec.webui, spec.models[0].name) == ("lab", None, "mine")
    assert spec.models[0].model_dump()["from_"] == {"file": "mine.gguf", "sha256": hashlib.sha256(b"GGUF").hexdigest()}


def test_a_tag_is_all_that_a_real_model_needs(kit: Kit) -> None:
    shown = kit("init", "home/kit.yaml", "--model", "llama3.2:3b")
    assert shown.out == "written: home/kit.yaml, home/kit.schema.json\nnext:\n  kit apply home/kit.yaml\n"
    spec = load_spec(Path("home/kit.yaml"))
    assert (spec.models[0].name, bool(spec.gateway), bool(spec.webui)) == ("llama3.2:3b", True, True)


@pytest.mark.parametrize("kind", ["llama_cpp", "ollama"])
def test_a_file_at_an_address_is_for_engines_that_open_files_and_for_those_that_create_models(
    kind: str, kit: Kit
) -> None:
    address, sha256 = "https://example.org/mine.gguf", "1" * 64
    assert kit("init", "--engine", kind, "--url", address, "--sha256", sha256).code == 0
    spec = load_spec(Path("kit.yaml"))
    assert (spec.engines[0].kind, spec.models[0].model_dump()["from_"]) == (kind, {"url": address, "sha256": sha256})


def test_a_folder_whose_name_begins_as_an_option_stays_a_path_in_the_next_line(kit: Kit) -> None:
    assert kit("init", "--", "-x").out.endswith("next:\n  kit apply ./-x/kit.yaml\n")
    assert kit("check", "--", "-x/kit.yaml").err.endswith("type: kit lock ./-x/kit.yaml\n")


def test_gguf_is_another_name_of_model_file(kit: Kit) -> None:
    Path("mine.gguf").write_bytes(b"GGUF and more")
    texts = []
    for option in ("--gguf", "--model-file"):
        assert kit("init", option, "mine.gguf").code == 0
        texts.append(Path("kit.yaml").read_text())
        Path("kit.yaml").unlink()
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"PK\x03\x04", "a GGUF file begins with GGUF"),
        (b"", "a GGUF file begins with GGUF"),
        (b"version https://git-lfs.github.com/spec/v1\n", "it is Git LFS's pointer to the file"),
        (b"<!DOCTYPE html>", "it is a web page"),
    ],
)
@pytest.mark.parametrize("option", ["--gguf", "--model-file"])
def test_a_file_that_is_no_gguf_is_refused(content: bytes, why: str, option: str, kit: Kit) -> None:
    Path("mine.gguf").write_bytes(content)
    shown = kit("init", option, "mine.gguf")
    assert (shown.code, Path("kit.yaml").exists()) == (2, False)
    assert f"mine.gguf is no GGUF file: {why}" in shown.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--url", "https://example.org/mine.gguf"), "add --sha256 HEX"),
        (("--url", "http://mac.lan:11434"), "add --model NAME"),
        (("--sha256", "1" * 64), "--sha256 belongs to a GGUF file at an address"),
        (("--url", "https://example.org/a.gguf", "--sha256", "1" * 64, "--gguf", "b.gguf"), "two files"),
    ],
)
def test_options_that_miss_something_are_told(words: tuple[str, ...], said: str, kit: Kit) -> None:
    shown = kit("init", *words)
    assert (shown.code, Path("kit.yaml").exists()) == (2, False)
    assert said in shown.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--model", "./mine.gguf"), "write --gguf ./mine.gguf"),
        (("--model", "mine.gguf"), "write --gguf mine.gguf"),
        (("--model", "~/a/mine"), "is a file and no tag"),
        (("--model", "https://huggingface.co/a/b?x=1"), "leave out what begins with '?': huggingface.co/a/b"),
        (("--model", "llama3 :8b"), "a name has no blanks"),
        (("--url", "https://hub.example/a/b/blob/main/x.gguf", "--sha256", "1" * 64), "write /resolve/ in the place"),
        (("",), "[KIT_YAML]: the path is empty"),
        (("notes.txt",), "notes.txt is a file, and no folder for kit.yaml"),
        (("home.txt",), "home.txt is no name for a kit.yaml"),
        (("notes.txt/deep/kit.yaml",), "notes.txt is a file, and no folder for kit.yaml"),
        (("linked/kit.yaml",), "linked/kit.yaml is there already"),
    ],
)
def test_what_init_cannot_write_is_told_with_what_to_type(words: tuple[str, ...], said: str, kit: Kit) -> None:
    Path("notes.txt").write_text("mine")
    Path("linked").mkdir()
    Path("linked/kit.yaml").symlink_to("../not-there-yet.yaml")
    before = sorted(Path().rglob("*"))
    shown = kit("init", *words)
    assert (shown.code, said in shown.err) == (2, True)
    assert sorted(Path().rglob("*")) == before


def test_the_address_of_a_models_page_is_its_name(kit: Kit) -> None:
    assert kit("init", "--model", "https://huggingface.co/a/b").code == 0
    assert load_spec(Path("kit.yaml")).models[0].name == "huggingface.co/a/b"


@pytest.mark.parametrize("option", ["--from", "--stack", "--model", "--url", "--sha256", "--publish"])
def test_an_empty_value_chooses_nothing_in_silence(option: str, kit: Kit) -> None:
    shown = kit("init", option, "")
    assert (shown.code, Path("kit.yaml").exists()) == (2, False)
    assert f"error: {option}: the value is empty" in shown.err


def test_a_flag_of_one_value_is_not_taken_twice(kit: Kit) -> None:
    refused = kit("init", "--stack", "mine", "--stack", "yours")
    assert (refused.code, refused.err.splitlines()[0]) == (2, "error: --stack is given twice, and takes one value")
    assert not Path("kit.yaml").exists()
    assert kit("init", "--no-webui", "--no-webui", "--json", "--json").code == 0


@pytest.mark.parametrize("words", [("--publish", "10.0.0.2", "--publish", "lan"), ("--publish", "10.0.0.2, lan")])
def test_several_addresses_become_a_list(words: tuple[str, ...], kit: Kit) -> None:
    assert kit("init", *words).code == 0
    webui = load_spec(Path("kit.yaml")).webui
    assert webui is not None
    assert webui.publish == ("10.0.0.2", "lan")


@pytest.mark.parametrize("publish", ["somewhere", "999.1.1.1", "http://mac.lan"])
def test_no_line_of_a_file_that_was_not_written_is_named(publish: str, kit: Kit) -> None:
    shown = kit("init", "--publish", publish)
    assert (shown.code, Path("kit.yaml").exists()) == (2, False)
    assert shown.err.startswith("error: --publish: ")
    assert shown.err.count("--publish") == 1
    assert "kit.yaml:" not in shown.err


def test_a_model_beside_the_person_and_not_beside_the_spec_is_written_in_full(kit: Kit, tmp_path: Path) -> None:
    Path("mine.gguf").write_bytes(b"GGUF")
    shown = kit("init", "--model-file", "mine.gguf", "other/kit.yaml")
    assert file_in("other/kit.yaml") == str(tmp_path / "mine.gguf")
    assert (shown.code, shown.err) == (
        0,
        f"the model is outside the folder of kit.yaml: it is sent from {tmp_path}/mine.gguf\n",
    )


@pytest.mark.parametrize("given", ["house/models/mine.gguf", "models/mine.gguf", "{here}/house/models/mine.gguf"])
def test_a_model_below_the_spec_is_written_from_the_spec_on(given: str, kit: Kit, tmp_path: Path) -> None:
    Path("house/models").mkdir(parents=True)
    Path("house/models/mine.gguf").write_bytes(b"GGUF")
    shown = kit("init", "--model-file", given.format(here=tmp_path), "house")
    assert (shown.code, shown.err, file_in("house/kit.yaml")) == (0, "", "models/mine.gguf")


def test_a_model_in_the_same_checkout_is_written_from_the_spec_on(kit: Kit) -> None:
    for name in (".git", "models"):
        Path(name).mkdir()
    Path("models/mine.gguf").write_bytes(b"GGUF")
    shown = kit("init", "--model-file", "models/mine.gguf", "stacks/house")
    assert (shown.code, shown.err, file_in("stacks/house/kit.yaml")) == (0, "", "../../models/mine.gguf")


def test_a_checkout_beside_the_spec_is_not_the_specs_own(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("checkout/.git").mkdir(parents=True)
    Path("checkout/mine.gguf").write_bytes(b"GGUF")
    monkeypatch.chdir("checkout")
    assert kit("init", "--model-file", "mine.gguf", "../house").code == 0
    assert file_in("../house/kit.yaml") == str(tmp_path / "checkout/mine.gguf")


def test_a_model_that_is_not_there_is_told_and_nothing_is_written(kit: Kit) -> None:
    shown = kit("init", "--model-file", "models/mine.gguf", "house")
    assert (shown.code, list(Path().iterdir())) == (2, [])
    assert shown.err == (
        "error: models/mine.gguf: No such file or directory\ngive the path of a GGUF file that is there\n"
    )


def test_init_leaves_a_spec_that_is_there_alone(kit: Kit) -> None:
    Path("kit.yaml").write_text("mine")
    shown = kit("init")
    assert (shown.code, Path("kit.yaml").read_text()) == (2, "mine")
    assert shown.err == "error: kit.yaml is there already\nname another place, or move it away first\n"
    assert not Path("kit.schema.json").exists()


def test_init_writes_where_an_empty_file_lies(kit: Kit) -> None:
    Path("kit.yaml").touch()
    assert kit("check").err == "kit.yaml:1:1: is empty; `kit init` writes one\n"
    assert kit("init").code == 0
    assert Path("kit.yaml").stat().st_size > 0


@pytest.mark.parametrize("name", ["house", "house/", "./house", "house/kit.yaml"])
def test_a_name_without_yaml_is_a_folder(kit: Kit, name: str) -> None:
    shown = kit("init", name)
    assert shown.out.splitlines()[0] == "written: house/kit.yaml, house/kit.schema.json"
    assert sorted(path.name for path in Path("house").iterdir()) == ["kit.schema.json", "kit.yaml"]


def test_init_that_fails_half_way_leaves_no_spec(kit: Kit) -> None:
    Path("house/kit.schema.json").mkdir(parents=True)
    assert kit("init", "house").code == 2
    assert [path.name for path in Path("house").iterdir()] == ["kit.schema.json"]


def test_init_in_the_place_of_a_file_says_so(kit: Kit) -> None:
    Path("house").write_text("mine")
    shown = kit("init", "house")
    assert (shown.code, Path("house").read_text()) == (2, "mine")
    assert shown.err.startswith("error: house is a file, and no folder for kit.yaml")


def test_init_writes_nothing_of_a_choice_that_is_wrong(kit: Kit) -> None:
    shown = kit("init", "--stack", "No Name")
    assert (shown.code, list(Path().iterdir())) == (2, [])


def test_init_from_copies_a_shipped_deployment_with_its_lock(kit: Kit) -> None:
    shown = kit("init", "--from", "quickstart", "quick/kit.yaml", "--json")
    assert shown.document["written"][0] == "quick/kit.yaml"
    shipped = (inventories_dir() / "quickstart/kit.yaml").read_text()
    assert Path("quick/kit.yaml").read_text().endswith(shipped)


def test_init_from_an_unknown_deployment_lists_those_there_are(kit: Kit) -> None:
    shown = kit("init", "--from", "quikstart")
    assert shown.code == 2
    assert shown.err.splitlines()[1].startswith("choose one of: lan, quickstart")


def test_init_from_takes_no_other_choice(kit: Kit) -> None:
    assert kit("init", "--from", "quickstart", "--stack", "mine").code == 2


def test_schema_is_the_file_that_init_writes(kit: Kit) -> None:
    kit("init")
    assert kit("schema").out == Path("kit.schema.json").read_text()
    assert kit("schema", "--json").document["schema"]["title"] == "kit.yaml"
