"""An existing Modelfile becomes typed values, or every problem with its line."""

from __future__ import annotations

import codecs
import json

import pytest

from deploy.errors import SpecError
from deploy.fields.messages import Message
from deploy.protocols.ollama.modelfile import Modelfile
from deploy.protocols.ollama.parameters import Parameters, set_values
from deploy.protocols.ollama.parse import parse
from tests.tree import REPOSITORY

SHAKESPEARE = '''# A comment
FROM mistral
SYSTEM "Ты — Шекспировский помощник..."
  # another one
parameter temperature 0.7
PARAMETER stop "<end>"
PARAMETER stop """say "x""""
PARAMETER num_ctx +4096
PARAMETER use_mmap F
TEMPLATE """[Q] {{ .Prompt }}
[A] {{ .Response }}"""
MESSAGE user Как дела?
MESSAGE assistant """Друг мой,
# мои дела"""
LICENSE MIT
LICENSE "Apache-2"
REQUIRES v0.14.0
'''


def problems(text: str | bytes) -> list[str]:
    """A fault of a Modelfile, which refuses it or leaves a part of it out."""
    try:
        found = parse("Modelfile", text.encode() if isinstance(text, str) else text).left_out
    except SpecError as error:
        found = error.problems
    return [str(problem) for problem in found]


def read(text: str | bytes) -> Modelfile:
    parsed = parse("Modelfile", text.encode() if isinstance(text, str) else text)
    assert parsed.left_out == ()
    return parsed.modelfile


def test_every_instruction_becomes_a_typed_value() -> None:
    found = read(SHAKESPEARE.encode())
    assert found == Modelfile(
        "mistral",
        system="Ты — Шекспировский помощник...",
        parameters=found.parameters,
        template="[Q] {{ .Prompt }}\n[A] {{ .Response }}",
        messages=(
            Message(role="user", content="Как дела?"),
            Message(role="assistant", content="Друг мой,\n# мои дела"),
        ),
        license=("MIT", "Apache-2"),
        requires="0.14.0",
    )
    assert set_values(found.parameters) == {
        "num_ctx": 4096,
        "stop": ["<end>", 'say "x"'],
        "temperature": 0.7,
        "use_mmap": False,
    }


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")],
)
def test_a_byte_order_mark_is_honoured(mark: bytes, encoding: str) -> None:
    found = read(mark + "FROM x\r\nSYSTEM Привет\r\n".encode(encoding))
    assert (found.from_, found.system) == ("x", "Привет")


def test_the_last_of_several_values_counts() -> None:
    found = read(b"FROM x\nSYSTEM one\nPARAMETER top_k 1\nSYSTEM two\nPARAMETER top_k 2\n")
    assert (found.system, found.parameters) == ("two", Parameters(top_k=2))


def test_an_empty_text_is_none() -> None:
    assert read(b'FROM x\nSYSTEM ""\nTEMPLATE """"""\nLICENSE \n') == Modelfile("x")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("FRMO x\n", "Modelfile:1:1: 'FRMO' is not an instruction (did you mean FROM?)"),
        ("FROM\n", "Modelfile:1:1: FROM has no value"),
        ("FROM x\nFROM y\n", "Modelfile:2:1: a second FROM names no file; kit.yaml takes one model, and a proj"),
        ("FROM x\nADAPTER a\nADAPTER b\n", "Modelfile:2:1: a second ADAPTER, in line 3, replaces this one; kit"),
        ("SYSTEM x\n", "Modelfile:1:1: has no FROM line, so it names no model"),
        ("FROM x\nPARAMETER num_ctx 8192 # big\n", "Modelfile:2:1: num_ctx: '8192 # big' is not a whole number; a '#'"),
        ("FROM x\nPARAMETER num_ctx many\n", "Modelfile:2:1: num_ctx: 'many' is not a whole number"),
        ("FROM x\nPARAMETER num_ctx 1\n", "Modelfile:2:1: num_ctx: 1 is too small; at least 256"),
        ("FROM x\nPARAMETER temperature hot\n", "Modelfile:2:1: temperature: 'hot' is not a number"),
        ("FROM x\nPARAMETER temperature 3.5\n", "Modelfile:2:1: temperature: 3.5 is too large; at most 2.0"),
        ("FROM x\nPARAMETER temperature nan\n", "Modelfile:2:1: temperature: "),
        ("FROM x\nPARAMETER use_mmap yes\n", "Modelfile:2:1: use_mmap: 'yes' is not true or false"),
        ("FROM x\nPARAMETER stop \n", "Modelfile:2:1: stop: must hold 1 to 1000 characters"),
        ("FROM x\n\nPARAMETER mirostat 2\n", "Modelfile:3:1: mirostat is accepted and ignored by the engine; leave it"),
        ("FROM x\nPARAMETER tfs_z 1\n", "Modelfile:2:1: tfs_z is no longer known to the engine; leave it out, or"),
        ("FROM x\nPARAMETER n_ctx 1\n", "Modelfile:2:1: n_ctx is called `num_ctx` here"),
        ("FROM x\nPARAMETER tempreature 1\n", "Modelfile:2:1: tempreature is not a parameter (did you mean temperatu"),
        ("FROM x\nPARAMETER  top_k 1\n", "Modelfile:2:11: the parameter's name is missing; exactly one blank must"),
        ("FROM x\nPARAMETER top_k\n", "Modelfile:2:1: PARAMETER top_k has no value"),
        ("FROM x\nMESSAGE robot hi\n", "Modelfile:2:9: 'robot' is not a role: system, user, assistant"),
        (
            "FROM x\nMESSAGE User hi\n",
            "Modelfile:2:9: 'User' is not a role: system, user, assistant (did you mean user?)",
        ),
        (
            "FROM x\nMESSAGE system \nMESSAGE user a\nMESSAGE assistant hi\n",
            "Modelfile:2:1: MESSAGE system: must hold 1 to 65536 characters",
        ),
        ("FROM x\nREQUIRES new\n", "Modelfile:2:1: REQUIRES: 'new' is not a version such as 0.14.0"),
        ("FROM x\nRENDERER a b\n", "Modelfile:2:1: RENDERER: 'a b' is not the name of a part of the engine such as"),
        ("FROM x\nPARSER ../x\n", "Modelfile:2:1: PARSER: '../x' is not the name of a part of the engine such as qwen"),
        ("FROM x\nDRAFT d.gguf\n", "Modelfile:2:1: DRAFT has no key in kit.yaml; without it"),
        ('FROM x\nSYSTEM "one\ntwo\n', "Modelfile:2:8: a quote is opened here and never closed at a line's end"),
        (
            'FROM x\nTEMPLATE """a\n{{ .Input }}"""\n',
            "Modelfile:3:1: TEMPLATE: .Input is not known to the template lang",
        ),
    ],
)
def test_a_problem_is_told_with_its_line(text: str, problem: str) -> None:
    assert [each[: len(problem)] for each in problems(text)] == [problem]


