"""A later version of a service, which kit.lock pins, and of which a box has an image that never gets healthy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import yaml

from deploy.decide.desired import recall_desired
from tests.e2e.lab.host import LabHost
from tests.e2e.lab.pair import Pair

SAYS = "this version cannot start"
PROGRAM = f"#!/bin/sh\necho '{SAYS}' >&2\nexec sleep 600\n"
MAKE = """
set -eu
printf '%s' "$3" >/root/python3
chmod 755 /root/python3
docker create --name later "$1" python3 >/dev/null
docker cp /root/python3 later:/usr/bin/python3
docker commit --change "LABEL kit.recipe=${2##*:}" later "$2" >/dev/null
docker rm later >/dev/null
"""


@contextmanager
def later_version(pair: Pair, service: str, host: LabHost) -> Iterator[None]:
    """Pin the later version for the length of the block."""
    lock = pair.person.folder / "kit.lock"
    before, image = lock.read_text(), _image(pair, service)
    written = yaml.safe_load(before)
    wheel = next(each for each in written["images"][service]["wheels"] if each["name"] == service)
    wheel["sha256"] = "0" * 64
    try:
        lock.write_text(yaml.safe_dump(written, sort_keys=False))
        later = _image(pair, service)
        host.read("sh", "-c", MAKE, "make", image, later, PROGRAM)
        yield
        host.read("docker", "rmi", later)
    finally:
        lock.write_text(before)


def _image(pair: Pair, service: str) -> str:
    return recall_desired(pair.person.folder / "kit.yaml").service(service).image.reference
