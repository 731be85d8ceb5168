"""Scenarios that share one stack, in the order in which they are told; each leaves the stack as kit.yaml says."""

from __future__ import annotations

QUICKSTART = (
    "test_first_apply",
    "test_conversation",
    "test_browser",
    "test_second_apply",
    "test_plan_and_change",
    "test_closed_doors",
    "test_stop_and_start",
    "test_refused_before_anything",
    "test_verify_turns_red",
    "test_taken_back",
    "test_image_taken_back",
    "test_cut_off",
    "test_secrets_stay_secret",
    "test_away",
)
WORKSTATION = (
    "test_workstation",
    "test_workstation_mended",
    "test_workstation_interrupted",
    "test_workstation_fronts",
    "test_workstation_clients",
    "test_workstation_removals",
)
TOLD = (*QUICKSTART, *WORKSTATION)


def story_of(file: str) -> str:
    """Return what a test file belongs to: a story, or itself."""
    if file in QUICKSTART:
        return "quickstart"
    return "workstation" if file in WORKSTATION else file
