"""Device files of cards, opened inside of a container as its program does."""

from __future__ import annotations

from deploy.deployment.service import Service

MISSING = 3
OPENING = (
    *("sh", "-c"),
    # Each argument is a list of patterns; one device file of each list must open. A failing redirection ends the shell.
    f"""for patterns do
    found=
    for node in $patterns; do
        [ ! -c "$node" ] || {{ found=yes; exec 3<>"$node"; }}
    done
    [ -n "$found" ] || exit {MISSING}
done""",
    "opens",
)
"""Command that opens device files: exit code 0 if all open, MISSING if there is none, another one if one is closed."""
NODES = {"nvidia": "/dev/nvidiactl /dev/nvidia[0-9]* /dev/dxg"}
"""Device files by vendor that a driver of Docker's adds."""


def patterns_of(service: Service) -> tuple[str, ...]:
    """Return the lists of device files that a container must be able to open, as a shell reads them."""
    named = (device.nodes for device in service.host_devices)
    return tuple(dict.fromkeys((*named, *(NODES.get(request.vendor, "") for request in service.device_requests))))
