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
