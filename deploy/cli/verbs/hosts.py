"""Hosts of a command: all hosts of a kit.yaml, or the named one; and one answer from their texts."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import click

from deploy.agent.contract.verbs import Answer, Request, Verb
from deploy.cli.verbs.declare import Target
from deploy.decide.kept_ways import recall_ways
from deploy.deployment.way import Way
from deploy.errors import FAILED, KitError, SpecError, UnreachableError, UsageError
from deploy.hosts.parallel import joined_error
from deploy.hosts.reach import THIS_MACHINE, Hosts, reach
from deploy.words import did_you_mean

if TYPE_CHECKING:
    from deploy.cli.terminal.output import Output
    from deploy.hosts.wire.transport import OnLine, Transport

HOST = "kit.host"
Result = TypeVar("Result")
Asked: TypeAlias = tuple[dict[str, Result], dict[str, KitError]]
"""Answers of hosts, and the errors of those that gave none."""


def host_option(function: Callable[..., object]) -> Callable[..., object]:
    """Let the command take --host NAME, and refuse a wrong name before anything else is read or done."""

    def remember(context: click.Context, _parameter: click.Parameter, name: str | None) -> None:
        if name is not None:
            context.meta[HOST] = name

    @functools.wraps(function)
    def with_known_host(*given: object, **options: object) -> object:
        target = options.get("target")
        spec = target.spec if isinstance(target, Target) else options.get("spec")
        if HOST in click.get_current_context().meta and isinstance(spec, Path) and not options.get("stack"):
            _ensure_known(spec)
        return function(*given, **options)

    words = "Work on this host only; the machine that kit runs on is `here`."
    option = click.option("--host", metavar="NAME", expose_value=False, callback=remember, help=words)
    return option(with_known_host)


def _ensure_known(spec: Path) -> None:
    """Refuse a --host that kit.yaml does not have; kit.lock is not needed to know that."""
    from deploy.decide.cache import recall

    if kept := recall(spec):
        chosen_hosts(kept[2])
        return
    try:
        from deploy.spec.loading.loader import load_spec
        from deploy.spec.placed import ways_of

        names = ways_of(load_spec(spec), spec.parent)
    except SpecError:
        # The command tells what is wrong with kit.yaml, or does without one.
        return
    chosen_hosts(names)


def keep_going_option(function: Callable[..., object]) -> Callable[..., object]:
    """Let the command take --keep-going."""
    words = "Finish the hosts that do not depend on a failed one, and exit 1; else a failed host stops all."
    return click.option("--keep-going", is_flag=True, help=words)(function)


def chosen_hosts(names: Collection[str]) -> tuple[str, ...]:
    """Return all these hosts, or only the named one."""
    context = click.get_current_context(silent=True)
    name = context.meta.get(HOST) if context else None
    if name is not None and name not in names:
        raise UsageError(f"there is no host {name!r}{did_you_mean(name, names)}", f"there are: {', '.join(names)}")
    return tuple(names) if name is None else (name,)


def reached(ways: Mapping[str, Way]) -> Hosts:
    """Return the transport to the named host of these, or to each of them."""
    return reach({host: ways[host] for host in chosen_hosts(ways)})


def other_host(ways: Mapping[str, Way], host: str) -> Hosts:
    """Return the transport to a host that the command does not work on, but takes something from."""
    return reach({host: ways[host]})


def answering(output: Output, ways: Mapping[str, Way], hosts: Hosts) -> tuple[Hosts, dict[str, str]]:
    """Return the hosts without the optional ones that do not answer, and the problem of each of those.

    Raise if no other host is left: a command that asked nobody has proven and done nothing.
    """
    optional = hosts.only([host for host in hosts if ways[host].is_optional])
    _, errors = optional.settled(lambda _host, transport: transport.agent_path)
    silent = {host: error for host, error in errors.items() if isinstance(error, UnreachableError)}
    if silent and len(silent) == len(hosts):
        raise joined_error(silent, hosts)
    away = {host: error.problem for host, error in silent.items()}
    for host, problem in away.items():
        output.note(f"{host} is optional and left out: {problem}")
    return hosts.only([host for host in hosts if host not in away]), away


def settled(hosts: Hosts, ask: Callable[[str, Transport], Result]) -> Asked[Result]:
    """Ask all hosts; return the answers, and the errors of the hosts that gave none.

    Raise if no host answers, or if the fault is in the files or the command line: it is the same for every host.
    """
    answers, failed = hosts.settled(ask)
    if failed and (not answers or any(isinstance(error, SpecError | UsageError) for error in failed.values())):
        raise joined_error(failed, hosts)
    return answers, failed


@contextmanager
def ahead(verb: Verb[Request, Answer], spec: Path) -> Iterator[Callable[[Mapping[str, Way]], Hosts]]:
    """Start a verb on the hosts while kit.yaml is read, as far as they are known; give what reaches its hosts then.

    Known are this machine as the only host, and the ways of the last run with the same kit.yaml.
    """
    ways = THIS_MACHINE if _is_alone(spec) else recall_ways(spec)
    begun = reach({host: ways[host] for host in _begun_with(ways)})
    with ExitStack() as started:
        for transport in begun.values():
            started.enter_context(transport.ahead(verb))

        def reached_from(read: Mapping[str, Way]) -> Hosts:
            same = {host for host in begun if read.get(host) == ways[host]}
            return Hosts({host: begun[host] if host in same else each for host, each in reached(read).items()})

        yield reached_from


def _begun_with(ways: Mapping[str, Way]) -> tuple[str, ...]:
    try:
        return chosen_hosts(ways)
    except UsageError:
        # What the command line names wrongly is told once kit.yaml has been read.
        return ()


def _is_alone(spec: Path) -> bool:
    """Return True if a look at kit.yaml says that this machine is its only host: the file has no `hosts`."""
    try:
        # A pipe would make its reader wait; the loader tells what is wrong with it.
        return spec.is_file() and b"hosts" not in spec.read_bytes()
    except OSError:
        return False


def hosts_of(spec: Path) -> Hosts:
    """Return the hosts of a kit.yaml, which needs no kit.lock for that."""
    from deploy.spec.loading.loader import load_spec
    from deploy.spec.placed import ways_of

    return reached(ways_of(load_spec(spec), spec.parent))


def hosts_with(spec: Path, stack: str | None) -> Hosts:
    """Return the hosts that may have a stack: this machine if the stack is named, or if kit.yaml cannot be read."""
    if stack is not None:
        return this_machine()
    try:
        return hosts_of(spec)
    except SpecError:
        return this_machine()


def this_machine() -> Hosts:
    """Return the machine that kit runs on, for a command without a kit.yaml."""
    return reached(THIS_MACHINE)


@contextmanager
def progress_by_host() -> Iterator[Callable[[str], OnLine]]:
    """Show the journals of hosts until the block ends; give a listener for each host."""
    # `apply` imports this module before the agent is started, and needs no display for an empty plan.
    from deploy.apply.event import from_journal
    from deploy.cli.terminal.progress import progress

    with progress() as display:
        yield lambda host: lambda line: display(from_journal(line, host))


def blocks(words: Mapping[str, str]) -> str:
    """Join the texts of hosts; several stand under their names."""
    if len(words) == 1:
        return next(iter(words.values()))
    return "\n\n".join(f"{host}:\n{text.rstrip()}" for host, text in words.items() if text)


def told_by_host(
    output: Output, stack: str, hosts: Hosts, asked: Asked[Result], words: Callable[[str, Result], str]
) -> int:
    """Print each host's answer, or its error in that place; return the exit code."""
    answers, failed = asked
    texts = {host: words(host, answer) for host, answer in answers.items()}
    document: dict[str, object] = {**answers}
    if failed:
        from deploy.cli.told.standing import as_error, as_words

        texts |= {host: as_words(error) for host, error in failed.items()}
        document |= {host: as_error(error) for host, error in failed.items()}
    output.answer(blocks({host: texts[host] for host in hosts}), {"stack": stack, "hosts": document})
    return FAILED if failed else 0


def in_line(words: Mapping[str, str]) -> str:
    """Join short texts of hosts in one line; several stand behind their names."""
    if len(words) == 1:
        return next(iter(words.values()))
    return "; ".join(f"{host}: {text}" for host, text in words.items() if text)
