"""The agent's one form of failure: the problem and the next step, as JSON."""

from __future__ import annotations

from typing import Any

from deploy.agent.line import Line

FAILED = 1
HELD = 4


class AgentError(Exception):
    """A failed operation; the control node prints the text unchanged."""

    def __init__(self, problem: str, next_step: str = "", exit_code: int = FAILED, **details: Any) -> None:
        super().__init__(problem)
        self.problem = problem
        self.next_step = next_step
        self.exit_code = exit_code
        self.details = details

    def document(self) -> dict[str, Any]:
        """Return the JSON document that the agent prints."""
        return {"error": {"problem": self.problem, "next": self.next_step}, **self.details}


def told(problem: AgentError | OSError) -> AgentError:
    """Convert a failure of the host, such as a full disk, to an AgentError."""
    return (
        problem
        if isinstance(problem, AgentError)
        else AgentError(str(problem), f"fix it, then run `{Line('apply')}` again")
    )


class Interrupted(BaseException):
    """The agent was told to stop; not an Exception, so that no handler swallows it."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.exit_code = 128 + signal_number
