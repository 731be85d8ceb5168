"""What a user may write about Open WebUI."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from deploy.spec.fields import HostPath, ModelName, Strict, Version
from deploy.spec.service import ServiceSpec, Traits

DEFAULT_PORT = 3000
VERSION_FLOOR = ("0.9.0", "one user could act on another's tasks (GHSA-frv8-gffc-37px)")


def _email(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9._%+-]+@[a-z0-9.-]+", value):
        raise PydanticCustomError("email", "{value} is not an e-mail address in small letters", {"value": repr(value)})
    return value


class Admin(Strict):
    """The person who administers the web UI."""

    email: Annotated[str, AfterValidator(_email)] = "admin@localhost"
    """Sign-in name of the first administrator."""


class OpenWebUI(ServiceSpec):
    """The web page where people chat."""

    traits: ClassVar[Traits] = Traits(
        DEFAULT_PORT, "{kind: open_webui}", has_authentication=True, version_floor=VERSION_FLOOR
    )

    kind: Literal["open_webui"]
    """The component: open_webui."""
    version: Version | None = None
    """Release of Open WebUI; left out, the one that this kit was tested with."""
    embedding: ModelName | None = None
    """Model that turns documents into vectors; without one, documents cannot be searched."""
    bridge: HostPath | None = None
    """Folder of this host that holds the web UI's data (its data/); left out, under /srv/kit."""
    admin: Admin = Admin()
    """The first administrator."""
