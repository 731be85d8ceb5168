"""`kit secret list` and `kit secret show`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from deploy.agent.kit_folders import BACKUP_KEY
from deploy.agent.line import Line
from deploy.cli.terminal.columns import columns
from deploy.cli.terminal.output import Output
from deploy.cli.verbs.declare import Target, list_group, name_argument, spec_argument, verb
from deploy.cli.verbs.hosts import blocks, host_option, hosts_of
from deploy.cli.verbs.names import chosen
from deploy.errors import UsageError
from deploy.hosts.parallel import errors_of
from deploy.hosts.secret_values import secret_value
from deploy.lifecycle.applied import Applied, applied
from deploy.lifecycle.secrets import host_path, purpose
from deploy.stack import Stack


@list_group("secret", "secret", "secret show webui_admin_password")
def command() -> None:
    """List the stack's secrets, or show one."""


@verb("list", "secret list", "secret list --json inventories/quickstart/kit.yaml")
@host_option
@spec_argument
def list_secrets(output: Output, spec: Path) -> None:
    """List the stack's secrets with their purpose and path, without their values."""
    there = applied(spec, hosts_of(spec))
    (stack,) = {share.stack for share in there.values()}
    rows = {
        host: [(secret.name, purpose(share, secret), host_path(share, secret)) for secret in share.secrets]
        for host, share in there.items()
    }
    told = {
        host: {"secrets": [{"name": name, "what": what, "path": path} for name, what, path in each]}
        for host, each in rows.items()
    }
    tables = {host: columns(each, ("NAME", "WHAT IT IS", "PATH")) for host, each in rows.items() if each}
    words = blocks(tables) if tables else f"stack {stack} has no secrets"
    output.answer(words, {"stack": stack, "hosts": told})


@verb("show", "secret show webui_admin_password inventories/quickstart/kit.yaml")
@host_option
@name_argument
def show(output: Output, target: Target) -> None:
    """Show one secret's value.

    The first password of the web UI may have been changed in the page; kit does not know the new one.
    """
    if len(target.names) != 1:
        wrong = "one secret at a time" if target.names else "the name of a secret is missing"
        raise UsageError(wrong, f"the names: {Line('secret', 'list', spec=target.spec)}")
    hosts = hosts_of(target.spec)
    there = applied(target.spec, hosts)
    secrets = {secret.name: (host, secret) for host, share in there.items() for secret in share.secrets}
    (name,) = chosen(target.names, secrets, "secret")
    _ensure_one(name, there)
    host, secret = secrets[name]
    with errors_of(host):
        value = secret_value(Stack(there[host].stack), hosts[host], secret)
    changed = secret.may_be_changed
    if changed:
        output.note("the first password; it may have been changed in the web UI since")
    output.answer(value, {"name": name, "value": value, "may_have_been_changed": changed})


def _ensure_one(name: str, there: Mapping[str, Applied]) -> None:
    """Refuse the key of backups while several hosts have one each."""
    hosts = [host for host, share in there.items() if any(secret.name == name for secret in share.secrets)]
    if name == BACKUP_KEY and len(hosts) > 1:
        lines = [str(Line("secret", "show", name, "--host", host)) for host in hosts]
        raise UsageError(f"each host has a {name} of its own", f"type: {', or '.join(lines)}")


for verb_ in (list_secrets, show):
    command.add_command(verb_)
