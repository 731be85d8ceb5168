"""The command that opens device files in a container, run here on device files that every machine has."""

from __future__ import annotations

import subprocess

import pytest

from deploy.deployment.service import Device, DeviceRequest, Service
from deploy.verify.cards import MISSING, OPENING, patterns_of
from deploy.verify.checks import NotAsPlannedError
from deploy.verify.checks_stack import test_opens_its_cards as opens_its_cards
from deploy.verify.containers import Containers
from tests.unit.rooms.test_ollama import engine


class Answering(Containers):
    """Containers in which a command ends with a given code."""

    def __init__(self, code: int | None) -> None:
        self.code = code
        self.asked: list[list[str]] = []

    def of(self, _service: Service) -> dict[str, str]:
        """Return the container."""
        return {"Id": "1"}

    def exit_code(self, _container: str, argv: list[str]) -> int | None:
        """Note the command."""
        self.asked.append(argv)
        return self.code


def code_of(*patterns: str) -> int:
    return subprocess.run([*OPENING, *patterns], capture_output=True, check=False).returncode


def test_device_files_that_open_are_as_planned() -> None:
    assert code_of("/dev/null") == 0
    assert code_of("/dev/null", "/dev/zer* /dev/none") == 0


def test_a_list_without_a_device_file_is_missing() -> None:
    assert code_of("/dev/none*") == MISSING
    assert code_of("/dev/null", "/etc/passwd") == MISSING


def test_a_closed_device_file_is_told_apart() -> None:
    # A process without a terminal has none to open: the driver itself refuses.
    argv = [*OPENING, "/dev/tty"]
    ended = subprocess.run(argv, capture_output=True, check=False, start_new_session=True)
    assert ended.returncode not in (0, MISSING)


def test_the_files_are_those_of_the_service() -> None:
    devices = (Device("/dev/dri", "/dev/dri/renderD*", ""), DeviceRequest("nvidia", "cdi", "", ("nvidia.com/gpu=all",)))
    service = engine().service
    assert patterns_of(service) == ()
    given = Service("a", "b", service.image, (), service.owner, devices=devices)
    assert patterns_of(given) == ("/dev/dri/renderD*", "/dev/nvidiactl /dev/nvidia[0-9]* /dev/dxg")


@pytest.mark.parametrize(
    ("code", "words"), [(1, "may no longer open /dev/kfd"), (MISSING, "has none of /dev/kfd"), (None, "may no")]
)
def test_a_container_that_lost_its_card_is_told_with_the_line_that_gives_it_back(code: int | None, words: str) -> None:
    with pytest.raises(NotAsPlannedError, match=words) as failure:
        opens_its_cards(engine(gpu="amd").service, Answering(code))
    assert "restart main" in str(failure.value)


def test_a_container_with_its_card_or_without_any_is_as_planned() -> None:
    opens_its_cards(engine(gpu="amd").service, Answering(0))
    nobody = Answering(1)
    opens_its_cards(engine().service, nobody)
    assert nobody.asked == []
