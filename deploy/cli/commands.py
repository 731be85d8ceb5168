"""All verbs, each with its line of help: `kit --help` imports no verb."""

from __future__ import annotations

SECTIONS: dict[str, dict[str, str]] = {
    "Describe the stack": {
        "init": "Write a commented kit.yaml to begin with.",
        "check": "Read kit.yaml and kit.lock and report every problem at once.",
        "lock": "Pin every moving input of kit.yaml in kit.lock.",
        "import": "Turn files of other programs into lines of kit.yaml.",
        "render": "Write the rendered files of the hosts into a folder.",
    },
    "Set it up": {
        "plan": "Show what apply would change, and change nothing.",
        "apply": "Make the hosts match kit.yaml.",
        "verify": "Prove that the stack works and is closed to everybody else.",
        "status": "Show the running services, the drift, and the data folders.",
    },
    "Use the models": {
        "models": "Show the wanted and the present models.",
        "clients": "Print ready lines for the programs that use the models.",
        "run": "Chat with a model in the terminal.",
    },
    "Day to day": {
        "logs": "Show the services' logs.",
        "backup": "Take, list, show, compare, restore, verify and drill backups.",
        "bridge": "Show, watch and edit the web UI's files, and add documents.",
        "secret": "List the stack's secrets, or show one.",
        "start": "Start services that were stopped.",
        "stop": "Stop services until start or apply.",
        "restart": "Restart services.",
        "rebuild": "Build images again with today's Debian packages.",
    },
    "Remove": {
        "down": "Remove the containers; data, releases and images stay.",
        "destroy": "Remove the whole stack; user data stays unless --data is given.",
        "clean": "Remove images and caches that no stack of a host needs.",
    },
    "About kit": {
        "schema": "Print the JSON Schema of kit.yaml.",
        "version": "Print the version of kit and of what it works with.",
        "completion": "Print the completion script of a shell.",
    },
}

HOLDING = frozenset(
    {
        *("apply", "start", "stop", "restart", "rebuild", "down", "destroy", "clean", "models pull", "models remove"),
        *("backup now", "backup restore", "backup verify", "bridge edit-db", "bridge add"),
    }
)
"""Commands that change a host: one run at a time."""

FAILING = {"plan": "failed, or refused as apply would be", "import modelfile": "failed, or left something out"}
"""Meaning of exit code 1, if it is more than a failed command."""

CHECKING = {"plan": "changes pending", "status": "drift"}
"""Meaning of exit code 3, with --check."""

VERBS: dict[str, str] = {name: words for section in SECTIONS.values() for name, words in section.items()}

MODULES = {"import": "importing"}
"""Verbs whose module has another name."""


def exit_codes(command: str) -> dict[int, str]:
    """Return the meaning of a command's exit codes."""
    if command in SECTIONS["About kit"]:
        return {0: "done", 1: "failed", 2: "usage"}
    codes = {0: "done", 1: FAILING.get(command, "failed"), 2: "usage or spec"}
    if command in CHECKING:
        codes[3] = f"{CHECKING[command]} (--check)"
    if command in HOLDING:
        codes |= {0: "done, or nothing to do", 4: "held by another run"}
    return codes | {130: "interrupted", 143: "terminated"}
