"""Prints what an apply over hosts costs beside its peers: `python -m tests.bench.lan [--hosts 10] [--runs 5]`.

It needs root, Docker and the packages of the tests' lab. Each host has a Docker of its own
and one engine.
A peer has the files of the same release and runs the same `docker compose up -d`, signed in as root over SSH.

All hosts share the processors of this machine with the control node, so several hosts cost everybody more time than
they would on a LAN. Hence each row of N hosts against one has a second row: compose on N hosts at once against compose
on one, in the same turns. The last lines print both ratios side by side. kit's may be over its bar where the machine
has too few processors; above compose's ratio it is kit's own cost.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import shlex
import ssl
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from tests.bench.measure import REPOSITORY, Ratio, Result, as_json, in_turns, medians, output_of, seconds_of, table
from tests.bench.peers import Login, Peers, Work
from tests.e2e.lab.host import LabHost, lab_host
from tests.e2e.lab.person import with_ssh_files
from tests.weights import weights

STACK = "bench"
CURRENT = f"/opt/kit/{STACK}/current"
CONTEXTS = 512, 768
"""Lengths of context between which a setting goes back and forth."""
HOSTS, COMPOSE = "hosts", "compose"
"""Rows of an apply and of compose over several hosts against one."""
UP = f"docker compose --project-name kit-{STACK} --project-directory {{0}} -f {{0}}/compose.yaml up -d"


class Lan:
    """Hosts that are up with one engine each, and the kit.yaml files of the first, of some and of all."""

    def __init__(self, folder: Path, hosts: Sequence[LabHost], ca: str) -> None:
        self._folder, self._hosts, self._ca = folder, hosts, ca
        self._model = weights(folder)
        with self._model.open("rb") as stream:
            self._sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        self.ssh_files = folder / "ssh"
        self.ssh_files.mkdir(mode=0o700)
        known = "".join((host.folder / "known_hosts").read_text() for host in hosts)
        (self.ssh_files / "known_hosts").write_text(known)

    def write(self, count: int, context: int = CONTEXTS[0]) -> Path:
        """Write the kit.yaml of the first hosts, the first engine's context as given, and return its folder."""
        place = self._folder / f"of-{count}"
        place.mkdir(exist_ok=True)
        spec = {
            "kit": 1,
            "stack": STACK,
            "ca": self._ca,
            "hosts": {f"box{n}": _box(host) for n, host in enumerate(self._hosts[:count])},
            "engines": [_engine(n, context if n == 0 else CONTEXTS[0]) for n in range(count)],
            "models": [self._model_of(n) for n in range(count)],
            "gateway": None,
            "webui": None,
        }
        (place / "kit.yaml").write_text(yaml.safe_dump(spec, sort_keys=False))
        return place

    def kit(self, *words: str, of: int) -> list[str]:
        """Return the command line of kit for the first hosts."""
        spec = self._folder / f"of-{of}" / "kit.yaml"
        return [*with_ssh_files(self.ssh_files), str(REPOSITORY / "kit"), *words, str(spec)]

    def bring_up(self, count: int) -> None:
        """Apply to the first hosts, from nothing or not."""
        self.write(count)
        output_of(self.kit("lock", of=count))
        output_of(self.kit("apply", "--yes", of=count))

    def login(self, number: int) -> Login:
        """Return how root signs in to a host."""
        host = self._hosts[number]
        return Login(host.address, host.folder / "key", host.folder / "known_hosts")

    def ssh(self, number: int, command: str) -> list[str]:
        """Return the command that runs a line on a host by a connection of its own."""
        login = self.login(number)
        options = ("-o", f"UserKnownHostsFile={login.known_hosts}", "-o", "IdentitiesOnly=yes", "-i", str(login.key))
        return ["ssh", *options, f"root@{login.address}", command]

    def ssh_to_each(self, count: int, command: str) -> list[str]:
        """Return the command that runs a line on the first hosts at once, by connections of its own."""
        lines = [f"{shlex.join(self.ssh(number, command))} &" for number in range(count)]
        return ["sh", "-c", "\n".join([*lines, "wait"])]

    def release_of(self, number: int) -> Path:
        """Copy the files of a host's release here, for the peers to place."""
        to = self._folder / "release"
        subprocess.run(["docker", "cp", f"{self._hosts[number].name}:{CURRENT}/.", to], check=True, capture_output=True)
        return to

    def _model_of(self, number: int) -> dict[str, Any]:
        source = {"file": str(self._model), "sha256": self._sha256}
        return {"name": f"gemma{number}", "engine": f"engine{number}", "from": source}


def _box(host: LabHost) -> dict[str, str]:
    return {"address": host.address, "user": "root", "identity": str(host.folder / "key")}


def _engine(number: int, context: int) -> dict[str, Any]:
    name, host = f"engine{number}", f"box{number}"
    return {"name": name, "kind": "llama_cpp", "host": host, "threads": 1, "context_length": context}


