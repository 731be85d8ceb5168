"""Secrets of a host: generated there once, one file per reader, never printed here."""

from __future__ import annotations

import base64
import hmac
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.contract import AS_ROOT
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.line import Line
from deploy.agent.remembered import sync_folder, write_file, write_json

if TYPE_CHECKING:
    from deploy.agent.contract.lending import LendAnswer, LendRequest
    from deploy.agent.contract.places import Owner
    from deploy.agent.contract.probe import GivenSecret, SecretFile
    from deploy.agent.contract.secrets import Secret, SecretAnswer, SecretRequest, SecretsAnswer, SecretsRequest

RANDOM_BYTES = 32
MODE = 0o400
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
ROOT_READER: Owner = {"uid": 0, "gid": 0}


def run(request: SecretsRequest, journal: Journal) -> SecretsAnswer:
    """Make missing secrets, repair owners and modes, give every reader its copy."""
    root = Path(request["root"])
    written: list[str] = []
    for secret in request["secrets"]:
        _ensure_names(secret["name"], secret["owner"], *(reader["service"] for reader in secret["readers"]))
        value = _original(root, secret, written)
        for reader in secret["readers"]:
            if reader["service"] != secret["owner"]:
                _keep(root, reader["service"], secret["name"], value, reader, written)
    if written or not names_path(root).exists():
        write_json(names_path(root), {"format": 1, "files": found_secrets(root)})
    if written:
        journal.say(f"secrets: wrote {', '.join(written)}")
    return {"changed": bool(written), "written": written}


def read(request: SecretRequest, _journal: Journal) -> SecretAnswer:
    """Return the path of a secret; its value only if the request asks for it."""
    _ensure_names(request["name"], request["owner"])
    path = secret_path(Path(request["root"]), request["owner"], request["name"])
    try:
        value = path.read_text()
    except FileNotFoundError:
        raise AgentError(f"the secret {request['name']} is not on this host", f"`{Line('apply')}` makes it") from None
    except PermissionError:
        raise AgentError(f"only root may read the secret {request['name']}", AS_ROOT) from None
    answer: SecretAnswer = {"name": request["name"], "owner": request["owner"], "path": str(path)}
    if request.get("show"):
        answer["value"] = value
    return answer


def lend(request: LendRequest, _journal: Journal) -> LendAnswer:
    """Return the values of secrets that services of other hosts read, without those that are not made yet."""
    values: dict[str, dict[str, str]] = {}
    for secret in request["secrets"]:
        _ensure_names(secret["name"], secret["owner"])
        try:
            value = secret_path(Path(request["root"]), secret["owner"], secret["name"]).read_text()
        except FileNotFoundError:
            continue
        except PermissionError:
            raise AgentError(f"only root may read the secret {secret['name']}", AS_ROOT) from None
        values.setdefault(secret["owner"], {})[secret["name"]] = value
    return {"values": values}


def names_path(root: Path) -> Path:
    """Return the file that remembers the names for a probe that may not read the secrets' folders."""
    return root / "run" / "secrets.json"


def found_secrets(root: Path) -> dict[str, SecretFile]:
    """Describe every secret's file, by service and name; never its value."""
    files: dict[str, SecretFile] = {}
    for path in sorted((root / "secrets").glob("*/*")):
        if not path.name.startswith("."):
            status = path.stat()
            mode = f"{status.st_mode & 0o7777:04o}"
            files[f"{path.parent.name}/{path.name}"] = {"present": True, "mode": mode, "uid": status.st_uid}
    return files


def replaced(root: Path, given: list[GivenSecret]) -> list[str]:
    """Return the secrets, by service and name, whose values differ from the given ones."""
    names = []
    for secret in given:
        _ensure_names(secret["name"], secret["owner"])
        try:
            held = secret_path(root, secret["owner"], secret["name"]).read_bytes()
        except OSError:
            continue
        if not hmac.compare_digest(held, secret["value"].encode()):
            names.append(f"{secret['owner']}/{secret['name']}")
    return names


def secret_path(root: Path, service: str, name: str) -> Path:
    """Return the path of a service's copy of a secret."""
    return root / "secrets" / service / name


def _ensure_names(*names: str) -> None:
    for name in names:
        if not NAME.fullmatch(name):
            raise AgentError(f"{name!r} is not a name for a secret or its reader", "this is a fault of the kit")


def _original(root: Path, secret: Secret, written: list[str]) -> str:
    path = secret_path(root, secret["owner"], secret["name"])
    value = secret.get("value")
    if value is None:
        value = _of_other_stack(root, secret)
    if value is None and not path.exists() and secret.get("reference"):
        problem = f"the secret {secret['name']} is kept in {secret['reference']}, and was not provided"
        raise AgentError(problem, f"run `{Line('apply')}` where that reference can be read")
    if value is None:
        value = path.read_text() if path.exists() else secret["prefix"] + _random()
    owner = next((reader for reader in secret["readers"] if reader["service"] == secret["owner"]), ROOT_READER)
    _keep(root, secret["owner"], secret["name"], value, owner, written)
    return str(value)


def _of_other_stack(root: Path, secret: Secret) -> str | None:
    """Return the value that a service's data was written with, if that data comes from another stack."""
    if not secret.get("stack"):
        return None
    _ensure_names(secret["stack"], secret["owner"])
    try:
        return secret_path(root.with_name(secret["stack"]), secret["owner"], secret["name"]).read_text()
    except FileNotFoundError:
        return None


def _random() -> str:
    # As secrets.token_urlsafe does it, without importing what a probe has no use for.
    return base64.urlsafe_b64encode(os.urandom(RANDOM_BYTES)).rstrip(b"=").decode()


def _keep(root: Path, service: str, name: str, value: str, owner: Owner, written: list[str]) -> None:
    path = secret_path(root, service, name)
    _ensure_folder(path.parent.parent)
    _ensure_folder(path.parent)
    status = path.stat() if path.exists() and path.read_text() == value else None
    wanted = (MODE, owner["uid"], owner["gid"])
    if status is not None and (status.st_mode & 0o7777, status.st_uid, status.st_gid) == wanted:
        return
    # Renamed over the old one: a container that runs keeps what it has read until it is recreated.
    write_file(path, value.encode(), MODE, owner["uid"], owner["gid"])
    if status is not None:
        # Another owner is no other secret: its time tells whether a container has read it.
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    sync_folder(path.parent)
    written.append(f"{service}/{name}")


def _ensure_folder(path: Path) -> None:
    """Make a folder that root alone can enter; Docker, which mounts single files from it, is root."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.stat().st_mode & 0o7777 != 0o700:
        path.chmod(0o700)
