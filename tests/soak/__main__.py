"""`tests/run soak`: large counts of what goes wrong, on the stacks of inventories/, boxes or a played host.

By hand, never in the continuous integration. KIT_KEEP=1 leaves the stack for the next run, which takes it over.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.e2e.evidence import Evidence
from tests.e2e.lab.pair import running_pair
from tests.e2e.quickstart import prepared_quickstart
from tests.e2e.workstation import prepared_workstation
from tests.soak.backups import ON_A_HOST, on_a_host
from tests.soak.chats import chats
from tests.soak.cuts import pulls, uploads
from tests.soak.far import far
from tests.soak.figures import PairStrain, Soak, Strain
from tests.soak.interruptions import deaths, disconnects, steps
from tests.soak.kills import kills
from tests.soak.knowledge import ON_THE_QUICKSTART

STRAINS: dict[str, Strain] = {"chats": chats, "pulls": pulls, "uploads": uploads, "kills": kills}
ON_BOXES: dict[str, PairStrain] = {"steps": steps, "disconnects": disconnects, "deaths": deaths, "far": far}


def main() -> int:
    """Bring the stack up, strain it as often as was asked for, and say what came of it."""
    parser = argparse.ArgumentParser(prog="tests/run soak", description=__doc__)
    strains = {**STRAINS, **ON_BOXES, **ON_THE_QUICKSTART, **ON_A_HOST}
    for name, strain in strains.items():
        parser.add_argument(f"--{name}", type=int, default=0, metavar="N", help=(strain.__doc__ or "").split(";")[0])
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="the same seed throws the same dice")
    asked = vars(parser.parse_args())
    if not any(asked[name] for name in strains):
        parser.error(
            "how often? --kills 20 --uploads 10 --pulls 10 --chats 200 --steps 1 --disconnects 8 --deaths 8 --far 3"
            " --copies 200 --chunks 1600"
        )
    if any(asked[name] for name in STRAINS):
        on_the_workstation(asked)
    if any(asked[name] for name in ON_BOXES):
        on_boxes(asked)
    if any(asked[name] for name in ON_THE_QUICKSTART):
        on_the_quickstart(asked)
    for name in ON_A_HOST:
        if asked[name]:
            begun = time.monotonic()
            said = on_a_host(name, random.Random(asked["seed"]), asked[name])
            print(f"{name}: {said}, in {time.monotonic() - begun:.0f} s", flush=True)
    return 0


def on_the_workstation(asked: dict[str, int]) -> None:
    """Strain the workstation's stack."""
    with prepared_workstation(Evidence("soak"), bool(os.environ.get("KIT_KEEP"))) as stack:
        if not stack.root.exists():
            with stack.library.open():
                stack.lock()
                stack.apply()
        for name, strain in STRAINS.items():
            if asked[name]:
                stack.settle()
                soak = Soak(stack, random.Random(asked["seed"]))
                begun = time.monotonic()
                print(f"{name}, seed {asked['seed']}", flush=True)
                strain(soak, asked[name])
                print(f"{name}: {soak}, in {time.monotonic() - begun:.0f} s", flush=True)


def on_boxes(asked: dict[str, int]) -> None:
    """Strain boxes over SSH."""
    with (
        tempfile.TemporaryDirectory(prefix="kit-soak-") as folder,
        running_pair(Path(folder), Evidence("soak-boxes")) as pair,
    ):
        pair.apply()
        for name, strain in ON_BOXES.items():
            if asked[name]:
                begun = time.monotonic()
                said = strain(pair, asked[name])
                print(f"{name}: {said}, in {time.monotonic() - begun:.0f} s", flush=True)


def on_the_quickstart(asked: dict[str, int]) -> None:
    """Strain the quickstart's stack on this machine."""
    with prepared_quickstart(Evidence("soak-quickstart"), bool(os.environ.get("KIT_KEEP"))) as stack:
        for name, strain in ON_THE_QUICKSTART.items():
            if asked[name]:
                stack.settle()
                begun = time.monotonic()
                said = strain(stack, random.Random(asked["seed"]), asked[name])
                print(f"{name}: {said}, in {time.monotonic() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
