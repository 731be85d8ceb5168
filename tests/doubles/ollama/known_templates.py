"""Chat templates of GGUFs that the engine knows by sight, with what it puts in their place."""

from __future__ import annotations

from dataclasses import dataclass

# The real engine knows some twenty of them; one is enough to keep the case.
NEAR = 100


@dataclass(frozen=True)
class Known:
    """A template in the model's language, and the engine's own for it."""

    name: str
    jinja: str
    template: str
    stop: tuple[str, ...]


CHATML = Known(
    "chatml",
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>'"
    " + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    "{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}<|im_start|>assistant\n",
    ("<|im_start|>", "<|im_end|>"),
)


def recognised(jinja: str) -> Known | None:
    """Return the known template that this one nearly is."""
    return CHATML if jinja and distance(jinja, CHATML.jinja) < NEAR else None


def distance(one: str, other: str) -> int:
    """Return how many letters must change; a great difference in length is answer enough."""
    if abs(len(one) - len(other)) >= NEAR:
        return NEAR
    row = list(range(len(other) + 1))
    for count, letter in enumerate(one, 1):
        before, row[0] = row[0], count
        for index, wanted in enumerate(other, 1):
            before, row[index] = row[index], min(row[index] + 1, row[index - 1] + 1, before + (letter != wanted))
    return row[-1]
