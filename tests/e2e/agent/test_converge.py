from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from deploy.hosts.wire.transport import AgentFailedError
from tests.e2e.agent_stack import HEALTHY, HEALTHY_LATER, AgentStack, Document, docker, import_image, tags
from tests.waiting import wait_until

pytestmark = pytest.mark.docker

BROKEN = "echo cannot read my own settings; while :; do /bin/busybox sleep 1; done"
TOO_LONG_SECONDS = 15
"""The health timeout of the failing service, and of the one that a rollback starts."""
ENDING = "echo this will not do; exit 7"


def write_row(database: Path, text: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("create table if not exists said (words text)")
        connection.execute("insert into said values (?)", (text,))


def rows(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return [words for (words,) in connection.execute("select words from said order by rowid")]


def kill_when_it_says(stack: AgentStack, request: Document, words: str) -> None:
    journal = stack.root / "run" / "journal.jsonl"
    before = journal.stat().st_size
    agent = stack.start_agent("converge", request)

    def said() -> bool:
        assert agent.poll() is None, f"it ended before it said {words}"
        return words.encode() in journal.read_bytes()[before:]

    wait_until(said, words, saw=lambda: journal.read_bytes()[before:])
    os.killpg(agent.pid, signal.SIGKILL)
    agent.wait()


def test_converge_makes_what_is_missing_keeps_what_is_equal_and_recreates_exactly_what_changed(
    stack: AgentStack,
) -> None:
    image = tags(stack, 1)[0]
    blocks = {name: stack.block(name, HEALTHY, image) for name in ("one", "two", "three")}
    first = stack.bundle(blocks)
    assert stack.apply(first)["changed"]
    made = stack.ids()
    seen = stack.probe()
    assert (seen["release"], seen["good"], seen["changed_files"]) == (first.release, first.release, [])
    assert {one["health"] for one in seen["services"].values()} == {"healthy"}

    assert not stack.apply(first)["changed"]
    assert stack.ids() == made

    changed = stack.bundle({**blocks, "two": stack.block("two", HEALTHY, image, environment={"NEW": "1"})})
    assert stack.apply(changed)["changed"]
    now = stack.ids()
    assert [name for name in made if made[name] != now[name]] == ["two"]

    del blocks["three"]
    stack.apply(stack.bundle(blocks))
    assert set(stack.ids()) == {"one", "two"}
    assert (stack.data / "three").is_dir()


def test_a_first_apply_that_fails_leaves_its_containers_and_sets_no_good_release(stack: AgentStack) -> None:
    bundle = stack.bundle({"one": stack.block("one", ENDING, tags(stack, 1)[0])})
    # Two ends are enough; on a busy machine Docker may have started it once more before the second is seen.
    ends = r"one did not get healthy: it ended [2-9] times, the last time with exit code 7\n"
    with pytest.raises(AgentFailedError, match=ends) as failure:
        stack.apply(bundle)
    assert failure.value.document["log"][0] == "this will not do"
    assert not failure.value.document["rolled_back"]
    seen = stack.probe()
    assert seen["good"] is None
    assert list(seen["services"]) == ["one"]


def test_a_change_that_does_not_get_healthy_is_rolled_back(stack: AgentStack) -> None:
    image = tags(stack, 1)[0]
    other = stack.block("other", HEALTHY, image)
    good = stack.bundle({"one": stack.block("one", HEALTHY, image), "other": other})
    stack.apply(good)
    before = stack.ids()
    bad = stack.bundle({"one": stack.block("one", BROKEN, image), "other": other})
    with pytest.raises(AgentFailedError, match=f"not within {TOO_LONG_SECONDS} s") as failure:
        stack.apply(bad, limit=TOO_LONG_SECONDS)
    assert failure.value.document["rolled_back"]
    assert "cannot read my own settings" in str(failure.value)
    kept = stack.root / "run" / "failed" / "one.log"
    assert failure.value.next_step == f"the log of one is in {kept}; fix the cause, then run `kit apply` again"
    assert kept.read_text().splitlines() == ["cannot read my own settings"]
    seen = stack.probe()
    assert (seen["release"], seen["good"]) == (good.release, good.release)
    assert seen["services"]["one"]["health"] == "healthy"
    assert seen["services"]["one"]["labels"]["kit.digest"] == good.services["one"]["digest"]
    assert seen["services"]["other"]["id"] == before["other"]
    stack.apply(good)
    assert not kept.exists()


def test_an_image_that_does_not_get_healthy_is_rolled_back_with_its_data(stack: AgentStack) -> None:
    old, new = tags(stack, 2)
    good = stack.bundle({"one": stack.block("one", HEALTHY, old)})
    stack.apply(good)
    database, file = stack.data / "one" / "app.db", stack.data / "one" / "files" / "deep" / "note"
    write_row(database, "a chat")
    file.parent.mkdir(parents=True)
    file.write_text("kept")
    os.chown(file, 4711, 4712)
    spoils = "echo migrated > /data/files/deep/note; echo garbage > /data/app.db; exit 1"
    bad = stack.bundle({"one": stack.block("one", spoils, new)})
    with pytest.raises(AgentFailedError) as failure:
        stack.apply(bad, copied=("one",))
    assert failure.value.document["rolled_back"]
    assert rows(database) == ["a chat"]
    assert (file.read_text(), file.stat().st_uid, file.stat().st_gid) == ("kept", 4711, 4712)
    aside = Path(failure.value.document["aside"]["one"])
    assert (aside / "app.db").read_text() == "garbage\n"
    assert (aside / "files" / "deep" / "note").read_text() == "migrated\n"
    assert str(aside) in str(failure.value)
    assert stack.probe()["services"]["one"]["image"] == old

    mended = stack.bundle({"one": stack.block("one", HEALTHY, new)})
    assert stack.apply(mended, copied=("one",))["changed"]
    assert rows(database) == ["a chat"]


def test_data_is_copied_also_where_the_container_that_wrote_it_is_gone(stack: AgentStack) -> None:
    old, new = tags(stack, 2)
    stack.apply(stack.bundle({"one": stack.block("one", HEALTHY, old)}), copied=("one",))
    write_row(stack.data / "one" / "app.db", "a chat")
    changed = stack.bundle({"one": stack.block("one", HEALTHY, old, environment={"NEW": "1"})})
    stack.apply(changed, copied=("one",))
    assert not (stack.root / "copies").exists()
    with stack.held():
        stack.call("down")
    bad = stack.bundle({"one": stack.block("one", "echo garbage > /data/app.db; exit 1", new)})
    with pytest.raises(AgentFailedError) as failure:
        stack.apply(bad, copied=("one",))
    assert failure.value.document["rolled_back"]
    assert rows(stack.data / "one" / "app.db") == ["a chat"]
    assert stack.probe()["services"]["one"]["health"] == "healthy"


def test_an_image_rebuilt_under_its_name_is_rolled_back_to_the_one_before(stack: AgentStack) -> None:
    tag = tags(stack, 1)[0]
    only_first = (
        '[ "$(/bin/busybox cat /version)" = 1 ] || exit 1; '
        "/bin/busybox touch /ok; while :; do /bin/busybox sleep 1; done"
    )
    bundle = stack.bundle({"one": stack.block("one", only_first.replace("$", "$$"), tag)})
    stack.apply(bundle)
    before = stack.probe()["services"]["one"]["image_id"]
    rebuilt = import_image(tag, "rebuilt")
    with pytest.raises(AgentFailedError) as failure:
        stack.apply(bundle, copied=("one",))
    assert failure.value.document["rolled_back"]
    seen = stack.probe()
    assert seen["services"]["one"]["image_id"] == before != rebuilt
    assert seen["images"][tag]["id"] == before
    assert seen["services"]["one"]["health"] == "healthy"


@pytest.mark.parametrize("words", ["copying the data of one", "recreating one, two", "waiting for one"])
def test_killed_in_the_middle_the_next_apply_converges(stack: AgentStack, words: str) -> None:
    old, new = tags(stack, 2)
    stack.apply(stack.bundle({name: stack.block(name, HEALTHY, old) for name in ("one", "two")}))
    write_row(stack.data / "one" / "app.db", "a chat")
    wanted = stack.bundle({name: stack.block(name, HEALTHY_LATER, new) for name in ("one", "two")})
    with stack.held():
        stack.place(wanted)
        kill_when_it_says(stack, stack.converge_request(wanted, ("one",)), words)
    stack.apply(wanted, copied=("one",))
    seen = stack.probe()
    assert (seen["release"], seen["good"]) == (wanted.release, wanted.release)
    assert {name: (one["health"], one["image"]) for name, one in seen["services"].items()} == {
        "one": ("healthy", new),
        "two": ("healthy", new),
    }
    assert rows(stack.data / "one" / "app.db") == ["a chat"]
    assert len(docker("ps", "-aq", "--filter", f"label=kit.stack={stack.name}").split()) == 2


@pytest.mark.parametrize("words", ["restoring the data of one", "starting one of the earlier release"])
def test_killed_while_rolling_back_the_older_release_finds_its_own_data(stack: AgentStack, words: str) -> None:
    old, new = tags(stack, 2)
    good = stack.bundle({"one": stack.block("one", HEALTHY, old)})
    stack.apply(good)
    database = stack.data / "one" / "app.db"
    write_row(database, "a chat")
    bad = stack.bundle({"one": stack.block("one", "echo garbage > /data/app.db; exit 1", new)})
    with stack.held():
        stack.place(bad)
        kill_when_it_says(stack, stack.converge_request(bad, ("one",)), words)
    stack.apply(good, copied=("one",))
    seen = stack.probe()
    assert (seen["release"], seen["good"]) == (good.release, good.release)
    assert (seen["services"]["one"]["health"], seen["services"]["one"]["image"]) == ("healthy", old)
    assert rows(database) == ["a chat"]
    assert any(path.read_bytes() == b"garbage\n" for path in (stack.data / "one").glob(".kit-aside-*/app.db"))
