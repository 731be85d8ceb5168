"""The engine that the recordings are held against: the double, or the one that `KIT_TEST_OLLAMA` names."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.contract import stand_in
from tests.contract.replay import blob_path, recorded
from tests.doubles.ollama.server import Server
from tests.doubles.ollama.settings import Settings


@dataclass(frozen=True)
class Engine:
    """An engine's address; the double's folder of models; the recordings' model, if it is here."""

    url: str
    models: Path | None
    model: Path | None

    @property
    def infers(self) -> bool:
        """True if it can answer with the model itself."""
        return self.model is not None and (self.models is None or shutil.which("llama-server") is not None)


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine without models."""
    model = stand_in.model_file()
    named = os.environ.get("KIT_TEST_OLLAMA")
    if named:
        if model is None:
            pytest.fail("KIT_TEST_OLLAMA needs KIT_TEST_GGUF, the model of the recordings", pytrace=False)
        yield Engine(named, None, model)
        return
    models = tmp_path_factory.mktemp("engine") / "models"
    server = Server(Settings.of({"OLLAMA_HOST": "127.0.0.1:0", "OLLAMA_MODELS": str(models), "OLLAMA_NO_CLOUD": "1"}))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield Engine(server.url, models, model)
    finally:
        server.shutdown()
        server.server_close()


def seed(engine: Engine) -> None:
    """Put the stand-in where the model would be."""
    if engine.models and not engine.model:
        verbose = next(one for one in recorded("0.32.15") if one.title == "show verbose, by name")
        stand_in.write(
            blob_path(engine.models), stand_in.cut_document(verbose.response.lines[0].removesuffix(" ...cut"))
        )
