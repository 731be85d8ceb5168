"""A rendered Modelfile gives back every text as it was, or is refused with the reason."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given

from deploy.errors import KitError
from deploy.modelfile.grammar import why_lost
from deploy.modelfile.messages import ROLES, Message
from deploy.modelfile.modelfile import Modelfile
from deploy.modelfile.parameters import Parameters, set_values
from deploy.modelfile.parse import parse
from deploy.modelfile.text import losses, render
from tests.modelfile_parser import UnreadableError, parsed
from tests.modelfiles import MODELFILES, NASTY


def instructions(modelfile: Modelfile) -> list[tuple[str, str, Any]]:
    """What a reader must find."""
    found: list[tuple[str, str, Any]] = [("from", "", modelfile.from_), ("adapter", "", modelfile.adapter)]
    for name, value in set_values(modelfile.parameters).items():
        found += [("parameter", name, each) for each in (value if isinstance(value, list) else [value])]
    found += [("template", "", modelfile.template), ("system", "", modelfile.system)]
    found += [("license", "", text) for text in modelfile.license]
    found += [("message", message.role, message.content) for message in modelfile.messages]
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
    pairs = [Message(role=role, content=each.content) for each in modelfile.messages for role in ROLES[1:]]
    without = Modelfile(**{**vars(modelfile), "template": None, "messages": tuple(pairs)})
    found = parse("Modelfile", render(without).encode()).modelfile
    assert set_values(found.parameters) == set_values(without.parameters)
    assert Modelfile(**{**vars(found), "parameters": without.parameters}) == without


@given(NASTY)
@example('a """\nb')
@example('"""\n')
@example('say """  \t\r\nb')
@example("a\u00a0b")
@example("👩\u200d💻")
def test_what_is_refused_is_lost_in_every_form_of_quotes(text: str) -> None:
    for quote in ('"""', '"', ""):
        try:
            found = parsed(f"FROM x\nSYSTEM {quote}{text}{quote}\n")
        except UnreadableError:
            continue
        if found == [("from", "", "x"), ("system", "", text)]:
            assert why_lost(text) is None


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


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a\x00b", "holds U+0000 in line 1, which a Modelfile's reader drops in silence; take it out"),
        ("a\nno\u00a0break", "holds U+00A0 (no-break space) in line 2, which"),
        ("👩\u200d💻", "holds U+200D (zero width joiner) in line 1, which"),
        ("\ufeffx", "holds U+FEFF (zero width no-break space) in line 1, which"),
        ("\ue000", "holds U+E000 in line 1, which"),
        ("half \ud83d", "holds U+D83D in line 1, which"),
        ('one\ntwo """\nthree', "ends line 2 with three quote marks, which close the text there; write something"),
        ('"""  \nx', "ends line 1 with three quote marks"),
        ('x"""\r\ny', "ends line 1 with three quote marks"),
    ],
)
def test_a_text_that_would_be_lost_is_refused_with_its_line_and_the_reason(text: str, why: str) -> None:
    assert (why_lost(text) or "").startswith(why)
    with pytest.raises(KitError) as refused:
        render(Modelfile("x", system=text))
    assert refused.value.problem.startswith(f"no Modelfile can carry this: SYSTEM {why}")
    assert refused.value.next_step == "mend the text in kit.yaml"


def test_every_text_that_would_be_lost_is_named_at_once() -> None:
    bad = Message.model_construct(role="user", content="\x00")
    modelfile = Modelfile("x\x00", system="\x00", license=("fine", "\x00"), messages=(bad,))
    assert [each.partition(" holds")[0] for each in losses(modelfile)] == ["FROM", "SYSTEM", "LICENSE", "MESSAGE user"]


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
