"""`kit completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from deploy.cli.declare import verb
from deploy.cli.output import Output

SHELLS = ("bash", "zsh", "fish")


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
    output.answer(script, {"shell": shell, "script": script})
