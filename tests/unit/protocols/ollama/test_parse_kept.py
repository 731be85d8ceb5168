"""Content of a Modelfile is carried: characters of every language, other systems' lines, messages in any order."""

from __future__ import annotations

import contextlib

import pytest

from deploy.errors import SpecError
from deploy.protocols.ollama.parameters import Parameters
from deploy.protocols.ollama.parse import parse
from tests.unit.protocols.ollama.test_parse import problems, read


def notes(text: str) -> list[str]:
    parsed = parse("Modelfile", text.encode())
    return [str(note) for note in parsed.notes]


KEPT = "the engine's own reader drops it; kit.yaml carries it"
SPOKEN = [
    "\ufeffa\u00a0",
    "می\u200cشود",
    "क्\u200dष",
    "🧑\u200d💻",
    "日本\u3000語",
    "50\u00a0%",
    "1\u202f000",
    "Be \U0001fae9",
    "\u2028",
    "\x85",
]


@pytest.mark.parametrize("text", SPOKEN)
@pytest.mark.parametrize("quote", ['"""', '"', ""])
def test_what_stands_in_the_file_is_carried_and_what_a_reader_drops_is_told(text: str, quote: str) -> None:
    value = f"{quote}{text}{quote}"
    lines = ["FROM x", f"SYSTEM {value}", f"TEMPLATE {quote}{text} {{{{ .Prompt }}}}{quote}"]
    lines += [f"LICENSE {value}", f"MESSAGE user {value}", f"PARAMETER stop {value}", ""]
    parsed = parse("Modelfile", "\n".join(lines).encode())
    found = parsed.modelfile
    assert (found.system, found.license, found.parameters.stop) == (text, (text,), (text,))
    assert (found.template, found.messages[0].content) == (f"{text} {{{{ .Prompt }}}}", text)
    assert parsed.left_out == ()
    assert {(note.line, note.message.partition(": ")[2]) for note in parsed.notes} == {
        (2, f"{KEPT} (also in lines 3 to 6)")
    }


def test_an_emoji_that_the_reader_knows_is_no_news() -> None:
    assert read("FROM x\nSYSTEM Be 🩷 kind 👩🏽\n").system == "Be 🩷 kind 👩🏽"
    assert notes("FROM x\nSYSTEM Be 🩷 kind 👩🏽\n") == []


def test_each_character_is_told_once_with_its_lines() -> None:
    text = 'FROM x\nSYSTEM """a\u200cb\nc\u200c\n\u3000d\n"""\nMESSAGE user e\u200cf\n'
    assert notes(text) == [
        f"Modelfile:2:1: U+200C (zero width non-joiner): {KEPT} (also in lines 3 and 6)",
        f"Modelfile:4:1: U+3000 (ideographic space): {KEPT}",
    ]


def test_the_grammar_is_that_of_the_reader_who_drops_them() -> None:
    text = '\u00a0FROM a\u00a0\n\ufeffSYSTEM """Hi\u200d"""\u200b \nPARAMETER top_k 5\u00a0\nREQUIRES 0.14.0\u200b\n'
    found = read(text)
    assert (found.from_, found.system, found.parameters, found.requires) == (
        "a",
        "Hi\u200d",
        Parameters(top_k=5),
        "0.14.0",
    )
    assert notes(text) == [
        "Modelfile:1:1: U+00A0 (no-break space) is dropped, as by the engine's own reader (also in line 3)",
        f"Modelfile:2:1: U+200D (zero width joiner): {KEPT}",
        "Modelfile:4:1: U+200B (zero width space) is dropped, as by the engine's own reader",
    ]


def test_a_blank_that_is_none_is_named() -> None:
    assert problems("FROM\u00a0x\n") == [
        "Modelfile:1:1: U+00A0 (no-break space) stands where a plain blank must stand behind FROM",
    ]


def test_a_control_character_is_taken_out_and_told() -> None:
    parsed = parse("Modelfile", b'FROM x\nSYSTEM """a\0b\nc\x07\n\0"""\n')
    assert parsed.modelfile.system == "ab\nc\n"
    why = "a control character that no text may hold; it is removed"
    assert [str(problem) for problem in parsed.left_out] == [
        f"Modelfile:2:1: U+0000: {why} (also in line 4)",
        f"Modelfile:3:1: U+0007: {why}",
    ]


