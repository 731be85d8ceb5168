from __future__ import annotations

import json
import subprocess
import sys


def test_an_unknown_verb_and_a_request_of_another_format_are_refused_as_json() -> None:
    for arguments, request in ((["fly"], "{}"), (["probe"], '{"format": 99}'), (["probe"], "no json")):
        done = subprocess.run(
            [sys.executable, "-m", "deploy.agent", *arguments],
            input=request,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert json.loads(done.stdout)["error"]["problem"]


def test_what_the_agent_writes_is_readable_whatever_the_umask_says() -> None:
    script = "import os; from deploy.agent.__main__ import main; main(['fly']); print(oct(os.umask(0)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, umask=0o077)
    assert done.stdout.splitlines()[-1] == "0o22"
