"""`kit secret list` and `kit secret show`."""

from __future__ import annotations

from pathlib import Path

from deploy.agent.line import Line
from deploy.cli.terminal.columns import columns
from deploy.cli.terminal.output import Output
from deploy.cli.verbs.declare import Target, list_group, name_argument, spec_argument, verb
from deploy.cli.verbs.names import chosen
from deploy.errors import UsageError
from deploy.hosts.reach import reach
from deploy.lifecycle.applied import applied
from deploy.lifecycle.secrets import host_path, purpose, secret_value
from deploy.stack import HERE, Stack


@list_group("secret", "secret", "secret show webui_admin_password")
def command() -> None:
    """List the stack's secrets, or show one."""


@verb("list", "secret list", "secret list --json inventories/quickstart/kit.yaml")
@spec_argument
def list_secrets(output: Output, spec: Path) -> None:
    """List the names of the stack's secrets, what each is for, and where it lies; no value."""
    there = applied(spec, reach()[HERE])
    rows = [(one.name, purpose(there, one), host_path(there, one)) for one in there.secrets]
    told = [{"name": name, "what": what, "path": path} for name, what, path in rows]
    document = {"stack": there.stack, "hosts": {HERE: {"secrets": told}}}
    words = columns(rows, ("NAME", "WHAT IT IS", "PATH")) if rows else f"stack {there.stack} has no secrets"
    output.answer(words, document)


@verb("show", "secret show webui_admin_password inventories/quickstart/kit.yaml")
@name_argument
def show(output: Output, target: Target) -> None:
    """Show one secret's value.

    The first password of the web UI may have been changed there since; kit does not know the newer one.
    """
    if len(target.names) != 1:
        wrong = "one secret at a time" if target.names else "the name of a secret is missing"
        raise UsageError(wrong, f"the names: {Line('secret', 'list', spec=target.spec)}")
    transport = reach()[HERE]
    there = applied(target.spec, transport)
    secrets = {secret.name: secret for secret in there.secrets}
    (name,) = chosen(target.names, secrets, "secret")
    value = secret_value(Stack(there.stack), transport, secrets[name])
    changed = secrets[name].may_be_changed
    if changed:
        output.note("the first password; it may have been changed in the web UI since")
    output.answer(value, {"name": name, "value": value, "may_have_been_changed": changed})


for one in (list_secrets, show):
    command.add_command(one)