@pytest.mark.parametrize(("end", "told"), [("\r\n", "5 with CR LF"), ("\r", "5 with CR alone")])
def test_line_ends_of_other_systems_become_line_feeds_with_one_note(end: str, told: str) -> None:
    text = 'FROM x\nSYSTEM """Be\nkind.\n"""\nLICENSE MIT\n'
    assert read(text.replace("\n", end)) == read(text)
    assert notes(text.replace("\n", end)) == [f"Modelfile:1:1: line ends of other systems ({told}) are read as LF"]
    assert notes(text.replace("\n", end, 2)) == [
        f"Modelfile:1:1: line ends of other systems ({told.replace('5', '2')}) are read as LF"
    ]


def test_the_rest_of_a_text_without_quotes_is_one_problem() -> None:
    prose = "".join(f"Here is line {number}.\n" for number in range(26))
    (problem,) = problems(f"FROM x\nSYSTEM You are kind.\n{prose}- and a list\nPARAMETER top_k 1\nHere too\n")
    assert problem.startswith("Modelfile:3:1: 'Here' is not an instruction; known are FROM, ")
    assert problem.endswith(
        "; lines 4 to 29 and 31 begin with none either; the SYSTEM of line 2 ends before them, for a text of several"
        " lines stands between two times three quote marks"
    )


def test_one_more_line_without_an_instruction_is_told_in_the_singular() -> None:
    (problem,) = problems("Hello\nFROM x\nBe kind\n")
    assert problem.endswith("; line 3 begins with none either")


def test_one_cause_is_told_once_with_its_lines() -> None:
    jinja = "{% for m in messages %}\n{{ m['role'] }}\n{% endfor %}\n" * 9
    found = problems(f'FROM x\nTEMPLATE """{jinja}"""\nPARAMETER mirostat 1\nPARAMETER mirostat 2\n')
    assert found[0].startswith("Modelfile:2:1: TEMPLATE: {% for m in messages %} is Jinja, another language; write {{")
    assert found[0].endswith(" (also in lines 4, 5, 7, 8, 10, 11, 13, 14, 16, 17, 19, 20 and more)")
    assert found[1].startswith("Modelfile:30:1: mirostat is accepted and ignored by the engine; leave it out")
    assert found[1].endswith(" (also in line 31)")
    assert len(found) == 2


@pytest.mark.parametrize("piece", ["\u00a0\n", "\0\n", "x\n", "{% x %}\n", '"\n', "\u200c"])
@pytest.mark.parametrize("head", ["SYSTEM ", 'SYSTEM """', 'TEMPLATE """', "# "])
def test_a_large_file_is_read_in_one_go(head: str, piece: str) -> None:
    size = 40_000 // len(piece)
    with contextlib.suppress(SpecError):
        parse("Modelfile", f'FROM x\n{head}{piece * size}"""\n'.encode())


def test_messages_stand_in_any_order() -> None:
    text = "FROM x\nMESSAGE assistant Hello!\nMESSAGE user a\nMESSAGE user b\nMESSAGE system c\nMESSAGE user d\n"
    roles = [message.role for message in read(text).messages]
    assert roles == ["assistant", "user", "user", "system", "user"]


@pytest.mark.parametrize("version", ["v0.14", "0.14", "v1", "0.14.0", "v0.14.0-rc.1+b.7", "0.14.0+07"])
def test_a_version_is_taken_as_the_engine_takes_it(version: str) -> None:
    assert read(f"FROM x\nREQUIRES {version}\n").requires == version.removeprefix("v")


@pytest.mark.parametrize("version", ["vv1", "01.2", "1.2-rc", "1.2.3.4", "1.2.3-01", "1.", "v"])
def test_what_is_no_version_for_the_engine_is_none_here(version: str) -> None:
    assert problems(f"FROM x\nREQUIRES {version}\n") == [
        f"Modelfile:2:1: REQUIRES: '{version}' is not a version such as 0.14.0"
    ]


def test_renderer_and_parser_are_kept_with_the_template_that_only_stands_in() -> None:
    found = read('FROM x\nTEMPLATE """{{ .Prompt }}"""\nRENDERER qwen3.5\nPARSER "qwen3.5"\n')
    assert (found.template, found.renderer, found.parser) == ("{{ .Prompt }}", "qwen3.5", "qwen3.5")


def test_a_template_that_only_stands_in_goes_where_the_renderer_goes() -> None:
    parsed = parse("Modelfile", b"FROM x\nTEMPLATE {{ .Prompt }}\nRENDERER a b\n")
    assert (parsed.modelfile.template, parsed.modelfile.renderer) == (None, None)
    assert [problem.line for problem in parsed.left_out] == [2, 3]
    whole = parse("Modelfile", b"FROM x\nTEMPLATE [Q] {{ .Prompt }}\nRENDERER a b\n").modelfile
    assert whole.template == "[Q] {{ .Prompt }}"
