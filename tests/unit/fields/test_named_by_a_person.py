"""Repositories, folders and owners as people write them: taken in their plain form, or refused with the nearest one."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from deploy.components.open_webui.spec import Former
from deploy.fields.backup import PrivateKey, Repository
from deploy.fields.owners import Owner, PersonOwner
from deploy.fields.values import HostPath

AS_WRITTEN = [
    (Repository, "sftp:kit@nas:/kit", "sftp:kit@nas:/kit"),
    (Repository, "sftp:kit@nas:/kit/", "sftp:kit@nas:/kit"),
    (Repository, "sftp:nas:/a//b/./c", "sftp:nas:/a/b/c"),
    (Repository, "/mnt/disk2/kit/", "/mnt/disk2/kit"),
    (PrivateKey, "/root/my keys/id", "/root/my keys/id"),
    (Former, "open-webui", "open-webui"),
    (Former, "/home/ada/open-webui/", "/home/ada/open-webui"),
    (PersonOwner, "1000:1000", "1000:1000"),
]
REFUSED = [
    (Repository, "sftp:kit@nas:/kit/../other", "; write sftp:kit@nas:/other"),
    (Repository, "sftp:kit@nas:kit", "; write sftp:kit@nas:/kit"),
    (Repository, "sftp:kit@nas:/..", "; write sftp:USER@HOST:/FOLDER"),
    (Repository, "sftp:kit@nas:/", "; write sftp:USER@HOST:/FOLDER"),
    (Repository, "sftp:kit@nas:/my kit", "; a blank is not allowed; write sftp:USER@HOST:/FOLDER"),
    (Repository, "sftp://kit@nas:2222//srv/kit", "; write sftp:kit@nas:/srv/kit, and `port: 2222` under `ssh`"),
    (Repository, "sftp://nas/kit/", "; write sftp:nas:/kit"),
    (Repository, "sftp://nas:99999/kit", "; write sftp:nas:/kit"),
    (Repository, "kit@nas:/kit", "is on another machine; write sftp:kit@nas:/kit"),
    (Repository, "SFTP:nas:/kit", "is on another machine; write sftp:nas:/kit"),
    (Repository, "C:/kit", "is a path of Windows"),
    (Repository, "//nas/share", "is a share of another machine; mount it"),
    (HostPath, r"\\nas\share", "is a share of another machine; mount it"),
    (Repository, "/mnt/../kit", "; without '..' it is /kit"),
    (PrivateKey, '/root/"id', "is not the path of a private key, without quotes and '%'"),
    (PrivateKey, "/root/%h", "is not the path of a private key, without quotes and '%'"),
    (HostPath, "/srv/..", "and control characters"),
    (Former, "/home/ada/../bob", "; without '..' it is /home/bob"),
    (Former, "./data", "is not an absolute path"),
    (Former, "~/open-webui", "write the whole path"),
    (Former, "open webui", "; a blank is not allowed; write open-webui"),
    (Former, "..", "neither a Docker volume's name nor a folder"),
    (PersonOwner, "0:0", "is root; write the person's own numbers"),
    (PersonOwner, "1000", "; write 1000:1000"),
    (PersonOwner, "1000.1001", "; write 1000:1001"),
    (PersonOwner, "ada:ada", "is not UID:GID, two numbers"),
    (Owner, "0:1000", "is root; no service runs as root"),
]


@pytest.mark.parametrize(("kind", "written", "taken"), AS_WRITTEN)
def test_a_plain_form_is_taken(kind: Any, written: str, taken: str) -> None:
    assert TypeAdapter(kind).validate_python(written) == taken


@pytest.mark.parametrize(("kind", "written", "said"), REFUSED)
def test_another_form_is_refused_with_the_nearest_one(kind: Any, written: str, said: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        TypeAdapter(kind).validate_python(written)
    (fault,) = refusal.value.errors()
    assert said in fault["msg"]
    assert "99999`" not in fault["msg"], "no port has this number"
    nearest = fault["msg"].rpartition("; write ")[2].partition(",")[0]
    if fault["msg"].endswith(nearest) and nearest.startswith("sftp:") and "USER" not in nearest:
        assert TypeAdapter(kind).validate_python(nearest) == nearest
