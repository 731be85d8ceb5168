"""The lines that clients get: shells and Python can read them, curl's are run as they are, and no key is among them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from shlex import quote

import pytest

from deploy.chat.doors import Door
from deploy.clients.given import Given, given
from deploy.clients.lines import CLIENTS, lines_for
from tests.unit.agent.engines.scripted import Asked, scripted
from tests.unit.clients.deployments import BOTH, NO_GATEWAY, ONE_FILE, OPENED, all_doors_of, doors_of

KEY = 'sk-it\'s $HOME "`x`"'
ALL = (BOTH, NO_GATEWAY, ONE_FILE)


def told(doors: tuple[Door, ...], *, shown: bool = False, command: str = "/opt/a kit/kit") -> Given:
    return given(doors, quote(command), "/home/o'b/kit.yaml", "", (lambda _: KEY) if shown else None)


def texts(one: Given) -> dict[str, str]:
    return {lines.client: lines.text for lines in lines_for(one) if lines.text}


def left_out(one: Given) -> dict[str, str]:
    return {lines.client: lines.left_out for lines in lines_for(one) if lines.left_out}


@pytest.mark.parametrize("shown", [False, True])
@pytest.mark.parametrize("text", ALL)
def test_shells_and_python_can_read_their_lines(text: str, shown: bool, tmp_path: Path) -> None:
    lines = texts(told(doors_of(text, tmp_path), shown=shown))
    for client in ("curl", "env", "aliases"):
        done = subprocess.run(["bash", "-n"], input=lines[client], text=True, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), lines[client]
    for client in ("python", "ollama-python"):
        if client in lines:
            compile(lines[client], client, "exec")


@pytest.mark.parametrize("text", ALL)
def test_a_key_is_named_and_its_value_is_there_only_when_it_was_asked_for(text: str, tmp_path: Path) -> None:
    doors = doors_of(text, tmp_path)
    assert not any(KEY in lines for lines in texts(told(doors)).values())
    secret = next(door.key.name for door in doors if door.key)
    assert f"secret show {secret} " in texts(told(doors))["curl"] or text == NO_GATEWAY
    shown = texts(told(doors, shown=True))
    assert "secret show" not in "".join(shown.values())
    assert json.dumps(KEY) in shown["python"]


def test_what_env_exports_is_the_key_as_it_is(tmp_path: Path) -> None:
    lines = texts(told(doors_of(BOTH, tmp_path), shown=True))["env"]
    script = f'{lines}\nprintf "%s|%s|%s" "$OPENAI_BASE_URL" "$OPENAI_API_KEY" "$OLLAMA_HOST"'
    done = subprocess.run(["bash", "-c", script], text=True, capture_output=True, check=True)
    assert done.stdout == f"http://192.168.1.20:4001/v1|{KEY}|http://127.0.0.1:21434"


@pytest.mark.parametrize("shown", [False, True])
def test_curl_asks_with_the_key_and_shows_it_to_nobody_who_lists_processes(shown: bool, tmp_path: Path) -> None:
    key = KEY if shown else "sk-from-kit"
    kit, seen = tmp_path / "kit", tmp_path / "argv"
    kit.write_text('#!/bin/sh\n[ "$*" = "secret show k /home/o\'b/kit.yaml" ] && echo sk-from-kit\n')
    curl = tmp_path / "curl"
    curl.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {seen}\nexec /usr/bin/curl "$@"\n')
    for program in (kit, curl):
        program.chmod(0o755)
    bodies: list[dict[str, object]] = []

    def play(asked: Asked) -> None:
        bodies.append(json.loads(asked.body()))
        asked.answer(200, b"fine")

    with scripted(play) as server:
        (door, *_) = doors_of(ONE_FILE, tmp_path)
        assert door.key is not None
        named = type(door.key)("k", "main")
        there = Door("main", "here", "openai", f"{server.url}/v1", ("gemma",), named)
        lines = texts(told((there,), shown=shown, command=str(kit)))["curl"]
        path = f"{tmp_path}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-c", lines], text=True, capture_output=True, check=True, env={**os.environ, "PATH": path}
        )
    assert done.stdout == "fine"
    (asked,) = server.asked
    assert (asked.path, asked.headers["authorization"]) == ("/v1/chat/completions", f"Bearer {key}")
    assert asked.headers["content-type"] == "application/json"
    assert bodies[0]["model"] == "gemma"
    assert "Bearer" not in seen.read_text()


def test_the_example_asks_a_model_that_answers_and_every_one_gets_an_alias(tmp_path: Path) -> None:
    lines = texts(told(all_doors_of(OPENED, tmp_path)))
    assert set(lines) == set(CLIENTS)
    assert '"model": "embed"' not in lines["curl"]
    script = f"shopt -s expand_aliases\n{lines['aliases']}\nalias"
    aliases = subprocess.run(["bash", "-c", script], text=True, capture_output=True, check=True).stdout
    assert {line.split("=")[0] for line in aliases.splitlines()} >= {
        "alias models",
        "alias ask-poet",
        "alias ask-coder:7b",
    }


def test_without_a_gateway_the_first_engine_of_a_protocol_is_named(tmp_path: Path) -> None:
    lines = texts(told(doors_of(NO_GATEWAY, tmp_path)))
    assert "http://studio.lan:1234/v1" in lines["python"]
    assert '"qwen-7b"' in lines["python"]
    assert "url = 'http://mac.lan:11434'" in lines["nvim"]


def test_what_nothing_offers_is_left_out_with_the_reason(tmp_path: Path) -> None:
    missing = "no engine of this kit.yaml with models speaks Ollama's protocol"
    closed = "no engine without a key of its own is published; `publish: lan` at one does that"
    assert left_out(told(doors_of(ONE_FILE, tmp_path))) == {
        "ollama-python": missing,
        "nvim": missing,
        "another-machine": closed,
    }
    assert set(left_out(told(()))) == set(CLIENTS)
    assert left_out(told(()))["curl"] == "kit.yaml has no models"


def test_another_machine_gets_the_address_and_the_key_of_an_engine_that_is_published(tmp_path: Path) -> None:
    lines = texts(told(all_doors_of(OPENED, tmp_path), shown=True))["another-machine"]
    script = f'{lines}\nprintf "%s|%s|%s|%s" "$OLLAMA_HOST" "$OLLAMA_API_KEY" "$OPENAI_BASE_URL" "$OPENAI_API_KEY"'
    done = subprocess.run(["bash", "-c", script], text=True, capture_output=True, check=True)
    assert done.stdout == f"http://192.168.1.20:21434|{KEY}|http://192.168.1.20:21434/v1|{KEY}"
    closed = texts(told(all_doors_of(OPENED, tmp_path)))["another-machine"]
    assert "secret show edge_api_key " in closed.splitlines()[0]
    assert KEY not in closed


def test_powershell_sends_utf_8_and_quotes_as_it_does(tmp_path: Path) -> None:
    lines = texts(told(doors_of(BOTH, tmp_path), shown=True))["powershell"]
    assert "[Text.Encoding]::UTF8.GetBytes($body)" in lines
    assert "$env:OPENAI_API_KEY = 'sk-it''s $HOME \"`x`\"'" in lines
