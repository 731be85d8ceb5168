"""The launcher with the real packages."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from deploy import __version__
from tests.unit.checkout import Checkout

NETWORK_SETTING = "(?i)(pip|uv|ssl)_|.*_proxy$"
pytestmark = pytest.mark.network


@pytest.mark.parametrize("maker", ["offer_uv", "offer_python"])
def test_a_fresh_checkout_answers_with_empty_caches(repository: Path, tmp_path: Path, maker: str) -> None:
    checkout = Checkout.make(repository, tmp_path / "checkout", tmp_path / "bin")
    shutil.copytree(repository / "deploy", checkout.root / "deploy", dirs_exist_ok=True)
    shutil.copy(repository / "requirements.txt", checkout.root)
    settings = {name: value for name, value in os.environ.items() if re.match(NETWORK_SETTING, name)}
    checkout.environ = {**settings, **checkout.environ}
    getattr(checkout, maker)()
    run = checkout.run("version")
    assert run.out.startswith(f"kit {__version__} ("), run.err
    (tools,) = (Path(entry) for entry in checkout.place.glob("run-*/bin"))
    assert {"ansible-playbook", "pytest", "uv"} <= {entry.name for entry in tools.iterdir()}
