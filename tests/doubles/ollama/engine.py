"""The loaded model: one llama-server at a time behind the double, started on demand, stopped when its time is up."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.doubles.ollama.refusals import Refused
from tests.doubles.ollama.settings import FOREVER, Settings
from tests.doubles.ollama.show import Model
from tests.doubles.ollama.store import Store

START_SECONDS = 300
BINARIES = ("llama-server", "/usr/lib/ollama/llama-server")


@dataclass
class Loaded:
    """A llama-server with one model."""

    model: Model
    context: int
    port: int
    process: subprocess.Popen[bytes]
    keep_alive: float
    expires: float = FOREVER

    @property
    def memory(self) -> int:
        """Memory of the process, in bytes."""
        with contextlib.suppress(OSError, IndexError, ValueError):
            pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
            return pages * os.sysconf("SC_PAGE_SIZE")
        return self.model.path.stat().st_size

    def ask(self, method: str, path: str, document: Any = None) -> http.client.HTTPResponse:
        """Ask the server behind; an answer that is an error is raised as one."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        body = None if document is None else json.dumps(document)
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        if answer.status >= 400:
            content = answer.read()
            with contextlib.suppress(ValueError, KeyError, TypeError):
                raise Refused(answer.status, json.loads(content)["error"]["message"])
            raise Refused(answer.status, content.decode(errors="replace"))
        return answer

    def told(self, path: str, document: Any) -> Any:
        """Return the JSON of an answer."""
        with self.ask("POST", path, document) as answer:
            return json.load(answer)


class Engine:
    """Loads models, one after the other; who needs another one waits until the one that is there is idle."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.settings = settings
        self.loaded: Loaded | None = None
        self._users = 0
        self._free = threading.Condition(threading.RLock())

    @contextlib.contextmanager
    def use(self, model: Model, options: dict[str, Any], keep_alive: float | None) -> Iterator[Loaded]:
        """Give a server that has the model loaded; it counts as used until the end."""
        with self._free:
            wanted = self._context(model, options)
            while self._users and not self._fits(model, wanted):
                self._free.wait()
            loaded = self.loaded if self.loaded and self._fits(model, wanted) else self._load(model, wanted, options)
            loaded.keep_alive = self.settings.keep_alive if keep_alive is None else keep_alive
            loaded.expires = FOREVER
            self._users += 1
        try:
            yield loaded
        finally:
            with self._free:
                self._users -= 1
                loaded.expires = time.time() + loaded.keep_alive
                self._free.notify_all()
                if loaded.keep_alive != FOREVER:
                    self._after(loaded.keep_alive)

    def unload(self, model: Model | None = None) -> None:
        """Stop the server, or only if it has this model."""
        with self._free:
            found = self.loaded
            if found and model is not None and self._users and found.model.name.folded == model.name.folded:
                # Who uses it is answered to the end.
                found.keep_alive = 0
            elif found and (model is None or found.model.name.folded == model.name.folded):
                self.loaded = None
                found.process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    found.process.wait(10)
                found.process.kill()
                found.process.wait()

    def _fits(self, model: Model, context: int) -> bool:
        found = self.loaded
        alive = found is not None and found.process.poll() is None
        return bool(found and alive and found.model.manifest.digest == model.manifest.digest) and (
            found is not None and found.model.name == model.name and found.context == context
        )

    def _context(self, model: Model, options: dict[str, Any]) -> int:
        trained = model.header.of_family("context_length") or FOREVER
        wanted = int(options.get("num_ctx") or self.settings.context_length)
        if wanted > trained:
            log("WARN", "requested context size too large for model", num_ctx=wanted, n_ctx_train=trained)
        return int(min(wanted, trained))

    def _load(self, model: Model, context: int, options: dict[str, Any]) -> Loaded:
        if not model.path.exists():
            raise Refused(404, f'model "{model.name}" not found, try pulling it first')
        self.unload()
        binary = next(filter(None, map(shutil.which, BINARIES)), None)
        if binary is None:
            raise Refused(500, f"llama-server binary not found (checked: {', '.join(BINARIES)})")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [binary, "--model", str(model.path), "--port", str(port), "--host", "127.0.0.1", "--no-webui"]
        command += ["--offline", "-c", str(context), "-np", "1"]
        # One core is left to everything else: on a busy machine a thread more makes answers very slow.
        threads = int(options.get("num_thread") or max((os.cpu_count() or 2) - 1, 1))
        command += ["-t", str(threads)]
        command += ["--embeddings"] if model.embeds else []
        for adapter in model.adapters:
            command += ["--lora", adapter]
        log("INFO", "starting llama-server", cmd=" ".join(command))
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        loaded = self.loaded = Loaded(model, context, port, process, self.settings.keep_alive)
        self._await(loaded)
        return loaded

    def _await(self, loaded: Loaded) -> None:
        limit = time.monotonic() + START_SECONDS
        while time.monotonic() < limit:
            if loaded.process.poll() is not None:
                self.loaded = None
                raise Refused(500, f"llama-server process has terminated: exit status {loaded.process.returncode}")
            with contextlib.suppress(OSError, Refused), loaded.ask("GET", "/health"):
                return
            time.sleep(0.05)
        self.unload()
        raise Refused(500, "timed out waiting for llama-server to start")

    def _after(self, seconds: float) -> None:
        if seconds <= 0:
            self._expire()
            return
        timer = threading.Timer(seconds + 0.05, self._expire)
        timer.daemon = True
        timer.start()

    def _expire(self) -> None:
        with self._free:
            if self.loaded and not self._users and self.loaded.expires <= time.time():
                self.unload()


def log(level: str, message: str, **facts: Any) -> None:
    """Write a line as the real engine writes its log."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    more = "".join(f" {key}={json.dumps(value) if ' ' in str(value) else value}" for key, value in facts.items())
    os.write(2, f'time={moment}.000Z level={level} source=double.py:1 msg="{message}"{more}\n'.encode())
