"""Entry of the command line: finds the verb, runs it, and returns an exit code."""

from __future__ import annotations

import signal
import sys
from importlib import import_module
from types import FrameType
from typing import TYPE_CHECKING

import click

from deploy import __version__
from deploy.agent.line import called
from deploy.cli.commands import MODULES, SECTIONS, VERBS
from deploy.cli.failure import Terminated, report
from deploy.cli.parsing import PlacedGroup, shared_options
from deploy.cli.terminal.calling import program
from deploy.cli.terminal.streams import guard_streams
from deploy.errors import USAGE

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Verbs(PlacedGroup):
    """The verbs, each imported when it is used."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """Return every verb."""
        return list(VERBS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        """Import a verb's module and return its command."""
        if name not in VERBS:
            return None
        command: click.Command = import_module(f"deploy.cli.verbs.{MODULES.get(name, name)}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb, or suggest a similar one."""
        if args[0] not in VERBS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], VERBS, 1)
            meant = f"; did you mean {near[0]}?" if near else ""
            raise click.UsageError(f"there is no command {args[0]!r}{meant}", ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete a verb without importing any."""
        from click.shell_completion import CompletionItem

        items = [CompletionItem(name, help=words) for name, words in VERBS.items() if name.startswith(incomplete)]
        return items if not incomplete.startswith("-") else super().shell_complete(ctx, incomplete)

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        """Print the verbs by purpose."""
        width = max(len(name) for name in VERBS)
        for title, verbs in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), words) for name, words in verbs.items()])

    def format_epilog(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        """Print the first steps."""
        with formatter.section("Example"):
            formatter.write_text(f"{program()} apply inventories/quickstart/kit.yaml")
        formatter.write_paragraph()
        formatter.write_text("[KIT_YAML] is kit.yaml in the current folder unless it is given.")


@click.group(
    cls=Verbs, no_args_is_help=False, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, message="kit %(version)s")
def cli() -> None:
    """Infrastructure as code for private LLM servers: one kit.yaml, one command, the same box every time."""


cli.params[:0] = shared_options()


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    words = sys.argv[1:] if argv is None else argv
    called(program())
    guard_streams()
    signal.signal(signal.SIGTERM, _terminate)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        # A terminal that is closed; under nohup it is not heard.
        signal.signal(signal.SIGHUP, _terminate)
    return _run(words)


def _run(words: list[str]) -> int:
    try:
        code: object = cli.main(
            words or ["--help"], prog_name=program(), standalone_mode=False, complete_var="_KIT_COMPLETE"
        )
        sys.stdout.flush()
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else 1
    except BaseException as error:  # noqa: BLE001 - the one place where every failure becomes words and an exit code
        options = words[: words.index("--")] if "--" in words else words
        return report(error, as_json="--json" in options, verbose="--verbose" in options)
    if not words:
        return USAGE
    return code if isinstance(code, int) else 0


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    raise Terminated


if __name__ == "__main__":
    sys.exit(main())
