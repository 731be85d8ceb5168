"""A conversation in the terminal: answers as they come, and Ctrl-C."""

from __future__ import annotations

import re
import sys
from contextlib import closing, suppress

import click

from deploy.chat.answers import answer
from deploy.chat.doors import Door
from deploy.chat.timing import Timing
from deploy.chat.wire import Forward
from deploy.cli.terminal.output import Output, is_coloured
from deploy.errors import KitError, UsageError
from deploy.protocols.answer import Message, Piece

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
QUOTES = '"""'
HELP = f"/bye or Ctrl-D ends, /clear forgets what was said, Ctrl-C stops an answer, {QUOTES} begins and ends more lines"


class Chat:
    """A conversation with a model."""

    def __init__(
        self,
        output: Output,
        door: Door,
        model: str,
        key: str | None,
        ca: str | None,
        forward: Forward,
        system: str | None = None,
    ) -> None:
        self.output = output
        self.door = door
        self.model = model
        self._key = key
        self._ca = ca
        self._forward = forward
        self._first: list[Message] = [{"role": "system", "content": system}] if system else []
        self._said: list[Message] = []

    def answer_once(self, prompt: str) -> None:
        """Answer one question and print the speed."""
        if not prompt.strip():
            raise UsageError("the prompt is empty", "write a PROMPT, or none for a conversation")
        timing = Timing()
        try:
            self._hear(prompt, timing)
        except KeyboardInterrupt:
            self._end_line(timing)
            raise
        if self.output.as_json:
            self.output.answer("", self._document(timing))
        self._tell(timing.line)

    def answer(self, prompt: str) -> bool:
        """Answer within the conversation; return False if Ctrl-C stopped it."""
        timing, is_whole = Timing(), True
        try:
            self._hear(prompt, timing)
        except KeyboardInterrupt:
            is_whole = False
            self._end_line(timing)
        if timing.text:
            self._said += [{"role": "user", "content": prompt}, {"role": "assistant", "content": timing.text}]
        self._tell(timing.line if is_whole else "stopped; Ctrl-C once more ends")
        return is_whole

    def clear(self) -> None:
        """Forget the conversation so far."""
        self._said = []

    def _hear(self, prompt: str, timing: Timing) -> None:
        messages = [*self._first, *self._said, {"role": "user", "content": prompt}]
        was_thinking = False
        with closing(answer(self.door, self.model, messages, self._key, self._ca, self._forward)) as pieces:
            for said in pieces:
                timing.take(said)
                if isinstance(said, Piece) and not self.output.as_json:
                    was_thinking = self._show(said, was_thinking)
        self._end_line(timing)

    def _show(self, piece: Piece, was_thinking: bool) -> bool:
        if piece.is_thought:
            # No part of the answer, which may go to a file.
            if is_coloured(sys.stderr):
                click.echo(click.style(printable(piece.text), dim=True), nl=False, err=True)
            return is_coloured(sys.stderr)
        if was_thinking:
            click.echo("\n", err=True)
        # No click.echo: on a pipe it drops what looks like a colour, and the answer is data.
        sys.stdout.write(printable(piece.text) if sys.stdout.isatty() else piece.text)
        sys.stdout.flush()
        return False

    def _end_line(self, timing: Timing) -> None:
        if not self.output.as_json and not timing.text.endswith("\n"):
            click.echo()

    def _tell(self, line: str) -> None:
        self.output.note(click.style(line, dim=True))

    def _document(self, timing: Timing) -> dict[str, object]:
        return {
            "model": self.model,
            "asked": self.door.name,
            "url": self.door.url,
            "answer": timing.text,
            "finished": timing.ended.reason if timing.ended else None,
            "tokens": timing.tokens,
            "tokens_per_second": None if timing.rate is None else round(timing.rate, 2),
            "figures": timing.source,
        }


def printable(text: str) -> str:
    """Return a text without control sequences of terminals."""
    return _CONTROL.sub("", text)


def converse(chat: Chat) -> None:
    """Talk until /bye, Ctrl-D, or two Ctrl-C in a row."""
    with suppress(ImportError):
        # Its import is all that it takes for lines to be edited and called back.
        __import__("readline")
    chat.output.note(f"{chat.model} at {chat.door.name} ({chat.door.url}); /bye ends, /? helps")
    was_stopped = False
    while True:
        try:
            text = _typed()
        except EOFError:
            chat.output.note("")
            return
        except KeyboardInterrupt:
            chat.output.note("")
            if was_stopped:
                raise
            was_stopped = True
            chat.output.note("Ctrl-C once more ends; so does /bye")
            continue
        if text == "/bye":
            return
        was_stopped = not _turn(chat, text)


def _turn(chat: Chat, text: str) -> bool:
    """Carry out the typed line; return False if Ctrl-C stopped it."""
    if text == "/clear":
        chat.clear()
        chat.output.note("the conversation is forgotten")
    elif text == "/?":
        chat.output.note(HELP)
    elif re.fullmatch(r"/[a-z]+", text):
        chat.output.note(f"there is no {text}; {HELP}")
    elif text:
        try:
            return chat.answer(text)
        except KitError as error:
            # It may be mended meanwhile, and what was said so far is worth keeping.
            chat.output.note(
                f"{click.style('error: ', fg='red', bold=True)}{error.problem}\n{error.next_step}".rstrip()
            )
    return True


def _typed() -> str:
    """Return the typed text: a line, or all lines between two marks of three quotes."""
    text = _line(">>> ").strip()
    if not text.startswith(QUOTES):
        return text
    text = text.removeprefix(QUOTES)
    while not text.rstrip().endswith(QUOTES):
        text += f"\n{_line('... ')}"
    return text.rstrip().removesuffix(QUOTES).strip()


def _line(mark: str) -> str:
    if sys.stdout.isatty():
        return input(mark)
    # The answers go to a file, and no mark among them.
    click.echo(mark, nl=False, err=True)
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.rstrip("\n")
