"""The field `backup` of kit.yaml."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from deploy.fields.keys import Key
from deploy.fields.values import Duration, HostPath, matching
from deploy.strict import Strict

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
TimeOfDay = Annotated[
    str,
    matching(_TIME, 'a time of day such as "02:00"'),
    WithJsonSchema({"type": "string", "pattern": f"^{_TIME.pattern}$", "examples": ["02:00"]}),
]
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


class BackupSpec(Strict):
    """A daily backup of each host: user data, secrets and configuration, encrypted, in a repository of restic."""

    repository: HostPath | None = None
    """Folder of each host for its own repository, best on another disk; by default /srv/kit-backups/<stack>."""
    daily_at: TimeOfDay = "02:00"
    """Time of day, in the host's own zone; a run that was missed while the host was off is made up for."""
    after_boot: Duration | None = None
    """Pause between a boot and a backup; none by default."""
    keep: Keep = Keep()
    """Snapshots that stay."""
    drill: Literal["weekly"] | None = None
    """A trial restore of the newest backup beside the running stack, on Sundays an hour after the backup."""
    key: Key | None = None
    """Place of the repository's key, for a repository that another host made; by default each host makes its own."""
