"""The machine that kit runs on, asked like a host where it is none: nothing of it stays there."""

from __future__ import annotations

import socket
from pathlib import Path

from deploy.agent.contract.knocking import KnockRequest
from deploy.agent.contract.verbs import KNOCK
from deploy.hosts.reach import control_node
from deploy.verify.outsiders import question


def test_the_control_node_knocks_by_an_agent_in_a_folder_of_the_run(tmp_path: Path) -> None:
    node = control_node(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as server:
        request: KnockRequest = {"questions": [question("127.0.0.1", server.getsockname()[1])]}
        answers = node.call(KNOCK, request)["answers"]
    assert [answer["source"] for answer in answers] == ["127.0.0.1"]
    assert Path(node.agent_path).parent == tmp_path
