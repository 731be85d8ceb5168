"""Models that only hosts run that are left out."""

from __future__ import annotations

from pathlib import Path

from deploy.decide.left_out import left_out_of
from deploy.deployment.way import Way
from deploy.spec.loading.loader import load_spec
from deploy.verify.left_out import LeftOut

SPEC = """\
kit: 1
stack: home
hosts:
  front: {address: 192.168.1.10, user: admin}
  big: {address: 192.168.1.20, user: admin, optional: true}
engines:
  - {name: main, kind: ollama, host: big, publish: lan}
  - {name: near, kind: ollama, host: front}
models:
  - {name: poet, engine: main, from: "llama3.2:3b"}
  - {name: both, engine: main, from: "llama3.2:3b"}
  - {name: both, engine: near, from: "llama3.2:3b"}
gateway: {kind: litellm, host: front, publish: lan, aliases: {writer: poet, any: both}}
webui: null
"""


def test_models_and_aliases_of_a_host_alone_are_absent_with_it(tmp_path: Path) -> None:
    (tmp_path / "kit.yaml").write_text(SPEC)
    ways = {host: Way(kind="ssh", name=host, address=f"192.168.1.{end}") for host, end in (("front", 10), ("big", 20))}
    spec = load_spec(tmp_path / "kit.yaml")
    absent = left_out_of(spec, ways, ["big"])
    assert absent == LeftOut(("192.168.1.20",), {"poet": "big", "writer": "big"})
    assert left_out_of(spec, ways, ["big", "front"]).models["any"] == "big and front"
    assert absent.reason("writer") == "writer runs only on big, which does not answer and is optional"
    assert absent.reason("both") == ""
