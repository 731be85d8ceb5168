"""Parsing of all commands: shared options, and errors that name the command's help."""

from __future__ import annotations

from collections import Counter

import click

JSON, VERBOSE = "kit.json", "kit.verbose"
SHARED = {
    "--json": (JSON, "Print one JSON document; other texts go to stderr."),
    "--verbose": (VERBOSE, "Show traces and more details."),
}
"""Options that may stand before or after a verb, each with its key in a run's memory and its help."""


def shared_options() -> list[click.Parameter]:
    """Return the options that every command has; their values go to the run's memory, wherever they stand."""
    return [_shared(option, key, words) for option, (key, words) in SHARED.items()]


def _shared(option: str, key: str, words: str) -> click.Option:
    def remember(context: click.Context, _parameter: click.Parameter, is_given: bool) -> None:
        if is_given:
            context.meta[key] = True

    return click.Option([option], is_flag=True, expose_value=False, callback=remember, help=words)


class Placed(click.Command):
    """A command whose errors name its help, and that takes no option's value twice or empty: click does neither."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words of a command."""
        try:
            if not ctx.resilient_parsing and not {*args} & {*ctx.help_option_names}:
                self._ensure_given_once(ctx, list(args))
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise

    def _ensure_given_once(self, ctx: click.Context, words: list[str]) -> None:
        """Refuse an option of one value that is given twice: click would forget the first, such as a host.

        An empty value comes from a shell's unset variable, and would count as an option that was left out.
        """
        given, _, order = self.make_parser(ctx).parse_args(words)
        for option, times in Counter(order).items():
            if not isinstance(option, click.Option) or option.is_flag:
                continue
            if times > 1 and not option.multiple:
                raise click.UsageError(f"{option.opts[0]} is given twice, and takes one value", ctx)
            value = given.get(str(option.name))
            if value == "" or (isinstance(value, list) and "" in value):
                raise click.UsageError(f"{option.opts[0]}: the value is empty", ctx)


class PlacedGroup(Placed, click.Group):
    """A command with commands of its own; an option of theirs before their name is reported with its place."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words up to the name of a command."""
        words = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise _misplaced(self, error, ctx, words) from None


def _misplaced(group: click.Group, error: click.NoSuchOption, context: click.Context, words: list[str]) -> Exception:
    command: click.Command = group
    for word in words:
        named = command.get_command(context, word) if isinstance(command, click.Group) else None
        if named is None:
            continue
        command, context = named, click.Context(named, info_name=word, parent=context)
        if any(error.option_name in parameter.opts for parameter in command.params):
            place = f"{error.option_name} is an option of {word}: write it behind that word"
            return click.UsageError(place, context)
    return error
