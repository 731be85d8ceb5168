"""The repository keeps its own laws."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.components import ROOMS
from deploy.decide.desired import recall_desired
from tests.golden.hosts import settled
from tests.golden.plans_of import PLANS, desired_of
from tests.tree import REPOSITORY, tracked, travelling

LONGEST_FILE = 300
LONGEST_FUNCTION = 40
SAYS_NOTHING = {"config", "manager", "handler", "handlers", "helper", "helpers", "util", "utils", "common", "misc"}
VAGUE = {"found", "one"}
SAYS_THE_WORD = {
    # One protocol is called as one component is, and a person writes it.
    ("ollama", "deploy/components/external/spec.py"): "`api:` names the protocol",
    # Other programs name the protocol in what they read.
    ("ollama", "deploy/components/litellm/upstreams.py"): "the gateway's names of protocols",
    ("ollama", "deploy/components/open_webui/agent/setters.py"): "the page's names of settings",
    ("ollama", "deploy/components/open_webui/environment.py"): "a variable of the page",
    ("ollama", "deploy/components/open_webui/settings.py"): "the page's names of settings",
    # What a person writes to have an engine of their own used.
    ("external", "deploy/components/ollama/variables.py"): "advice: what to write instead",
    ("external", "deploy/hosts/observation/seen.py"): "advice: what to write instead",
    ("external", "deploy/hosts/wire/agent_zip.py"): "an attribute of the standard library's zipfile",
}
"""Modules outside of a room that say its name, and why. The list only shrinks: a new module has no place in it."""
ABOUT_ROOMS = {"deploy/components/__init__.py", "deploy/spec/model.py"}
PROTOCOL_DOORS = {
    *(f"deploy/protocols/doors/{door}.py" for door in ("chatting", "making", "modelfiles", "programs")),
    *(f"deploy/agent/protocols/doors/{door}.py" for door in ("making", "names", "observing", "ports")),
}
FRONTED = re.compile(r"(What|Whether|Of|Who|Whom|Whose|Where|How|Why|Which|When|By|For|Before|After|Without|With|If)\b")
# Spelled in two parts: this file is searched as well.
REGISTRIES = re.compile(
    "|".join(["pypi" + r"\.org", "python" + r"hosted\.org", "registry" + r"\.npmjs", "docker" + r"\.io/"])
)


HEAVY = ["pydantic", "pydantic_core", "jinja2", "yaml", "ansible", "http.client", "ssl", "email", "importlib.metadata"]
EMPTY_APPLY = f"""
import json, sys
from pathlib import Path
from deploy.cli.verbs.apply import command
from deploy.cli.verbs.applying import Options, apply_and_tell
from deploy.cli.terminal.output import Output
from deploy.decide.desired import recall_desired
from deploy.hosts.reach import Hosts
class Host:
    agent_path = ""
    def call(self, verb, request):
        return json.loads(Path(sys.argv[2]).read_text())