def measure(lan: Lan, hosts: int, runs: int) -> Iterator[Ratio]:
    """Measure an apply without changes against its peers, and one setting of one host; yield each when it is known."""
    noop = lan.kit("apply", "--yes", of=1)
    up = UP.format(CURRENT)
    release = lan.release_of(0)
    peers = Peers(release.parent, Work(release, up), [lan.login(0)])
    against: list[tuple[str, list[str], float]] = [
        ("compose", lan.ssh(0, up), 3.0),
        ("ansible", peers.ansible(), 0.1),
        ("mitogen", peers.mitogen(), 1.0),
        ("pyinfra", peers.pyinfra(), 1.0),
    ]
    for name, peer, bar in against:
        yield replace(in_turns(name, noop, peer, bar=bar, runs=runs), ours="no-op, 1 host", peer=name)
    for count in sorted({min(3, hosts), hosts} - {1}):
        yield from growth(lan, count, runs)
    yield setting(lan, min(3, hosts), runs)


def growth(lan: Lan, count: int, runs: int) -> Iterator[Ratio]:
    """An apply without changes and compose, over several hosts against one; and both over several. All in one turn."""
    up, kit = UP.format(CURRENT), partial(lan.kit, "apply", "--yes")
    several, one, up_several, up_one = medians(
        kit(of=count), kit(of=1), lan.ssh_to_each(count, up), lan.ssh(0, up), runs=runs
    )
    ours, peer = f"no-op, {count} hosts", f"compose, {count} hosts at once"
    yield Ratio(f"{count} {HOSTS}", ours, "no-op, 1 host", several, one, 2.0, runs)
    yield Ratio(f"{count} {COMPOSE}", peer, "compose, 1 host", up_several, up_one, None, runs)
    yield Ratio(f"{count} floor", ours, peer, several, up_several, 3.0, runs)


def side_by_side(results: Sequence[Result]) -> list[str]:
    """Return how an apply and how compose grow with the hosts, a line for each number of hosts."""
    ratios = {result.name: result.ratio for result in results if isinstance(result, Ratio)}
    counts = [name.removesuffix(f" {COMPOSE}") for name in ratios if name.endswith(f" {COMPOSE}")]
    return [
        f"{count} hosts against one, on the same processors: "
        f"kit {ratios[f'{count} {HOSTS}']:.1f}x, compose {ratios[f'{count} {COMPOSE}']:.1f}x"
        for count in counts
    ]


def setting(lan: Lan, count: int, runs: int) -> Ratio:
    """One setting changed on one host of several, against compose making that container anew."""
    by_hand = lan.ssh(0, f"{UP.format(CURRENT)} --force-recreate --wait")
    turns = []
    for number in range(runs):
        lan.write(count, CONTEXTS[(number + 1) % 2])
        turns.append((seconds_of(lan.kit("apply", "--yes", of=count)), seconds_of(by_hand)))
    ours, peer = (median(turn[place] for turn in turns) for place in (0, 1))
    return Ratio(
        "setting", f"one setting, 1 host of {count}", "compose up --force-recreate --wait", ours, peer, 1.5, runs
    )


@contextlib.contextmanager
def copies(hosts: int, folder: Path, ca: str) -> Iterator[Sequence[LabHost]]:
    """Start hosts that have Docker: one that an apply provisioned, and copies of it."""
    with contextlib.ExitStack() as stack:
        place = partial(_place, folder)
        first = stack.enter_context(lab_host("bookworm", "systemd", place("box0")))
        _trust(first, ca)
        seed = folder / "seed"
        seed.mkdir()
        Lan(seed, [first], ca).bring_up(1)
        image = f"kit-bench/{first.name}"
        subprocess.run(["docker", "commit", "--pause=false", first.name, image], check=True, capture_output=True)
        stack.callback(subprocess.run, ["docker", "image", "rm", image], capture_output=True, check=False)
        others = [
            stack.enter_context(lab_host("bookworm", "systemd", place(f"box{number}"), image=image))
            for number in range(1, hosts)
        ]
        for host in others:
            host.read("rm", "-rf", f"/opt/kit/{STACK}", f"/srv/kit/{STACK}")
            # Hosts with one machine-id are one machine with several names.
            host.read("sh", "-c", "tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id")
        yield [first, *others]


def _place(folder: Path, name: str) -> Path:
    place = folder / name
    place.mkdir()
    return place


def _trust(host: LabHost, ca: str) -> None:
    host.read("mkdir", "-p", str(Path(ca).parent))
    subprocess.run(["docker", "cp", "--follow-link", ca, f"{host.name}:{ca}"], check=True, capture_output=True)


def main() -> None:
    """Start the hosts, measure, and take them away."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=10, help="how many there are")
    parser.add_argument("--runs", type=int, default=5, help="turns of each measurement")
    given = parser.parse_args()
    ca = ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt"
    with tempfile.TemporaryDirectory(prefix="kit-bench-") as name, copies(given.hosts, Path(name), ca) as hosts:
        lan = Lan(Path(name), hosts, ca)
        for count in sorted({given.hosts, min(3, given.hosts), 1}, reverse=True):
            lan.bring_up(count)
        results: list[Result] = []
        for ratio in measure(lan, given.hosts, given.runs):
            results.append(ratio)
            print(f"{ratio.ours}: {ratio.ours_seconds:.2f} s; {ratio.peer}: {ratio.peer_seconds:.2f} s", flush=True)
    print(table(results))
    print("\n".join(side_by_side(results)))
    print(as_json(results))


if __name__ == "__main__":
    main()
