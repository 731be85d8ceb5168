"""Prints errors, in this place only: the problem, then the next step on a line of its own."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Any

import click

from deploy.cli.terminal.calling import program, this_line
from deploy.cli.terminal.output import is_coloured, print_json
from deploy.cli.terminal.streams import UnwritableError
from deploy.errors import FAILED, USAGE, ApplyError, KitError, SpecError

INTERRUPTED, TERMINATED = 130, 143


def report(error: BaseException, *, as_json: bool, verbose: bool) -> int:
    """Print an error and return its exit code."""
    if isinstance(error, UnwritableError) and error.is_closed:
        return FAILED
    problem, next_step, code, more = _explain(error)
    if verbose:
        import traceback

        traceback.print_exception(error, file=sys.stderr)
    if as_json:
        print_json({"error": {"problem": problem, "next": next_step, "exit_code": code, **more}})
    plain = isinstance(error, (SpecError, KeyboardInterrupt, click.Abort, Terminated))
    mark = "" if plain else "error: "
    if is_coloured(sys.stderr):
        mark = click.style(mark, fg="red", bold=True) if mark else ""
    # Whatever else looks like a colour stands in what is quoted, a log say, and stays.
    text = (
        error.text if isinstance(error, KitError) and error.by_host else "\n".join(filter(None, (problem, next_step)))
    )
    click.echo(f"{mark}{text}", file=sys.stderr, color=True)
    return code


def _explain(error: BaseException) -> tuple[str, str, int, dict[str, Any]]:
    if isinstance(error, SpecError):
        problems = {"problems": list(map(asdict, error.problems))}
        return error_text(error), error.next_step, error.exit_code, problems
    if isinstance(error, ApplyError):
        hosts = {
            host: {"state": ending.state, "said": ending.words, "next": ending.next_step}
            for host, ending in error.endings.items()
        }
        return error.problem, error.next_step, error.exit_code, {"hosts": hosts}
    if isinstance(error, KitError):
        each = {host: {"problem": problem, "next": step} for host, (problem, step) in error.by_host.items()}
        return error.problem, error.next_step, error.exit_code, {"hosts": each} if each else {}
    if isinstance(error, click.UsageError):
        return error.format_message(), _help_line(error), USAGE, {}
    if isinstance(error, click.ClickException):
        return error.format_message(), "", FAILED, {}
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return "interrupted", "", INTERRUPTED, {}
    if isinstance(error, Terminated):
        return "terminated", "", TERMINATED, {}
    if isinstance(error, UnwritableError):
        problem = f"the output cannot be written: {error.reason}"
        return problem, "make room where it goes, or send it to another place", FAILED, {}
    what = f"{type(error).__name__}: {error}".strip().rstrip(":").splitlines()[0]
    trace = "is above" if "--verbose" in sys.argv else f"is shown by: {this_line('--verbose')}"
    return f"kit itself failed: {what}", f"this is a fault of kit; its trace {trace}", FAILED, {}


def _help_line(error: click.UsageError) -> str:
    return f"help: {error.ctx.command_path if error.ctx else program()} --help"


def error_text(error: SpecError) -> str:
    """Return every problem on a line of its own, and how many there are."""
    lines = [str(problem) for problem in error.problems]
    return "\n".join([*lines, f"{len(lines)} problems"] if len(lines) > 1 else lines)


class Terminated(BaseException):
    """SIGTERM arrived, or the terminal went away."""
