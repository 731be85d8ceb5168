"""A rendered Modelfile gives back every text as it was, or says what a reader makes of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given

from deploy.fields.messages import Message
from deploy.printable import dropped, seen
from deploy.protocols.ollama.grammar import closing_lines
from deploy.protocols.ollama.modelfile import Modelfile
from deploy.protocols.ollama.parameters import Parameters, set_values
from deploy.protocols.ollama.parse import parse
from deploy.protocols.ollama.text import render
from tests.modelfile_parser import UnreadableError, parsed
from tests.modelfiles import MODELFILES, NASTY


def instructions(modelfile: Modelfile) -> list[tuple[str, str, Any]]:
    """The values that a reader must find."""
    found: list[tuple[str, str, Any]] = [("from", "", modelfile.from_), ("from", "", modelfile.projector)]
    found.append(("adapter", "", modelfile.adapter))
    for name, value in set_values(modelfile.parameters).items():
        found += [("parameter", name, each) for each in (value if isinstance(value, list) else [value])]
    found += [("template", "", modelfile.template), ("system", "", modelfile.system)]
    found += [("license", "", text) for text in modelfile.license]
    found += [("message", message.role, message.content) for message in modelfile.messages]
    found += [("renderer", "", modelfile.renderer), ("parser", "", modelfile.parser)]
    found += [("requires", "", modelfile.requires)]
    return [each for each in found if each[2] is not None]


def typed(found: tuple[str, str, str]) -> tuple[str, str, Any]:
    name, word, value = found
    if name != "parameter" or word == "stop":
        return found
    if word == "use_mmap":
        return name, word, value == "true"
    return name, word, float(value) if word in ("temperature", "top_p", "presence_penalty") else int(value)


@given(MODELFILES)
def test_an_independent_reader_finds_every_value_as_it_was(modelfile: Modelfile) -> None:
    assert [typed(each) for each in parsed(render(modelfile))] == instructions(modelfile)


@given(MODELFILES)
def test_the_kits_own_reader_finds_every_value_as_it_was(modelfile: Modelfile) -> None:
    without = Modelfile(**{**vars(modelfile), "template": None, "messages": modelfile.messages})
    found = parse("Modelfile", render(without).encode()).modelfile
    assert set_values(found.parameters) == set_values(without.parameters)
    assert Modelfile(**{**vars(found), "parameters": without.parameters}) == without


@given(NASTY)
@example('a """\nb')
@example('"""\n')
@example('say """  \t\r\nb')
@example("a\u00a0b")
@example("👩\u200d💻")
def test_what_is_told_is_lost_in_every_form_of_quotes(text: str) -> None:
    for quote in ('"""', '"', ""):
        try:
            found = parsed(f"FROM x\nSYSTEM {quote}{text}{quote}\n")
        except UnreadableError:
            continue
        if found == [("from", "", "x"), ("system", "", text)]:
            assert not closing_lines(text)
            assert not dropped().search(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        '"',
        '"""',
        'He said "yes"',
        'three """ quotes',
        'at the end """',
        '"""at the beginning',
        "# no comment",
        "a\n# no comment\nb",
        " blanks at both ends ",
        "\n\nlines at both ends\n\n",
        "a\r\nb\r\n",
        "\ttab\t",
        "Ты — Шекспировский помощник…",
        "日本語 🙂 e\u0301",
        "FROM other\nPARAMETER top_k 1",
        "'single' \\\" and \\n",
    ],
)
def test_a_nasty_text_is_carried(text: str) -> None:
    modelfile = Modelfile("x", system=text, license=(text,), template=text or None)
    assert [value for _, _, value in parsed(render(modelfile))][1:] == [text] * (3 if text else 2)


@given(NASTY.filter(lambda text: "\r" not in text))
@example('one\ntwo """\nthree')
@example('"""  \nx\nFROM y')
@example('x"""\u200b\ny')
@example("🧑\u200d💻 می\u200cشود\u3000!")
def test_the_rendered_text_can_be_read_whatever_a_person_wrote(text: str) -> None:
    found = parsed(render(Modelfile("x", system=text, license=("a",))))
    assert found[0] == ("from", "", "x")
    assert found[-1] == ("license", "", "a")
    assert found[1:-1] == ([] if closing_lines(text) else [("system", "", seen(text))])


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            "می\u200cشود",
            ["# The engine's own reader drops U+200C (zero width non-joiner) here; the model has it:"],
        ),
        ("a\u3000b\u3000", ["# The engine's own reader drops U+3000 (ideographic space) here; the model has it:"]),
        ("\U0001fae9", ["# The engine's own reader drops U+1FAE9 here; the model has it:"]),
        ("🩷", []),
    ],
)
def test_a_character_that_a_reader_drops_is_told_before_the_text(text: str, lines: list[str]) -> None:
    assert render(Modelfile("x", system=text)).splitlines()[1:] == [*lines, f'SYSTEM "{text}"']


def test_a_text_that_no_modelfile_can_say_stands_in_a_comment() -> None:
    assert render(Modelfile("x", system='one\ntwo """\n\nFROM y', license=("MIT",))) == (
        "FROM x\n"
        "# No Modelfile can say this SYSTEM: line 2 of the text ends with three quote marks, which close it there."
        " The model has it:\n"
        "#   one\n"
        '#   two """\n'
        "#   \n"
        "#   FROM y\n"
        'LICENSE "MIT"\n'
    )


def test_a_modelfile_reads_well() -> None:
    modelfile = Modelfile(
        "llama3:8b",
        parameters=Parameters(temperature=0.7, num_ctx=4096, top_p=1.0, use_mmap=False, stop=("<end>", 'a"')),
        system='Be brief.\nSay "yes".',
        messages=(Message(role="user", content="2+2?"), Message(role="assistant", content="4")),
        requires="0.14.0",
    )
    assert render(modelfile) == (
        "FROM llama3:8b\n"
        "PARAMETER num_ctx 4096\n"
        'PARAMETER stop "<end>"\n'
        'PARAMETER stop """a""""\n'
        "PARAMETER temperature 0.7\n"
        "PARAMETER top_p 1\n"
        "PARAMETER use_mmap false\n"
        'SYSTEM """Be brief.\nSay "yes"."""\n'
        'MESSAGE user "2+2?"\n'
        'MESSAGE assistant "4"\n'
        "REQUIRES 0.14.0\n"
    )
