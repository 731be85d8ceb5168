"""Changed places of user data in a plan: operations of the chosen answers, refusals without one, and advice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from deploy.agent.line import Line
from deploy.deployment.data_choices import EVERY, Choice, Choices
from deploy.deployment.host import Deployment
from deploy.deployment.places import places_of
from deploy.hosts.observation.observe import Observation
from deploy.plan.operation import Action, Operation
from deploy.plan.place_questions import Chosen, Question, chosen_of, older_words, question_of
from deploy.plan.remounted import emptied_parts
from deploy.stack import HERE
from deploy.words import host_words

MEANINGS: dict[Choice, str] = {
    "move": "takes it along",
    "fresh": "begins empty",
    "found": "continues with the data there now",
}
ACTIONS: dict[Choice, Action] = {"move": "move", "fresh": "begin", "found": "adopt"}


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
            yield from [older_words(place, seen)] if seen.is_older else ()
            yield from emptied_parts(place, seen)
            if place.imports and seen.had and not seen.is_import and not seen.imported:
                yield f"`import_from` changes nothing: {place.service} has data of its own in {place.host_path}"
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
