"""The common part of all commands: options, examples, and the choice of a kit.yaml."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from deploy.agent.line import about
from deploy.cli.commands import exit_codes
from deploy.cli.parsing import JSON, SHARED, VERBOSE, Placed, PlacedGroup, shared_options
from deploy.cli.terminal.calling import program
from deploy.cli.terminal.output import Output

DEFAULT_SPEC = Path("kit.yaml")
Function = Callable[..., Any]


@dataclass(frozen=True)
class Target:
    """The words after a command: names of services (or of a secret), and one kit.yaml."""

    names: tuple[str, ...]
    spec: Path


class Exemplified(Placed):
    """Help that ends with exit codes and examples."""

    examples: tuple[str, ...] = ()

    def format_epilog(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Print the exit codes and the examples."""
        formatter.write_paragraph()
        codes = exit_codes(" ".join(_words(context)))
        formatter.write_text(f"Exit codes: {'; '.join(f'{code} {words}' for code, words in codes.items())}")
        with formatter.section("Examples" if len(self.examples) > 1 else "Example"):
            for example in self.examples:
                formatter.write_text(f"{program()} {example}")


def _words(context: click.Context) -> list[str]:
    """Return the names of a command and of those above it, but not the program's own."""
    return [*_words(context.parent), context.info_name or ""] if context.parent else []


class Verb(Exemplified):
    """A command with the options that each has."""


class VerbGroup(Exemplified, PlacedGroup):
    """A verb that has verbs of its own."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb, or suggest a similar one."""
        if args[0] not in self.commands and not args[0].startswith("-"):
            raise no_command(args[0], self.commands, ctx)
        return super().resolve_command(ctx, args)


def no_command(word: str, known: Iterable[str], context: click.Context) -> click.UsageError:
    """Return the error of a word that is no command."""
    import difflib

    names = list(known)
    near = difflib.get_close_matches(word, names, 1)
    meant = f"did you mean {near[0]}?" if near else f"there are: {', '.join(names)}"
    if len(names) == 1 and is_path(word):
        meant = f"write {names[0]} before it"
    return click.UsageError(f"there is no command {word!r}; {meant}", context)


def verb_group(name: str, *examples: str) -> Callable[[Function], VerbGroup]:
    """Declare a verb that has verbs of its own."""

    def declare(function: Function) -> VerbGroup:
        group = click.group(name, cls=VerbGroup, no_args_is_help=False)(function)
        group.params += shared_options()
        group.examples = examples
        return group

    return declare


class ListGroup(VerbGroup):
    """A group that lists, or shows its status, if no verb is named."""

    by_itself = "list"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Insert the verb before words that begin with none."""
        known = {*self.commands, "-h", "--help"}
        first = next((word for word in args if word not in SHARED), "")
        if first not in known and not first.startswith("-") and first and not is_path(first):
            raise no_command(first, self.commands, ctx)
        return super().parse_args(ctx, args if first in known else [self.by_itself, *args])


def list_group(name: str, *examples: str, by_itself: str = "list") -> Callable[[Function], VerbGroup]:
    """Declare a verb that has verbs of its own, and does one of them by itself."""

    def declare(function: Function) -> VerbGroup:
        group = click.group(name, cls=ListGroup, no_args_is_help=False)(function)
        group.params += shared_options()
        group.examples, group.by_itself = examples, by_itself
        return group

    return declare


def is_path(word: str) -> bool:
    """Return True if a word is a file: names have no dot and no slash."""
    return "." in word or "/" in word


def verb(name: str, *examples: str) -> Callable[[Function], Verb]:
    """Declare a verb: the function gets an Output first, then its own options."""

    def declare(function: Function) -> Verb:
        @functools.wraps(function)
        def call(**given: object) -> Any:
            about(_file(given))
            told = click.get_current_context().meta
            return function(Output(JSON in told, VERBOSE in told), **given)

        command = click.command(name, cls=Verb)(call)
        command.params += shared_options()
        command.examples = examples
        return command

    return declare


def _file(given: dict[str, object]) -> str:
    """Return the kit.yaml that was typed; empty for the default one."""
    target = given.get("target")
    spec = target.spec if isinstance(target, Target) else given.get("spec")
    return str(spec) if isinstance(spec, Path) and spec != DEFAULT_SPEC else ""


class GivenPath(click.Path):
    """A path of a file; an empty path is refused, because a shell's unset variable gives one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path."""
        if value == "":
            what = param.human_readable_name if param is not None else "path"
            raise click.UsageError(f"{what}: the path is empty", ctx)
        return super().convert(value, param, ctx)


def spec_argument(function: Function) -> Function:
    """Let the verb take [KIT_YAML]."""
    kind = GivenPath(path_type=Path, readable=False)
    return click.argument("spec", metavar="[KIT_YAML]", type=kind, default=DEFAULT_SPEC)(function)


