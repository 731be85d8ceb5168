"""Questions about changed places of user data: a person chooses before a service begins there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deploy.deployment.data_choices import EVERY, Choice, Choices
from deploy.deployment.host import Deployment
from deploy.deployment.places import Place, places_of
from deploy.hosts.observation.observe import Observation
from deploy.hosts.observation.places import SeenData, SeenPlace
from deploy.plan.remounted import is_remounted, remounted, step_back

if TYPE_CHECKING:
    from deploy.agent.contract.places import SettledPlace


IMPORTED: tuple[Choice, ...] = ("move", "fresh")
"""Choices for data to import."""


@dataclass(frozen=True)
class Question:
    """A place without the data of the last accepted release, with the possible choices."""

    place: Place
    before: str
    """Former place; the same folder if only its content changed."""
    problem: str
    choices: tuple[Choice, ...]
    otherwise: str
    """Action of a person in place of a choice."""
    cause: str
    """Cause of the recreation of its container."""
    size_bytes: int = 0
    """Size of the data that a move copies."""
    is_filled: bool = False
    """True if the place already has files, which a move puts aside."""
    stack: str = ""
    """Stack that owns the data; empty for this one."""
    is_import: bool = False
    """True if the data is of an installation before the kit."""

    @property
    def given(self) -> Choice | None:
        """The choice that kit.yaml itself makes: data to import is copied where nothing else lies."""
        return "move" if self.is_import and self.choices == IMPORTED else None

    def as_json(self) -> dict[str, Any]:
        """Return the question as JSON values."""
        named = {"service": self.place.service, "before": self.before, "now": self.place.host_path}
        return {**named, "problem": self.problem, "choices": list(self.choices), "otherwise": self.otherwise}


@dataclass(frozen=True)
class Chosen:
    """A question with its choice."""

    question: Question
    choice: Choice

    def request(self) -> SettledPlace:
        """Return the request for the agent."""
        place, question = self.question.place, self.question
        # The secrets of a service are those that its data was written with.
        takes_over = bool(question.stack) and (self.choice == "move" or question.before == place.host_path)
        return {
            **place.request(),
            "uid": place.owner.uid,
            "gid": place.owner.gid,
            "from": question.before,
            "choice": self.choice,
            "stack": question.stack,
            "takes_over": takes_over,
            "is_import": question.is_import,
        }


def questions_of(deployment: Deployment, observation: Observation) -> tuple[Question, ...]:
    """Return a question for each changed place."""
    seen = ((place, observation.places.get(place.service)) for place in places_of(deployment))
    asked = (question_of(place, data) for place, data in seen if data is not None)
    return tuple(question for question in asked if question is not None)


def chosen_of(questions: tuple[Question, ...], choices: Choices) -> dict[str, Chosen]:
    """Return the questions with a valid choice, by service."""
    given = ((asked, choices.get(asked.place.service, choices.get(EVERY, asked.given))) for asked in questions)
    return {asked.place.service: Chosen(asked, choice) for asked, choice in given if choice in asked.choices}


def question_of(place: Place, seen: SeenData) -> Question | None:
    """Return the question about a place; None if its data is that of before, or there was none."""
    if not seen.had or seen.before is None or "unreadable" in (seen.now.state, seen.former.state):
        return None
    if seen.stack:
        return _renamed(place, seen, seen.before)
    if seen.is_import:
        return _imported(place, seen, seen.before)
    if seen.now.state == "broken":
        return Question(
            place,
            seen.before,
            f"{place.host_path} holds a database of {place.service} that cannot be read",
            (),
            "restore an intact one from a copy",
            "",
        )
    if seen.before == place.host_path:
        return _same_folder(place, seen, seen.before)
    return _another_folder(place, seen, seen.before)


def _renamed(place: Place, seen: SeenData, before: str) -> Question | None:
    was, now, name = seen.former, seen.now, place.service
    back = f"write `stack: {seen.stack}` in kit.yaml again"
    problem = f"this kit.yaml was applied here as the stack {seen.stack}"
    if before == place.host_path and now.state == "data":
        whose = f"{problem}: {now.words} of it lie in {place.host_path}"
        return Question(place, before, whose, ("found",), back, "", stack=seen.stack)
    if was.is_bare or set(was.ids) & set(now.ids):
        return None
    if now.is_bare:
        what = f"{_would_begin(place, now)}, and {was.words} stay in {before}"
    else:
        what = f"{name} would go on with {now.words} in {place.host_path}, and {was.words} stay in {before}"
    choices: tuple[Choice, ...] = ("move", "fresh") if now.is_bare else ("move", "found")
    return Question(place, before, f"{problem}: {what}", choices, back, "", was.size_bytes, now.is_filled, seen.stack)


def _imported(place: Place, seen: SeenData, before: str) -> Question | None:
    was, now, name = seen.former, seen.now, place.service
    if was.is_bare or was.state == "broken":
        state = "holds a database that cannot be read" if was.state == "broken" else was.told
        problem = f"there is no data of {name} to import: {before} {state}"
        return Question(
            place, before, problem, (), "correct `import_from` in kit.yaml, or leave it out", "", is_import=True
        )
    if now.is_bare:
        problem = f"{was.words} of {name} lie in {before}"
        back, cause = "leave `import_from` out of kit.yaml", f"its data is in {place.host_path} now"
        return Question(place, before, problem, IMPORTED, back, cause, was.size_bytes, now.is_filled, is_import=True)
    if set(was.ids) & set(now.ids):
        return None
    problem = f"{place.host_path} holds {now.words} already, and kit.yaml imports {was.words} from {before}"
    back = "leave `import_from` out of kit.yaml"
    return Question(place, before, problem, ("found", "move"), back, "", was.size_bytes, is_filled=True, is_import=True)


def _would_begin(place: Place, now: SeenPlace) -> str:
    beside = f" ({place.host_path} {now.told})" if now.is_filled else ""
    return f"{place.service} would begin empty in {place.host_path}{beside}"


def _same_folder(place: Place, seen: SeenData, before: str) -> Question | None:
    if seen.now.is_bare:
        return _gone(place, seen, before)
    if not seen.is_another:
        return _earlier(place, seen, before)
    held = f", and {seen.words} at the last apply" if seen.words else ""
    return Question(
        place,
        before,
        f"{before} holds another database of {place.service} than the last apply left there: "
        f"{seen.now.words} now{held}{remounted(seen)}",
        ("found",),
        step_back(seen),
        "its data is another database",
    )


def _earlier(place: Place, seen: SeenData, before: str) -> Question | None:
    """Return a question about an earlier state on another drive; None for a copy that a person restored."""
    if not seen.is_older or not is_remounted(seen):
        return None
    return Question(
        place,
        before,
        f"{older_words(place, seen)}{remounted(seen)}",
        ("found",),
        step_back(seen),
        "its data is an earlier state",
    )


def older_words(place: Place, seen: SeenData) -> str:
    """Return the sentence about a folder whose data is older than the last apply left it."""
    held = f", {seen.words} at the last apply" if seen.words else ""
    return (
        f"{place.host_path} holds an earlier state of {place.service} than the last apply left: {seen.now.words}{held}"
    )


def _gone(place: Place, seen: SeenData, before: str) -> Question:
    held = f"; it held {seen.words} at the last apply" if seen.words else ""
    there = f"{before} {seen.former.told}"
    if before != place.host_path:
        there += f", and {place.host_path} {seen.now.told}"
    return Question(
        place,
        before,
        f"the data of {place.service} is not there: {there}{held}{remounted(seen)}",
        ("fresh",),
        step_back(seen),
        f"its data in {place.host_path} begins empty",
        is_filled=seen.now.is_filled,
    )


def _another_folder(place: Place, seen: SeenData, before: str) -> Question | None:
    was, now, name = seen.former, seen.now, place.service
    cause = f"its data is in {place.host_path} now"
    if was.is_bare:
        if now.is_bare:
            return _gone(place, seen, before)
        if not now.ids or not seen.ids or set(seen.ids) & set(now.ids):
            return None
        other = f"{place.host_path} holds another database of {name} than {before} held: {now.words} now"
        return Question(place, before, other, ("found",), f"put the data of {before} there", cause)
    back = "write its folder in kit.yaml as it was"
    if now.is_bare:
        stays = f"{_would_begin(place, now)}: {was.words} stay in {before}"
        return Question(place, before, stays, ("move", "fresh"), back, cause, was.size_bytes, now.is_filled)
    if not was.ids:
        return None
    there = f"{now.words} in {place.host_path}, {was.words} in {before}"
    if not set(was.ids) & set(now.ids):
        other = f"{place.host_path} holds another database of {name}: {there}"
        return Question(place, before, other, ("found", "move"), back, cause, was.size_bytes, is_filled=True)
    if now.latest < was.latest:
        older = f"{place.host_path} holds an older state of {name} than {before}: {there}"
        return Question(place, before, older, ("move", "found"), back, cause, was.size_bytes, is_filled=True)
    return None
