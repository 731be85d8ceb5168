"""Places that a service may be published on, and those that are never opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.errors import SpecError
from deploy.spec.loading.loader import load_spec
from deploy.spec.model import Spec

HEAD = "kit: 1\nstack: home\nbackup: null\n"


def loaded(folder: Path, text: str) -> Spec:
    path = folder / "kit.yaml"
    path.write_text(HEAD + text)
    return load_spec(path)


@pytest.mark.parametrize(
    ("written", "places"),
    [
        ("lan", ("lan",)),
        ("all", ("all",)),
        ("192.168.1.20", ("192.168.1.20",)),
        ("[local, lan]", ("local", "lan")),
        ("[192.168.1.20, 'FD00::0020', 192.168.1.20]", ("192.168.1.20", "fd00::20")),
        ("\n    - ::1\n    - 10.0.0.2", ("::1", "10.0.0.2")),
    ],
)
def test_words_addresses_and_lists_of_them_are_taken(tmp_path: Path, written: str, places: tuple[str, ...]) -> None:
    spec = loaded(tmp_path, f"webui:\n  kind: open_webui\n  publish: {written}\n")
    assert spec.webui is not None
    assert spec.webui.places == places
    assert spec.webui.is_open


@pytest.mark.parametrize(
    ("written", "path", "words"),
    [
        ("0.0.0.0", "webui.publish", "write `publish: all`"),
        ("'::'", "webui.publish", "write `publish: all`"),
        ("[10.0.0.2, 0.0.0.0]", "webui.publish[1]", "write `publish: all`"),
        ("[10.0.0.2, all]", "webui.publish[1]", "means every address already"),
        ("[]", "webui.publish", "`publish: local` for the host alone"),
        ("[lna]", "webui.publish[0]", "neither local, lan, all nor an address"),
        ("true", "webui.publish", "true is neither"),
        ("{a: b}", "webui.publish", "is neither"),
        ("[[lan]]", "webui.publish[0]", "is neither"),
        ("null", "webui.publish", "null is neither"),
        ("3000", "webui.publish", "3000 is neither"),
        ("'*'", "webui.publish", "; write `all`"),
        ("localhost", "webui.publish", "; write `local`"),
        ("LAN", "webui.publish", "; write `lan`"),
        ("[lan, public]", "webui.publish[1]", "; write `all`"),
        ("'local, 10.0.0.2'", "webui.publish", "; several stand in a list: `publish: [local, 10.0.0.2]`"),
        ("10.0.0.2;10.0.0.3", "webui.publish", "in a list: `publish: [10.0.0.2, 10.0.0.3]`"),
        ("10.0.0.0/24", "webui.publish", "; a network cannot be listened on"),
        ("'10.0.0.2:3000'", "webui.publish", "; the port stands in `port`"),
        ("'10.0.0.2:3000:8080'", "webui.publish", "; the port stands in `port`"),
        ("'[fd00::20]:3000'", "webui.publish", "; the port stands in `port`"),
        ("'[fd00::20]'", "webui.publish", "; an address of IPv6 stands here without brackets"),
        ("eth0", "webui.publish", "neither local, lan, all nor an address of this host"),
    ],
)
def test_what_cannot_be_listened_on_is_told_in_its_place(tmp_path: Path, written: str, path: str, words: str) -> None:
    with pytest.raises(SpecError) as failure:
        loaded(tmp_path, f"webui: {{kind: open_webui, publish: {written}}}\n")
    (problem,) = failure.value.problems
    assert problem.path == path
    assert words in problem.message


@pytest.mark.parametrize("written", ["lan", "all", "10.0.0.2", "[local, lan]", "[127.0.0.1, 10.0.0.2]", "'fd00::20'"])
def test_an_engine_that_asks_nobody_for_a_key_is_never_published_beyond_this_machine(
    tmp_path: Path, written: str
) -> None:
    spec = loaded(tmp_path, f"engines: [{{name: main, kind: ollama, publish: {written}}}]\n")
    assert spec.guarded == spec.engines
    for closed in ("local", "127.0.0.1", "'::1'", "[local, '::1']"):
        assert loaded(tmp_path, f"engines: [{{name: main, kind: ollama, publish: {closed}}}]\n").guarded == ()
