"""Dockers that forward what other machines send to a container's own address."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.agent.docker.direct import forwards

NO_RAW = "WARNING: DOCKER_INSECURE_NO_IPTABLES_RAW is set"


@pytest.mark.parametrize("version", ["20.10.24+dfsg1", "26.1.5+dfsg1", "27.5.1"])
def test_an_older_docker_forwards(version: str) -> None:
    assert forwards({"ServerVersion": version}, {})


@pytest.mark.parametrize("version", ["28.0.0", "28.2.2-0ubuntu1", "29.1.1", "dev"])
def test_a_newer_docker_drops(version: str) -> None:
    assert not forwards({"ServerVersion": version, "Warnings": None}, {})


@pytest.mark.parametrize(
    ("information", "settings"),
    [({"Warnings": [NO_RAW]}, {}), ({}, {"allow-direct-routing": True}), ({}, {"iptables": False})],
)
def test_a_newer_docker_that_a_setting_opens_forwards(information: dict[str, Any], settings: dict[str, Any]) -> None:
    assert forwards({"ServerVersion": "29.1.1", **information}, settings)
