"""Prints ratios against a peer measured in the same run: `python tests/bench/run.py [--spec KIT_YAML] [NAME...]`.

help: `kit --help` against `import click` with the same interpreter.
cold: the stack's first apply against the sum of its own steps, as if done by hand; the stack must not be there yet.
noop: an apply that changes nothing against `docker compose up -d` of the same stack; the stack must be up.
sync: what the agent does for 50 unchanged models of an engine against one `curl /api/tags`.
upload: the agent's upload of a GGUF against `curl` of one like it. Both ask a double, or the engine KIT_TEST_OLLAMA.
backup, daily: a first backup, before a change and daily, against copying the same data and the same of restic on it.
care, careday: the same against a consistent copy, flushed and checked, as a careful person makes it.
work, workday: the processor time of backup and daily, which a busy machine changes little.
flush: the longest fsync of a writer beside the flush of a big copy in pieces against that beside one at once.
stall: the longest commit of a writer beside a daily run against that beside the same work by hand.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.backups import backup, backup_care, backup_work, daily, daily_care, daily_work, stall
from tests.bench.engines import sync, upload
from tests.bench.flushes import flush_of_a_copy
from tests.bench.measure import REPOSITORY, Result, as_json, in_turns, table
from tests.bench.stack import cold, noop

QUICKSTART = REPOSITORY / "inventories/quickstart/kit.yaml"


def help_of_kit(_spec: Path) -> Result:
    """`kit --help` against the import that it cannot do without."""
    script = "import sys; from deploy.cli.entry import main; sys.exit(main())"
    return in_turns(
        "help", [sys.executable, "-c", script, "--help"], [sys.executable, "-c", "import click"], bar=1.5, runs=21
    )


BENCHES = {
    "help": help_of_kit,
    "cold": cold,
    "noop": noop,
    "sync": sync,
    "upload": upload,
    "backup": backup,
    "daily": daily,
    "care": backup_care,
    "careday": daily_care,
    "work": backup_work,
    "workday": daily_work,
    "flush": flush_of_a_copy,
    "stall": stall,
}


def main() -> int:
    """Measure what was asked for, or everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--spec", type=Path, default=QUICKSTART, help="kit.yaml of the stack to measure")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in BENCHES]
    if unknown:
        parser.error(f"no bench called {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    results = [BENCHES[name](given.spec.resolve()) for name in given.names or BENCHES]
    print(table(results))
    print(as_json(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