def test_all_problems_are_told_at_once() -> None:
    found = problems("PARAMETER mirostat 1\nRENDERER x y\nPARAMETER top_k 1.5\nPARAMETER num_ctx 3\n")
    assert [each.split(":")[1] for each in found] == ["1", "1", "2", "3", "4"]
    found = problems("FRMO x\nSYSTEMS y\nSYSTEM z\n")
    assert [each.split(":")[1] for each in found] == ["1", "2"]


HALF = """FROM x
DRAFT d.gguf
PARAMETER top_k 5
PARAMETER mirostat 2
PARAMETER num_ctx 1
PARAMETER stop a
PARAMETER stop ""
PARAMETER stop b
ADAPTER one.gguf
ADAPTER two.gguf
MESSAGE user
MESSAGE assistant lost
MESSAGE user Hi
MESSAGE assistant Hello
MESSAGE user And
REQUIRES new
FROM y
SYSTEM Be brief.
""".replace("MESSAGE user\n", "MESSAGE user \n")


def test_what_kit_yaml_cannot_say_is_left_out_line_by_line_and_the_rest_is_kept() -> None:
    parsed = parse("Modelfile", HALF.encode())
    assert parsed.modelfile == Modelfile(
        "x",
        adapter="two.gguf",
        parameters=Parameters(top_k=5, stop=("a", "b")),
        system="Be brief.",
        messages=(
            Message(role="assistant", content="lost"),
            Message(role="user", content="Hi"),
            Message(role="assistant", content="Hello"),
            Message(role="user", content="And"),
        ),
    )
    assert [problem.line for problem in parsed.left_out] == [2, 4, 5, 7, 9, 11, 16, 17]


def test_a_file_that_is_refused_whole_tells_all_that_is_wrong_with_it() -> None:
    with pytest.raises(SpecError) as caught:
        parse("Modelfile", b"RENDERER x y\nNO y\nPARAMETER top_k 1.5\n")
    assert [problem.line for problem in caught.value.problems] == [1, 2, 3]


def test_bytes_that_are_no_text_are_refused_with_their_line() -> None:
    assert problems(b"FROM x\nSYSTEM \xff\n") == ["Modelfile:2:8: the byte 0xff is not UTF-8; save the file as UTF-8"]


def test_lines_are_counted_as_editors_count_them() -> None:
    assert problems("FROM x\r\n\r\nNO y\r\n")[0].startswith("Modelfile:3:1: 'NO'")


@pytest.mark.parametrize("version", ["0.24.0", "0.32.15"])
def test_what_an_engine_shows_of_a_model_can_be_read(version: str) -> None:
    recording = REPOSITORY / "tests/contract/recordings" / version / "show.json"
    (exchange,) = [each for each in json.loads(recording.read_text()) if each["title"] == "show"]
    # The line is cut in its middle, so it is no JSON as a whole
    (line,) = exchange["response"]["lines"]
    text, _ = json.JSONDecoder().raw_decode(line, line.index('"modelfile":') + len('"modelfile":'))
    found = read(text.encode())
    assert found.from_.endswith("/sha256-a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818")
    assert found.system == 'You are brief.\nTwo lines, "quotes" and """three""".'
    # It showed the second stop word without the quote marks around it that would have kept its own
    assert set_values(found.parameters) == {
        "num_ctx": 2048,
        "stop": ["<end>", "quoted"],
        "temperature": 0.2,
        "top_k": 20,
    }
    assert [message.content for message in found.messages] == ["2+2?", "4"]
    assert found.license == ("A licence text.",)
