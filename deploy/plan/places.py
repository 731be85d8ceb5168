"""Changed places of user data: the plan's questions before a service begins there, and the choices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from deploy.agent.line import Line
from deploy.deployment.data_choices import EVERY, Choice, Choices
from deploy.deployment.host import Deployment
from deploy.deployment.places import Place, places_of
from deploy.hosts.observation.observe import Observation
from deploy.hosts.observation.places import SeenData, SeenPlace
from deploy.plan.operation import Action, Operation
from deploy.plan.remounted import emptied_parts, is_remounted, remounted, step_back
from deploy.stack import HERE
from deploy.words import host_words

if TYPE_CHECKING:
    from deploy.agent.contract.places import SettledPlace

MEANINGS: dict[Choice, str] = {
    "move": "takes it along",
    "fresh": "begins empty",
    "found": "continues with the data there now",
}
ACTIONS: dict[Choice, Action] = {"move": "move", "fresh": "begin", "found": "adopt"}


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
        }


def questions_of(deployment: Deployment, observation: Observation) -> tuple[Question, ...]:
    """Return a question for each changed place."""
    seen = ((place, observation.places.get(place.service)) for place in places_of(deployment))
    asked = (question_of(place, data) for place, data in seen if data is not None)
    return tuple(question for question in asked if question is not None)


def chosen_of(questions: tuple[Question, ...], choices: Choices) -> dict[str, Chosen]:
    """Return the questions with a valid choice, by service."""
    given = ((asked, choices.get(asked.place.service, choices.get(EVERY))) for asked in questions)
    return {asked.place.service: Chosen(asked, choice) for asked, choice in given if choice in asked.choices}


def question_of(place: Place, seen: SeenData) -> Question | None:
    """Return the question about a place; None if its data is that of before, or there was none."""
    if not seen.had or seen.before is None or "unreadable" in (seen.now.state, seen.former.state):
        return None
    if seen.stack:
        return _renamed(place, seen, seen.before)
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
        f"{_older(place, seen)}{remounted(seen)}",
        ("found",),
        step_back(seen),
        "its data is an earlier state",
    )


def _older(place: Place, seen: SeenData) -> str:
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


def place_refusals(questions: tuple[Question, ...], choices: Choices) -> Iterator[tuple[str, str]]:
    """Yield every question without a choice, with the lines that answer it."""
    answered = chosen_of(questions, choices)
    for question in questions:
        if question.place.service not in answered:
            given = choices.get(question.place.service, choices.get(EVERY))
            not_possible = f"; `--data {given}` is not possible here" if given else ""
            yield f"{question.problem}{not_possible}", _next_step(question, len(questions) > 1)


def _next_step(question: Question, is_one_of_several: bool) -> str:
    whose = f"{question.place.service}=" if is_one_of_several else ""
    lines = [f"`{Line('apply', '--data', f'{whose}{choice}')}` {MEANINGS[choice]}" for choice in question.choices]
    return "; ".join([*lines, f"or {question.otherwise}" if lines else question.otherwise])


def place_operations(chosen: Mapping[str, Chosen]) -> Iterator[Operation]:
    """Yield the operations on places before their services begin there."""
    for name, answer in chosen.items():
        path, before = answer.question.place.host_path, answer.question.before
        told = {
            "move": _moved(answer.question),
            "fresh": f"begins empty in {path}{_staying(answer.question)}",
            "found": f"goes on with what lies in {path}" + (f"; {before} stays as it is" if before != path else ""),
        }
        written = ((path, answer.question.size_bytes),) if answer.choice == "move" else ()
        yield Operation(
            f"data of {name}", ACTIONS[answer.choice], told[answer.choice], "release", name, written=written
        )


def _staying(question: Question) -> str:
    path, before = question.place.host_path, question.before
    other = f"; {before} stays as it is" if before != path else ""
    return f"; the other files there stay{other}" if question.is_filled else other


def _moved(question: Question) -> str:
    name, path, before = question.place.service, question.place.host_path, question.before
    whose = f"{name} of the stack {question.stack}" if question.stack else name
    told = [f"copied from {before} to {path} while {whose} is stopped, and checked", f"{before} stays as it is"]
    if question.stack:
        told.append(f"{whose} stays stopped")
    if question.is_filled:
        told.append(f"what lies in {path} under the same names is put aside there, in .kit-aside-TIME")
    return "; ".join(told)


def shared_refusals(deployment: Deployment, observation: Observation) -> Iterator[tuple[str, str]]:
    """Yield the places where another stack's service has its data: two programs that write one database break it."""
    for place in places_of(deployment):
        seen = observation.places.get(place.service)
        for stack in seen.users if seen else ():
            problem = f"{place.host_path} is where the stack {stack} on {host_words(observation.host)} has its data"
            line = f"`{Line('destroy', '--stack', stack)}`"
            destroyed = line if observation.host == HERE else "the verb destroy with its own kit.yaml"
            away = f"{destroyed} takes that stack away and keeps its data for this one"
            yield problem, f"write another folder for {place.service}; or {away}"


def place_advice(deployment: Deployment, observation: Observation) -> Iterator[str]:
    """Yield the places with data left behind although their service continues with data of its own."""
    for place in places_of(deployment):
        seen = observation.places.get(place.service)
        if seen is not None and question_of(place, seen) is None:
            yield from [_older(place, seen)] if seen.is_older else ()
            yield from emptied_parts(place, seen)
        if seen is not None and seen.is_swapped and seen.before == place.host_path and seen.now.state == "data":
            held = f", {seen.words} at the last apply" if seen.words else ""
            yield (
                f"{place.host_path} is another folder of models than {place.service} had: {seen.now.words} now{held};"
                " what is missing there is made again"
            )
        if seen is None or seen.was is None or seen.was.state != "data" or question_of(place, seen) is not None:
            continue
        yield f"{seen.was.words} of {place.service} stay in {seen.before}, and nothing removes them"


def as_moved(observation: Observation, chosen: Mapping[str, Chosen]) -> Observation:
    """Return the observation with the models of a moved place counted at the new one."""
    engines = {
        name: replace(observation.engines[name], place=answer.question.place.host_path)
        for name, answer in chosen.items()
        if answer.choice == "move" and name in observation.engines
    }
    return replace(observation, engines={**observation.engines, **engines}) if engines else observation
