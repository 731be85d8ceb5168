"""Properties of loading: whatever the bytes, whatever the valid spec."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from deploy.errors import SpecError
from deploy.spec.loading.loader import load_spec
from deploy.spec.model import Spec
from tests.strategies import spec_data

SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
WORDS = [
    "kit: 1",
    "stack: a",
    "engines:",
    "name",
    "kind: llama_cpp",
    "threads",
    "models",
    "from",
    "pip",
    "backup: null",
]
SIGNS = [
    "- ",
    "  ",
    ": ",
    "\n",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&a ",
    "*a",
    "!!str ",
    "'",
    '"',
    "? ",
    "#",
    "\t",
    "<<: ",
    "~",
    "0x1",
]
ODDS = ["---\n", "...\n", "%YAML 1.1\n", "\\x00", "\u2028", "\ufeff", "é", "\U0001d53e", "1e9", "gateway", "webui"]
PIECES = st.sampled_from(WORDS + SIGNS + ODDS)


def outcome(path: Path) -> Spec | SpecError:
    try:
        return load_spec(path)
    except SpecError as error:
        return error


@SHARED
@given(content=st.binary(max_size=400) | st.lists(PIECES, max_size=40).map(lambda parts: "".join(parts).encode()))
@example(content=b"")
@example(content=b"[" * 100_000)
@example(content=b"{a: " * 5_000)
@example(content=b"? " * 5_000)
@example(content=b"- " * 5_000)
@example(content=b"kit: 1\nstack: " + b"9" * 10_000)
@example(content=b'kit: 1\nstack: "\\ud800"')
@example(content=b"kit: 1\nstack: .inf\nengines: .nan")
@example(content=b"kit: 1\n" + b"a: &a [x]\n" + b"b: [*a, *a]")
def test_any_bytes_are_a_spec_or_problems_with_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "kit.yaml"
    path.write_bytes(content)
    result = outcome(path)
    if isinstance(result, SpecError):
        assert result.problems
        assert result.exit_code == 2
        assert all(problem.message and problem.message.isprintable() for problem in result.problems)
        assert list(result.problems) == sorted(result.problems)


def faulty(data: Any) -> st.SearchStrategy[Any]:
    """The data with one value somewhere replaced by another kind of value."""
    junk = st.sampled_from([None, True, -1, 10**15, "", "x" * 300, "a\nb", [], {}, [1], {"a": 1}, "../..", "$(id)"])
    return st.tuples(st.lists(st.integers(0, 50), min_size=1, max_size=4), junk).map(lambda at: spoiled(data, *at))


def spoiled(data: Any, steps: list[int], junk: Any) -> Any:
    keys = list(data) if isinstance(data, dict) else list(range(len(data))) if isinstance(data, list) else []
    if not keys or not steps:
        return junk
    chosen = keys[steps[0] % len(keys)]
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[chosen] = spoiled(data[chosen], steps[1:], junk)
    return copy


@SHARED
@given(data=spec_data().flatmap(faulty))
def test_a_spoiled_spec_is_a_spec_or_problems_with_words(tmp_path: Path, data: Any) -> None:
    path = tmp_path / "kit.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True))
    result = outcome(path)
    if isinstance(result, SpecError):
        assert all(problem.line for problem in result.problems)
        assert all(problem.message and problem.message.isprintable() for problem in result.problems)


@SHARED
@given(data=spec_data(), flow=st.booleans(), wide=st.booleans())
def test_a_spec_survives_being_written_as_yaml(tmp_path: Path, data: dict[str, Any], flow: bool, wide: bool) -> None:
    path = tmp_path / "kit.yaml"
    written = yaml.safe_dump(data, default_flow_style=flow, allow_unicode=wide, width=80 if flow else 10_000)
    path.write_text(written, encoding="utf-8")
    assert load_spec(path) == Spec.model_validate_json(json.dumps(data))


def test_a_spec_of_a_thousand_engines_loads_and_its_faults_are_told_up_to_a_point(tmp_path: Path) -> None:
    path = tmp_path / "kit.yaml"
    path.write_text(many(1000))
    assert len(load_spec(path).engines) == 1000
    path.write_text(many(1000).replace("threads: 1", "threads: 0"))
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    assert 100 < len(caught.value.problems) < 300
    path.write_text(many(1000).replace("kind: llama_cpp", "kind: ollama"))
    with pytest.raises(SpecError, match="correct these first"):
        load_spec(path)
    assert "more problems follow; correct these first" in str(caught.value)


def many(count: int) -> str:
    sha = "0" * 64
    engines = "".join(f"  - {{name: e{n}, kind: llama_cpp, threads: 1, port: {10_000 + n}}}\n" for n in range(count))
    models = "".join(f"  - {{name: m{n}, engine: e{n}, from: {{file: m{n}, sha256: '{sha}'}}}}\n" for n in range(count))
    return f"kit: 1\nstack: many\nbackup: null\nengines:\n{engines}models:\n{models}"
