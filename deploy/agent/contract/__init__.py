"""The documents that the control node and an agent exchange; both sides take their types from here.

A running program needs the number alone. The types stand in modules of their own, which only annotations name: an
agent that starts for one verb loads none of them.
"""

from __future__ import annotations

FORMAT = 1
"""Format of requests and answers. An agent refuses a request of another one."""
AS_ROOT = "run the same command with sudo, or as root"
"""Next step of a verb that needs root; the control node replaces it for a host that is not its own machine."""