hosts = Hosts({{"here": Host()}})
assert apply_and_tell(Output(False, False), recall_desired(Path(sys.argv[1])), hosts, Options(yes=True)) == 0
print(json.dumps(sorted(set({HEAVY}) & set(sys.modules))))
"""


VERIFYING = """
import json, sys
from pathlib import Path
from deploy.cli.verbs.verify import command
from deploy.decide.desired import recall_desired
assert recall_desired(Path(sys.argv[1])).stack
print(json.dumps(sorted({"pydantic", "jinja2", "yaml", "ansible"} & set(sys.modules))))
"""


def room_of(path: str) -> str:
    """The component whose room a file lies in; empty outside of all rooms."""
    parts = Path(path).parts
    return parts[2] if parts[:2] == ("deploy", "components") and len(parts) > 3 else ""


def functions(path: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse((REPOSITORY / path).read_text())
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("kind", sorted(ROOMS))
def test_nothing_outside_a_room_knows_the_name_of_its_component(kind: str) -> None:
    name = re.compile(rf"(?<![a-z]){kind.replace('_', '[_-]?')}(?![a-z])", re.IGNORECASE)
    known = tuple(f"deploy/{parent}/{kind}/" for parent in ("components", "protocols", "agent/protocols"))
    outside = [path for path in tracked("deploy") if not path.startswith(known)]
    outside = [path for path in outside if path not in ABOUT_ROOMS | PROTOCOL_DOORS]
    told = {path for path in outside if name.search((REPOSITORY / path).read_text())}
    excused = {path for of, path in SAYS_THE_WORD if of == kind}
    assert told - excused == set()
    # A module that says it no longer leaves the list.
    assert excused - told == set()


@pytest.mark.parametrize("path", tracked("tests/*.py"))
def test_no_check_compares_what_cannot_differ(path: str) -> None:
    """Two constants, or a value with itself, say nothing of how the kit behaves."""
    compared = [
        (node.test.left, node.test.comparators[0], node.lineno)
        for node in ast.walk(ast.parse((REPOSITORY / path).read_text()))
        if isinstance(node, ast.Assert) and isinstance(node.test, ast.Compare) and len(node.test.ops) == 1
    ]
    found = [line for left, right, line in compared if ast.dump(left) == ast.dump(right)]
    found += [line for left, right, line in compared if is_constant(left) and is_constant(right)]
    assert found == []


def is_constant(node: ast.expr) -> bool:
    """Say whether an expression is written down somewhere, as `module.NAME` is."""
    if isinstance(node, ast.Attribute):
        return node.attr.isupper()
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id.isupper())


def test_the_contract_of_imports_knows_every_room() -> None:
    contracts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    told = next(contract["modules"] for contract in contracts if contract["id"] == "rooms")
    assert sorted(told) == sorted(f"deploy.components.{kind}" for kind in ROOMS)


def test_the_contract_about_the_agent_names_all_of_the_control_node() -> None:
    contracts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    sources = next(contract["source_modules"] for contract in contracts if contract["id"] == "agent")
    top = {Path(path).parts[1].removesuffix(".py") for path in tracked("deploy/*.py")}
    assert set(sources) == {f"deploy.{name}" for name in top - {"__init__", "agent"}}


def test_a_room_is_called_the_same_in_every_tree() -> None:
    assert {room_of(path) for path in tracked("deploy/components")} - {""} == set(ROOMS)
    roles = {Path(path).parts[1] for path in tracked("roles")}
    golden = {part for path in tracked("tests/golden") for part in Path(path).parts if part in ROOMS}
    templates = {Path(path).parts[1] for path in tracked("templates")}
    for kind in ROOMS:
        spellings = {kind.replace("_", ""), kind.replace("_", "-")} - {kind}
        assert not spellings & (roles | golden | templates)


@pytest.mark.parametrize("path", travelling())
def test_what_travels_to_a_host_needs_nothing_but_its_python(path: str) -> None:
    tree = ast.parse((REPOSITORY / path).read_text(), feature_version=(3, 9))
    modules = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    modules += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    # Of a room its `agent/` travels alone: that may know itself, and nobody else may.
    own = ("deploy.agent", f"deploy.components.{room_of(path)}.agent") if room_of(path) else ("deploy.agent",)
    foreign = {
        module
        for module in modules
        if module.partition(".")[0] not in sys.stdlib_module_names and not module.startswith(own)
    }
    assert foreign == set()


@pytest.mark.parametrize("case", ["settled", "models_parameter_changed", "external_engine_asleep"])
def test_an_apply_with_an_empty_plan_loads_nothing_that_reads_or_prints(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    answer = tmp_path / "answer.json"
    answer.write_text(json.dumps(settled(desired_of(PLANS / case / "kit.yaml", tmp_path))))
    recall_desired(tmp_path / "kit.yaml")
    argv = [sys.executable, "-c", EMPTY_APPLY, str(tmp_path / "kit.yaml"), str(answer)]
    done = subprocess.run(argv, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    printed, loaded = done.stdout.strip().splitlines()
    assert printed.startswith("nothing to change")
    assert json.loads(loaded) == []


def test_verify_loads_nothing_that_reads_or_prints_before_its_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    desired_of(PLANS / "settled" / "kit.yaml", tmp_path)
    recall_desired(tmp_path / "kit.yaml")
    argv = [sys.executable, "-c", VERIFYING, str(tmp_path / "kit.yaml")]
    done = subprocess.run(argv, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_no_file_is_longer_than_a_person_reads() -> None:
    lengths = {
        path: len((REPOSITORY / path).read_text().splitlines()) for path in tracked("*.py", "*.yml", "*.j2", "*.sh")
    }
    assert {path: length for path, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = {
        f"{path}:{function.lineno} {function.name}"
        for path in tracked("*.py")
        for function in functions(path)
        if (function.end_lineno or 0) - function.lineno + 1 > LONGEST_FUNCTION
    }
    assert long == set()


def test_a_docstring_begins_with_its_subject() -> None:
    fronted = {
        f"{path}:{node.lineno} {node.value.value.splitlines()[0]}"
        for path in tracked("*.py")
        for node in ast.walk(ast.parse((REPOSITORY / path).read_text()))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        if FRONTED.match(node.value.value)
    }
    assert fronted == set()


def test_a_description_of_a_roles_variable_begins_with_its_subject() -> None:
    fronted = {
        f"{path}: {words}"
        for path in tracked("roles/*.yml")
        for words in re.findall(r"description: (.+)", (REPOSITORY / path).read_text())
        if FRONTED.match(words)
    }
    assert fronted == set()


def test_a_variable_has_a_noun_that_says_its_value() -> None:
    vague = [
        f"{path}:{node.lineno}: {name}"
        for path in tracked("deploy/*.py")
        for node in ast.walk(ast.parse((REPOSITORY / path).read_text()))
        if isinstance(node, (ast.Name, ast.arg))
        and (name := getattr(node, "id", "") or getattr(node, "arg", "")) in VAGUE
    ]
    assert vague == []


def test_a_modules_name_says_what_it_does() -> None:
    assert [path for path in tracked("deploy/*.py") if Path(path).stem in SAYS_NOTHING] == []


def test_a_wait_for_a_yes_or_no_tells_the_state_behind_it() -> None:
    silent = {
        f"{path}:{call.lineno}"
        for path in tracked("tests/*.py")
        for call in ast.walk(ast.parse((REPOSITORY / path).read_text()))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "wait_until"
        if isinstance(call.args[0], ast.Lambda)
        if isinstance(call.args[0].body, ast.Compare | ast.BoolOp | ast.UnaryOp)
        if "saw" not in {keyword.arg for keyword in call.keywords}
    }
    assert silent == set()


def test_no_place_to_fetch_from_is_written_down() -> None:
    found = {
        path
        for path in tracked()
        if path != "uv.lock" and REGISTRIES.search((REPOSITORY / path).read_bytes().decode(errors="replace"))
    }
    assert found == set()


def test_the_changelog_names_every_component() -> None:
    changelog = re.sub(r"[^a-z]", "", (REPOSITORY / "CHANGELOG.md").read_text().lower())
    assert [kind for kind in ROOMS if kind.replace("_", "") not in changelog] == []
