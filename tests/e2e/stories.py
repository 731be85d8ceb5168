"""Scenarios that share one stack, in the order in which they are told; each leaves the stack as kit.yaml says."""

from __future__ import annotations

from pathlib import Path

QUICKSTART = (
    "test_first_apply",
    "test_conversation",
    "test_browser",
    "test_second_apply",
    "test_plan_and_change",
    "test_owned_settings",
    "test_data_moves",
    "test_model_by_address",
    "test_closed_doors",
    "test_stop_and_start",
    "test_refused_before_anything",
    "test_verify_turns_red",
    "test_rolled_back",
    "test_image_rolled_back",
    "test_backup_restored",
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
    "test_workstation_edge",
    "test_workstation_removals",
)
BETWEEN_HOSTS = (
    "test_through_the_edge",
    "test_over_ssh",
    "test_ways",
    "test_far_away",
    "test_two_at_once",
    "test_disk_full",
    "test_registry",
    "test_optional_host",
    "test_one_host_fails",
    "test_killed_anywhere",
    "test_exposure",
    "test_backups",
    "test_rebooted",
)
TOLD = (*QUICKSTART, *WORKSTATION, *BETWEEN_HOSTS)
LAB = (
    "roles/test_addresses",
    "roles/test_docker_engine",
    "roles/test_gpu_toolkit",
    "roles/test_image_transfer",
    "roles/test_images",
    "roles/test_jobs",
    "roles/test_timers",
)
"""These share three bare hosts, which take up to three minutes to make and to get an engine."""


def story_of(path: Path) -> str:
    """Return what a test file belongs to: a story, or itself."""
    place = f"{path.parent.name}/{path.stem}"
    if place in LAB:
        return "lab"
    for story, folder, files in (
        ("quickstart", "e2e", QUICKSTART),
        ("workstation", "e2e", WORKSTATION),
        ("between_hosts", "between_hosts", BETWEEN_HOSTS),
    ):
        if place in {f"{folder}/{file}" for file in files}:
            return story
    return place
