"""The field `backup` of kit.yaml."""

from __future__ import annotations

import re
from posixpath import normpath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from deploy.fields.interval import Interval
from deploy.fields.keys import Key
from deploy.fields.values import Duration, HostPath, Port, host_path, matching, pattern_schema
from deploy.nearest import not_allowed
from deploy.strict import Strict, shown

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
TimeOfDay = Annotated[
    str,
    matching(_TIME, 'a time of day such as "02:00"'),
    pattern_schema(_TIME, "02:00"),
]
SFTP = "sftp:"
_SFTP = re.compile(r"sftp:([A-Za-z_][A-Za-z0-9._-]*@)?[A-Za-z0-9][A-Za-z0-9._-]*:/[A-Za-z0-9._/-]*[A-Za-z0-9._-]")
LAST_PORT = 65535
_SCP = re.compile(r"(SFTP:)?[^/:]{2,}:/.*")
"""A place as scp and rsync write it; one letter before the ':' is a disk of Windows."""
_SFTP_URL = re.compile(r"sftp://([^/:]+)(?::([0-9]{1,5}))?/(.*)")
_HOST_KEY = re.compile(r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]{40,2000}={0,2}")
HostKey = Annotated[
    str,
    matching(_HOST_KEY, "a server's public key such as `ssh-ed25519 AAAA...`"),
    pattern_schema(_HOST_KEY),
]


def _repository(value: str) -> str:
    if not value.startswith(SFTP):
        if _SCP.fullmatch(value) and _SFTP.fullmatch(near := f"{SFTP}{value.removeprefix('SFTP:')}"):
            told = {"value": shown(value), "near": near}
            raise PydanticCustomError("name", "{value} is on another machine; write {near}", told)
        return host_path(value)
    near, port = _sftp_near(value)
    is_valid = _SFTP.fullmatch(near) is not None
    if is_valid and _SFTP.fullmatch(value.rstrip("/")) and ".." not in value.split("/"):
        return near
    told = {
        "value": shown(value),
        "faults": not_allowed(value, "A-Za-z0-9@:._/-"),
        "near": near if is_valid else "sftp:USER@HOST:/FOLDER",
        "port": f", and `port: {port}` under `ssh`" if is_valid and port else "",
    }
    raise PydanticCustomError("name", "{value} is no repository over sftp{faults}; write {near}{port}", told)


def _sftp_near(value: str) -> tuple[str, str]:
    """Return the nearest repository with a whole path, and the port that restic's form of an address holds."""
    if url := _SFTP_URL.fullmatch(value):
        target, port, folder = url.groups()
        return f"{SFTP}{target}:{_whole(folder)}", port if port and 1 <= int(port) <= LAST_PORT else ""
    target, _, folder = value.removeprefix(SFTP).partition(":")
    return f"{SFTP}{target}:{_whole(folder)}", ""


def _whole(folder: str) -> str:
    return normpath(f"/{folder.lstrip('/')}")


Repository = Annotated[
    str,
    AfterValidator(_repository),
    WithJsonSchema({"type": "string", "pattern": "^(/|sftp:)", "examples": ["/mnt/disk2/kit", "sftp:kit@nas:/kit"]}),
]


def _weights(value: object) -> object:
    # Former releases of the kit had null for none.
    return "none" if value is None else value


Weights = Annotated[Literal["own", "all", "none"], BeforeValidator(_weights)]
# Signs that ssh's settings read as their own.
PrivateKey = Annotated[HostPath, matching(re.compile("[^\"'%]*"), "the path of a private key, without quotes and '%'")]
Count = Annotated[int, Field(ge=0, le=1000)]


class Keep(Strict):
    """Snapshots that stay; all others are removed after each backup."""

    last: Count = 10
    """Number of the newest ones."""
    daily: Count = 14
    """Number of days of which the newest one stays."""
    weekly: Count = 8
    """Number of weeks of which the newest one stays."""
    monthly: Count = 0
    """Number of months of which the newest one stays."""

    @model_validator(mode="after")
    def _keeps_some(self) -> Self:
        if not any((self.last, self.daily, self.weekly, self.monthly)):
            raise PydanticCustomError("keep", "this keeps no backup at all; write `last: 10`, say", {})
        return self


class BackupSsh(Strict):
    """The way to a repository over sftp. Each host signs in by itself, as root with root's own ~/.ssh."""

    port: Port | None = None
    """Port of the SSH server; by default that of root's ~/.ssh/config, or 22."""
    identity: PrivateKey | None = None
    """Private key on each host, without a passphrase; by default those in root's ~/.ssh."""
    host_key: HostKey | None = None
    """Public key of the server: `ssh-keyscan HOST` prints it behind the name; by default, root's known_hosts has it."""


class BackupSpec(Strict):
    """A daily backup of each host: user data, secrets and configuration, encrypted, in a repository of restic."""

    repository: Repository | None = None
    """Folder of each host for its own repository, best on another disk, or `sftp:USER@HOST:/FOLDER` on another machine,
    where each of several hosts has a folder of its name in it; by default /srv/kit-backups/<stack>."""
    ssh: BackupSsh = BackupSsh()
    """The way to a repository over sftp."""
    daily_at: TimeOfDay = "02:00"
    """Time of day, in the host's own zone; a run that was missed while the host was off is made up for."""
    after_boot: Duration | None = None
    """Pause between a boot and a backup; none by default."""
    watch_every: Interval | None = None
    """Interval, at least `1m`, in which a job looks for changes of the data and backs them up once; none by default."""
    keep: Keep = Keep()
    """Snapshots that stay."""
    weights: Weights = "own"
    """Models in an engine's folder whose weights are in the backup: `own` for those that somebody made there, as a
    fine-tune, without the layers that a library has; `all` for every model with all of its layers; with `none`, a
    backup only names them."""
    drill: Literal["weekly"] | None = None
    """A trial restore of the newest backup beside the running stack, on Sundays an hour after the backup."""
    key: Key | None = None
    """Place of the repository's key, for a repository that another host made; by default each host makes its own."""
