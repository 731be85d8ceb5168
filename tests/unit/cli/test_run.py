"""`kit run`: what is asked, what is shown, and how it ends."""

from __future__ import annotations

import io
import json
import threading
from contextlib import nullcontext
from pathlib import Path

import pytest

from deploy.chat.choosing import door_to
from deploy.chat.doors import Door
from deploy.cli.terminal.chatting import Chat, printable
from deploy.cli.terminal.output import Output
from deploy.cli.verbs.declare import is_spec_path
from deploy.cli.verbs.run import _prompt
from deploy.deployment.secrets import Secret
from deploy.errors import UsageError
from tests.unit.agent.engines.scripted import Asked, scripted
from tests.unit.chat.playing import door, lines_of, playing
from tests.unit.cli.conftest import Kit
from tests.unit.cli.talking import CTRL_C, CTRL_D, Terminal
from tests.waiting import PATIENCE_SECONDS

GATEWAY = Door(
    "gate", "here", "openai", "http://127.0.0.1:4000/v1", ("gemma", "poet"), Secret("k", "gate"), is_gateway=True
)
ENGINE = Door("main", "here", "ollama", "http://127.0.0.1:11434", ("gemma", "poet"), None)


def test_the_gateway_is_asked_by_whoever_may_read_its_key_else_the_engine_itself() -> None:
    assert door_to("gemma", (GATEWAY, ENGINE), None, ["here"]) == GATEWAY
    assert door_to("gemma", (GATEWAY, ENGINE), None, ()) == ENGINE
    assert door_to("gemma", (GATEWAY,), None, ()) == GATEWAY
    assert door_to("of-my-own", (GATEWAY, ENGINE), "main", ["here"]) == ENGINE


def test_names_that_nothing_has_are_told_with_those_that_were_meant() -> None:
    with pytest.raises(UsageError) as model:
        door_to("gema", (GATEWAY, ENGINE), None, ["here"])
    assert model.value.problem == "kit.yaml has no model 'gema' (did you mean gemma?)"
    assert model.value.next_step == "there are: gemma, poet; one that is not in kit.yaml is asked with --engine"
    with pytest.raises(UsageError) as engine:
        door_to("gemma", (GATEWAY, ENGINE), "maim", ["here"])
    assert (engine.value.problem, engine.value.next_step) == (
        "no engine is called 'maim' (did you mean main?)",
        "there are: main",
    )


@pytest.mark.parametrize(
    ("word", "is_one"), [("home/kit.yaml", True), ("what is kit.yaml", False), ("gemma:1.b", False)]
)
def test_a_path_of_a_kit_yaml_is_told_from_a_prompt(word: str, is_one: bool) -> None:
    assert is_spec_path(word) == is_one


def test_a_prompt_is_words_or_what_is_piped_in_or_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("piped\n"))
    assert _prompt(["two", "words"]) == "two words"
    assert _prompt(["Review", "this:", "-"]) == "Review this:\n\npiped\n"
    monkeypatch.setattr("sys.stdin", io.StringIO("piped\n"))
    assert _prompt([]) == "piped\n"


def test_an_answer_is_on_stdout_and_its_speed_beside_it(capsys: pytest.CaptureFixture[str]) -> None:
    with scripted(playing(*lines_of("chat"))) as server:
        Chat(Output(), door(server.url), "full:1", None, None, nullcontext).answer_once("Hi")
    seen = capsys.readouterr()
    assert seen.out == ", I'm a beginner\n"
    assert (
        seen.err
        == "6 tokens, 50.8 tokens/s (the engine's figures); cut at the longest answer that the model may give\n"
    )


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    with scripted(playing(*lines_of("openai chat streamed"))) as server:
        Chat(Output(as_json=True), door(server.url, "openai"), "full:1", None, None, nullcontext).answer_once("Hi")
    document = json.loads(capsys.readouterr().out)
    assert (document["answer"], document["tokens"], document["asked"]) == (" there,\n\n", 3, "mac")
    assert document["figures"] == "counted by the engine, timed here"


def test_an_empty_prompt_asks_nobody() -> None:
    with pytest.raises(UsageError, match="the prompt is empty"):
        Chat(Output(), door("http://127.0.0.1:1"), "m", None, None, nullcontext).answer_once(" \n")


def test_an_answer_gives_a_terminal_no_orders() -> None:
    assert printable("a\x1b]0;title\x07\tb\n\x9bc") == "a]0;title\tb\nc"


def test_a_model_has_to_be_named_and_a_conversation_is_no_document(kit: Kit, tmp_path: Path) -> None:
    assert kit("run").err.splitlines() == ["error: the name of a model is missing", "the models: kit models"]
    shown = kit("run", "gemma", "hi", str(tmp_path / "kit.yaml"))
    assert (shown.code, "kit.yaml" in shown.err) == (2, True)


def test_a_conversation_goes_on_from_what_was_said_until_it_is_forgotten() -> None:
    told: list[list[str]] = []

    def play(asked: Asked) -> None:
        asked.start = asked.body()
        told.append([one["content"] for one in json.loads(asked.start)["messages"]])
        asked.chunks(*lines_of("chat"))

    with scripted(play) as server, Terminal(server.url) as terminal:
        terminal.until("/bye ends, /? helps")
        for question in ("one", "two"):
            terminal.say(question)
            terminal.until("(the engine's figures)")
        terminal.say("/clear")
        terminal.until("the conversation is forgotten")
        terminal.say('"""three')
        terminal.until("... ")
        terminal.type('four"""\n')
        terminal.until("(the engine's figures)")
        terminal.say("/bey")
        terminal.until("there is no /bey; /bye or Ctrl-D ends")
        terminal.say("/bye")
        assert terminal.ended() == 0
    assert told == [["one"], ["one", ", I'm a beginner", "two"], ["three\nfour"]]


def test_an_engine_that_fails_ends_no_conversation_and_ctrl_d_does() -> None:
    with (
        scripted(lambda asked: asked.answer(500, b'{"error":"out of memory"}')) as server,
        Terminal(server.url) as terminal,
    ):
        terminal.until("/? helps")
        terminal.say("hi")
        terminal.until("error: mac answered 500: out of memory")
        terminal.until(">>> ")
        terminal.type(CTRL_D)
        assert terminal.ended() == 0


def test_ctrl_c_stops_an_answer_and_a_second_one_ends() -> None:
    stopped = threading.Event()

    def play(asked: Asked) -> None:
        asked.body()
        asked.send(b"HTTP/1.1 200 OK\r\n\r\n" + lines_of("chat")[0])
        if not asked.connection.recv(1):
            stopped.set()

    with scripted(play) as server, Terminal(server.url) as terminal:
        terminal.until("/? helps")
        terminal.say("hi")
        terminal.until(",")
        terminal.type(CTRL_C)
        terminal.until("stopped; Ctrl-C once more ends")
        assert stopped.wait(PATIENCE_SECONDS)
        assert terminal.interrupted() == 130


def test_ctrl_c_at_an_empty_line_warns_before_it_ends() -> None:
    with scripted(playing()) as server, Terminal(server.url) as terminal:
        terminal.until("/? helps")
        terminal.until(">>> ")
        terminal.stopped_once("Ctrl-C once more ends; so does /bye")
        assert terminal.interrupted() == 130
