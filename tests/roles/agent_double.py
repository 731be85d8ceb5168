"""A double of the agent: the roles' side of its contract, with what it was asked kept beside it."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path


def main() -> int:
    """Answer one verb as the request says."""
    verb, request, place = sys.argv[1], json.load(sys.stdin), Path(__file__).parent
    (place / f"{verb}.json").write_text(json.dumps(request))
    if "sleep" in request:
        (place / "pid").write_text(str(os.getpid()))
        time.sleep(request["sleep"])
    if "error" in request:
        print(json.dumps({"error": request["error"]}))
        return 1
    print(json.dumps({"changed": request.get("changed", False)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
