"""Few-shot examples are read from kit.yaml, from a .txt with [Q] and [A], and from a .jsonl; problems have lines."""

from __future__ import annotations

import json

import pytest
from pydantic import TypeAdapter, ValidationError

from deploy.errors import SpecError
from deploy.fields.messages import Message, Messages
from deploy.spec.examples import read_examples

# The marks as a person has them, with the two blanks that Markdown wants at a line's end
SHAKESPEARE = """[Instruction] Отвечай в стиле Шекспира.\x20\x20
[Q] Как дела?\x20\x20
[A] Друг мой, мои дела — как пение птиц на рассвете, превосходны!\x20\x20

[q] Какая сегодня погода?
[a]
День окутан туманом,

— словно тайны души моей!
"""
READ = (
    ("system", "Отвечай в стиле Шекспира."),
    ("user", "Как дела?"),
    ("assistant", "Друг мой, мои дела — как пение птиц на рассвете, превосходны!"),
    ("user", "Какая сегодня погода?"),
    ("assistant", "День окутан туманом,\n\n— словно тайны души моей!"),
)


def said(file: str, text: str) -> tuple[tuple[str, str], ...]:
    return tuple((message.role, message.content) for message in read_examples(file, text))


def problems(file: str, text: str) -> list[str]:
    with pytest.raises(SpecError) as found:
        read_examples(file, text)
    return [str(problem) for problem in found.value.problems]


@pytest.mark.parametrize("text", [SHAKESPEARE, "\ufeff" + SHAKESPEARE, SHAKESPEARE.replace("\n", "\r\n")])
def test_a_text_with_marks_becomes_messages(text: str) -> None:
    assert said("examples/Shakespeare.TXT", text) == READ


@pytest.mark.parametrize(
    "lines",
    [
        [{"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}],
        [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}],
        [{"prompt": "2+2?", "response": "4"}],
        [{"prompt": "2+2?", "completion": "4"}],
        [{"answer": "4", "question": "2+2?"}],
    ],
)
def test_every_shape_of_json_lines_becomes_messages(lines: list[object]) -> None:
    text = "\n\n".join(json.dumps(line) for line in lines) + "\n"
    assert said("a.jsonl", text) == (("user", "2+2?"), ("assistant", "4"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["x.txt:1:1: holds no examples"]),
        (
            "Hello\n[Q] a\n[A] b",
            ["x.txt:1:1: text before the first [Q]; begin the line with [Q], [A] or [Instruction]"],
        ),
        ("[Q] a\n[Q] b\n[A] c", ["x.txt:1:1: a question without an answer; the next message is a question again"]),
        ("[Q] a\n[A] b\n[Q] c", ["x.txt:3:1: a question without an answer; the examples end here"]),
        ("[Q] a\n[A]\n\n[Q] c\n[A] d", ["x.txt:2:1: the message is empty"]),
        ("[Q] a\n[\u0410] b", ["x.txt:2:1: the letter in this mark is Cyrillic; write [A] with a Latin A"]),
        ("[Q] a\x07\n[A] b", ["x.txt:1:1: the message holds the control character '\\x07'"]),
    ],
)
def test_a_problem_of_a_text_is_told_with_its_line(text: str, expected: list[str]) -> None:
    assert problems("x.txt", text) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{", "x.jsonl:2:2: not JSON: expecting property name enclosed in double quotes"),
        ("[1]", "x.jsonl:2:1: [1] is no example; write"),
        ('{"role": "robot", "content": "a"}', "x.jsonl:2:1: 'robot' is not a role: system, user, assistant"),
        (
            '{"role": "User", "content": "a"}',
            "x.jsonl:2:1: 'User' is not a role: system, user, assistant (did you mean u",
        ),
        ('{"role": "system", "content": [1]}', "x.jsonl:2:1: [1] is not the text of a message"),
        ('{"prompt": "", "response": "a"}', "x.jsonl:2:1: the message is empty"),
        ('{"text": "a", "meta": 1}', "x.jsonl:2:1: the keys 'meta', 'text' do not fit; write"),
        ('{"messages": []}', "x.jsonl:2:1: the keys 'messages' do not fit; write"),
        ('{"messages": [{"role": "user", "content": "a", "tool_calls": []}]}', 'x.jsonl:2:1: {"role": "user", '),
    ],
)
def test_a_problem_of_json_lines_is_told_with_its_line(line: str, expected: str) -> None:
    found = problems("x.jsonl", '{"question": "a", "answer": "b"}\n' + line + "\n")
    assert [each[: len(expected)] for each in found] == [expected]


def test_all_problems_of_a_file_are_told_at_once() -> None:
    assert [each.split(":")[1] for each in problems("x.jsonl", "{\n[]\n\nnull\n")] == ["1", "2", "4"]


def test_another_kind_of_file_is_refused() -> None:
    assert problems("x.csv", "a,b") == ["x.csv: is neither a .txt with [Q] and [A] nor a .jsonl"]


def test_examples_of_kit_yaml_stand_in_any_order() -> None:
    read = TypeAdapter(Messages).validate_json
    pair = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    assert read(json.dumps(pair)) == (Message(role="user", content="a"), Message(role="assistant", content="b"))
    assert [message.role for message in read(json.dumps([pair[1], pair[0], pair[0]]))] == ["assistant", "user", "user"]
    for wrong in ([], [{"role": "robot", "content": "a"}], [{"role": "user"}], [{"role": "user", "content": ""}]):
        with pytest.raises(ValidationError):
            read(json.dumps(wrong))
