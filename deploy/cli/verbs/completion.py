"""`kit completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from deploy.cli.terminal.output import Output
from deploy.cli.verbs.declare import verb

SHELLS = ("bash", "zsh", "fish")
AS_TYPED = {
    "zsh": (
        ("    (( ! $+commands[kit] )) && return 1\n", ""),
        ("=zsh_complete kit)", "=zsh_complete ${(Q)~words[1]})"),
    ),
    "fish": (("(commandline -t) kit)", "(commandline -t) (commandline -opc)[1])"),),
}
"""Lines of click's scripts that run the kit on PATH, and their replacement that runs the typed one."""


@verb(
    "completion",
    "completion bash > /etc/bash_completion.d/kit",
    'completion zsh > "${fpath[1]}/_kit"',
    "completion fish > ~/.config/fish/completions/kit.fish",
)
@click.argument("shell", type=click.Choice(SHELLS))
def command(output: Output, shell: str) -> None:
    """Print the completion script of a shell.

    It completes verbs, options, names of services and files, for `kit` and `./kit` alike.
    """
    from deploy.cli.main import cli

    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"no completion for {shell}")
    script = made.source_template % made(cli, {}, "kit", "_KIT_COMPLETE").source_vars()
    for on_path, typed in AS_TYPED.get(shell, ()):
        script = script.replace(on_path, typed)
    output.answer(script, {"shell": shell, "script": script})
