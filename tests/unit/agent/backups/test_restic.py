"""Outputs of restic 0.14 (Debian 12) and 0.18 (Debian 13), as they were recorded: what counts as which failure."""

from __future__ import annotations

import pytest

from deploy.agent.backups.check import problems_of
from deploy.agent.backups.restic import LOCKED, NO_REPOSITORY, WRONG_KEY, Said, told_of
from deploy.agent.errors import AgentError

PACK = "309c03787389fc3b33c1808ea49069f22e351a53633a2110bbaa8b66840235bb"
OLD_MISSING = [
    "Fatal: unable to open config file: stat /mnt/kit/config: no such file or directory",
    "Is there a repository at the following location?",
    "/mnt/kit",
]
NEW_MISSING = [
    '{"message_type":"exit_error","code":10,"message":"Fatal: unable to open config file: stat /mnt/kit/config"}'
]
OLD_KEY = ["Fatal: wrong password or no key found"]
NEW_KEY = ['{"message_type":"exit_error","code":12,"message":"Fatal: wrong password or no key found"}']
OLD_LOCK = ["Fatal: unable to create lock in backend: repository is already locked by PID 7 on box by root (UID 0)"]
OLD_CUT = [
    f"pack {PACK}: unexpected file size: got 1000, expected 300211",
    "Load(<data/309c037873>, 300211, 0) returned error, retrying after 552.330144ms: ReadFull: unexpected EOF",
    "Fatal: repository contains errors",
]
NEW_GONE = [
    f'{{"message_type":"error","message":"pack {PACK}: does not exist\\n"}}',
    "Load(<data/cff58ab609>, 300211, 0) failed: open /mnt/kit/data/cf/cff58a: no such file or directory",
    '{"message_type":"error","message":"download error: open /mnt/kit/data/cf/cff58a: no such file or directory\\n"}',
    '{"message_type":"error","message":"\\nThe repository is damaged and must be repaired. Please follow this.\\n\\n"}',
    '{"message_type":"exit_error","code":1,"message":"Fatal: repository contains errors"}',
]
OLD_INDEX = [
    "error: error loading index 0e8ed26b: load <index/0e8ed26b89>: invalid data returned",
    "Fatal: LoadIndex returned errors",
]
OLD_UNREADABLE = [
    '{"message_type":"error","error":{"Op":"open","Path":"data/x","Err":13},"during":"archival","item":"data/x"}'
]


def said(status: int, complaints: list[str], *lines: str) -> Said:
    return Said(status, lines, told_of(complaints))


@pytest.mark.parametrize(
    ("status", "complaints", "kind"),
    [
        (1, OLD_MISSING, NO_REPOSITORY),
        (10, NEW_MISSING, NO_REPOSITORY),
        (1, OLD_KEY, WRONG_KEY),
        (12, NEW_KEY, WRONG_KEY),
        (1, OLD_LOCK, LOCKED),
        (1, OLD_CUT, 1),
        # A code that no known release has is a failure like any other.
        (77, [], 77),
    ],
)
def test_a_failure_has_the_same_kind_on_both_releases(status: int, complaints: list[str], kind: int) -> None:
    assert said(status, complaints).kind == kind


def test_complaints_in_json_are_told_in_words() -> None:
    assert told_of(NEW_KEY) == "Fatal: wrong password or no key found"
    assert told_of(OLD_UNREADABLE).startswith("data/x: ")
    assert told_of(["data does not exist, skipping"]) == "data does not exist, skipping"


@pytest.mark.parametrize(
    ("complaints", "problems"),
    [
        (OLD_CUT, [f"pack {PACK}: unexpected file size: got 1000, expected 300211"]),
        (NEW_GONE, [f"pack {PACK}: does not exist"]),
        (
            OLD_INDEX,
            [
                "error loading index 0e8ed26b: load <index/0e8ed26b89>: invalid data returned",
                "Fatal: LoadIndex returned errors",
            ],
        ),
        ([], ["restic ended with 1"]),
    ],
)
def test_the_problems_of_a_check_name_the_broken_files_once(complaints: list[str], problems: list[str]) -> None:
    assert problems_of(said(1, complaints)) == problems


def test_a_check_that_ends_well_and_complains_has_a_problem() -> None:
    assert problems_of(said(0, [])) == []
    assert problems_of(said(0, ["warning: something"])) == ["warning: something"]


def test_fields_with_default_values_may_be_missing_and_other_output_is_refused() -> None:
    assert said(0, [], '{"message_type":"status"}', "plain words").documents == [{"message_type": "status"}]
    assert said(0, [], "null").listed == []
    with pytest.raises(AgentError, match="something else than the JSON"):
        _ = said(0, [], "created restic repository c5db4f624f at /mnt/kit").document
    with pytest.raises(AgentError, match="something else than the JSON"):
        _ = said(0, [], "not json").listed
