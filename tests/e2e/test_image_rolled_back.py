"""A new image that migrates the database and does not work is rolled back together with the data."""

from __future__ import annotations

import io
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import yaml

from tests.e2e.place import Document
from tests.e2e.stack import Seen, Stack, docker_client
from tests.e2e.test_backup_restored import backed_up
from tests.e2e.webui import Person

pytestmark = pytest.mark.e2e

NEVER_RUN = ["true"]
MIGRATING = b"""#!/bin/sh
set -- /usr/bin/python3.[0-9]*
"$1" -c "import sqlite3
with sqlite3.connect('/data/webui.db') as connection:
    connection.execute('alter table chat rename to chats_of_tomorrow')"
echo 'the new release does not start' >&2
exit 1
"""
"""A release that migrates the database, as a newer one does at its first start, and then ends."""


def test_an_image_that_migrates_the_chats_is_rolled_back_with_them(stack: Stack, tmp_path: Path) -> None:
    person = Person(stack)
    chat = person.write_chat("Lanterns", "There are eleven of them.")
    with backed_up(stack, tmp_path / "disk2" / "kit"):
        before, release = stack.containers(), stack.release
        with broken_image_in_the_lock(stack):
            problem = stack.apply(code=1).document["error"]["problem"]
        snapshots = stack.kit("backup", "list", "--json").here["snapshots"]
        ensure_rolled_back(stack, before, release, chat)
    assert [each["before"] for each in snapshots] == ["image"], "a backup came first"
    assert "the new release does not start" in problem
    assert "since the update" in problem, "what is lost is said"
    migrated = [path for path in stack.data.rglob("webui.db") if "chats_of_tomorrow" in tables(path)]
    assert [str(path.parent) in problem for path in migrated] == [True], (
        "the migrated database is kept, and its place told"
    )


def ensure_rolled_back(stack: Stack, before: dict[str, Seen], release: Path, chat: str) -> None:
    """Check that the former image runs again on the former data, and that nothing else was touched."""
    after = stack.containers()
    assert after["open_webui"].image == before["open_webui"].image
    assert after["open_webui"].health == "healthy"
    assert {name for name in after if after[name] == before[name]} == {"main", "litellm"}
    assert stack.release == release
    assert "eleven" in Person(stack).chat_text(chat)
    assert stack.is_settled


def tables(database: Path) -> set[str]:
    """Return the names of a database's tables."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return {str(name) for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}


@contextmanager
def broken_image_in_the_lock(stack: Stack) -> Iterator[None]:
    """Lock another set of wheels, and put the image of that recipe there before kit assembles it."""
    right = stack.service("open_webui").image
    with stack.place.changed_lock(forget_a_wheel), docker_client() as client:
        wanted = wanted_image(stack)
        assert wanted != right
        base = client.containers.create(right, NEVER_RUN)
        try:
            base.put_archive("/usr/bin", archive("python3", MIGRATING))
            name, _, recipe = wanted.partition(":")
            base.commit(name, recipe, conf={"Labels": {"kit.recipe": recipe}})
        finally:
            base.remove()
        try:
            yield
        finally:
            client.images.remove(wanted, force=True)


def wanted_image(stack: Stack) -> str:
    """Return the web UI's image as the compose file would name it."""
    rendered = stack.place.folder / "rendered"
    stack.kit("render", "--out", str(rendered), "--json")
    compose = yaml.safe_load(next(rendered.rglob("compose.yaml")).read_text())
    image: str = compose["services"]["open_webui"]["image"]
    return image


def forget_a_wheel(lock: Document) -> None:
    """Lock one wheel less."""
    del lock["images"]["open_webui"]["wheels"][-1]


def archive(name: str, content: bytes) -> bytes:
    """Return a tar with one program in it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(content), 0o755
        tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