def stack_option(function: Function) -> Function:
    """Let the verb take --stack NAME."""
    words = "Name of a stack on this machine whose kit.yaml is lost or broken."
    return click.option("--stack", metavar="NAME", help=words)(function)


def engine_option(function: Function) -> Function:
    """Let the verb take --engine E."""
    words = "The engine, if kit.yaml has several."
    return click.option("--engine", metavar="E", help=words)(function)


def services_argument(function: Function) -> Function:
    """Let the verb take [SERVICE]... [KIT_YAML]."""
    return _target("[SERVICE]... [KIT_YAML]")(function)


def names_argument(function: Function) -> Function:
    """Let the verb take [NAME]... [KIT_YAML]: the names may hold dots and slashes, as those of models do."""
    declare = click.argument("target", metavar="[NAME]... [KIT_YAML]", nargs=-1, callback=_split_last)
    return declare(function)


def files_argument(function: Function) -> Function:
    """Let the verb take FILE... [KIT_YAML]: one word alone is a file to work on."""
    declare = click.argument("target", metavar="FILE... [KIT_YAML]", nargs=-1, callback=_split_files)
    return declare(function)


def name_argument(function: Function) -> Function:
    """Let the verb take NAME [KIT_YAML]."""
    return _target("NAME [KIT_YAML]")(function)


def chat_argument(function: Function) -> Function:
    """Let the verb take MODEL [PROMPT]... [KIT_YAML]: a model's name and a prompt may hold dots and slashes."""
    words = "MODEL [PROMPT]... [KIT_YAML]"
    declare = click.argument("target", metavar=words, nargs=-1, callback=_split_prompt, shell_complete=_complete_model)
    return declare(function)


def is_spec_path(word: str) -> bool:
    """Return True if a word is the path of a kit.yaml."""
    return word.endswith((".yaml", ".yml")) and not any(character.isspace() for character in word)


def _split_prompt(_context: click.Context, _parameter: click.Parameter, words: tuple[str, ...]) -> Target:
    """Tell the file from the prompt: it stands right behind the model, as in an alias, or at the end."""
    for place in (1, len(words) - 1):
        if 0 < place < len(words) and is_spec_path(words[place]):
            return Target((*words[:place], *words[place + 1 :]), Path(words[place]))
    return Target(words, DEFAULT_SPEC)


def _split_files(_context: click.Context, _parameter: click.Parameter, words: tuple[str, ...]) -> Target:
    if len(words) > 1 and is_spec_path(words[-1]):
        return Target(words[:-1], Path(words[-1]))
    return Target(words, DEFAULT_SPEC)


def _split_last(context: click.Context, _parameter: click.Parameter, words: tuple[str, ...]) -> Target:
    """Tell the file from the names: it is the last word, and ends in .yaml or .yml; alone it is one that exists."""
    is_alone = len(words) == 1 and is_path(words[0])
    is_there = is_alone and (not context.params.get("upgrade") or Path(words[0]).is_file())
    if words and (is_there or is_spec_path(words[-1])):
        return Target(words[:-1], Path(words[-1]))
    return Target(words, DEFAULT_SPEC)


def _target(metavar: str) -> Callable[[Function], Function]:
    return click.argument("target", metavar=metavar, nargs=-1, callback=_split, shell_complete=_complete)


def _split(_context: click.Context, _parameter: click.Parameter, words: tuple[str, ...]) -> Target:
    """Tell the file from the names: no name has a dot or a slash in it."""
    paths = [word for word in words if is_path(word)]
    if len(paths) > 1:
        raise click.UsageError(f"one kit.yaml at a time, not {' and '.join(paths)}")
    return Target(tuple(word for word in words if word not in paths), Path(paths[0]) if paths else DEFAULT_SPEC)


def _complete_model(context: click.Context, _parameter: click.Parameter, begun: str) -> list[Any]:
    """Offer the names of models first, then files."""
    from click.shell_completion import CompletionItem

    from deploy.cli.verbs.names import model_names

    given = context.params.get("target")
    names = () if isinstance(given, Target) and given.names else model_names(DEFAULT_SPEC)
    items = [CompletionItem(name) for name in names if name.startswith(begun)]
    return items or [CompletionItem(begun, type="file")]


def _complete(context: click.Context, _parameter: click.Parameter, begun: str) -> list[Any]:
    """Offer the names of services, and files."""
    from click.shell_completion import CompletionItem

    from deploy.cli.verbs.names import service_names

    given = context.params.get("target")
    spec = given.spec if isinstance(given, Target) else DEFAULT_SPEC
    names = [CompletionItem(name) for name in service_names(spec) if name.startswith(begun)]
    return names if names and begun else [*names, CompletionItem(begun, type="file")]
