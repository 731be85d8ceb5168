from __future__ import annotations

from dataclasses import replace

from deploy.cli.told.machine import first_card, host_line
from deploy.hosts.observation.cards import Card
from deploy.hosts.observation.observe import Observation
from deploy.hosts.observation.seen import Docker, OperatingSystem

SYSTEM = OperatingSystem("debian", "12", "bookworm")
BARE = Observation(Docker(problem="no socket"), SYSTEM, systemd=False, root=True, cores=1, memory_bytes=2 * 2**30)


def test_a_machine_without_a_card_or_docker_says_so() -> None:
    assert host_line(BARE) == "host: 1 core, 2.0 GiB, no GPU, no Docker (no socket), no Compose"
    assert first_card(BARE) == {"vendor": None, "card": None, "driver": None}


def test_a_card_without_a_driver_is_told_by_its_numbers() -> None:
    assert "GPU 1002:7550 (no driver)" in host_line(replace(BARE, cards=(Card("amd", "1002:7550"),)))
