"""`kit version`."""

from __future__ import annotations

import platform
from importlib.metadata import version

from deploy import __version__
from deploy.cli.terminal.output import Output
from deploy.cli.verbs.declare import verb


@verb("version", "version", "version --json")
def command(output: Output) -> None:
    """Print the version of kit and of what it works with."""
    parts = {"python": platform.python_version(), "ansible-core": version("ansible-core")}
    words = ", ".join(f"{name} {number}" for name, number in parts.items())
    output.answer(f"kit {__version__} ({words})", {"kit": __version__, **parts})
