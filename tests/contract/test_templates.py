"""Templates give the prompts that a real engine gave; broken ones are refused in its words."""

from __future__ import annotations

import pytest

from tests.doubles.ollama.gotemplate import TemplateError, parse
from tests.doubles.ollama.prompt import rendered

SHORT = [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]
TALK = [
    {"role": "system", "content": "sys"},
    {"role": "user", "content": "a"},
    {"role": "assistant", "content": "b"},
    {"role": "user", "content": "c"},
]
BEGUN = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "pre"}]
TURNS = "{{ if .System }}<s>{{ .System }}</s>{{ end }}[I]{{ .Prompt }}[/I]{{ .Response }}\n"
LAST = (
    "{{- if .System }}S:{{ .System }}\n{{- end }}\n{{- range $i, $_ := .Messages }}"
    '{{- $last := eq (len (slice $.Messages $i)) 1 }}{{ if eq .Role "user" }}U:{{ .Content }}{{ if $last }}!{{ end }}'
    '{{ else if eq .Role "assistant" }}A:{{ .Content }}{{ if not $last }}<e>{{ end }}{{ end }}\n{{ end }}A:'
)
# Each asked of a real engine, which tells the prompt that it would use.
PROMPTS = [
    ("{{ .System }} {{ .Prompt }}", SHORT, " a\n\nb"),
    (TURNS, SHORT, "[I]a\n\nb[/I]"),
    (TURNS, TALK, "<s>sys</s>[I]a[/I]b\n[I]c[/I]"),
    (TURNS, BEGUN, "[I]x[/I]pre"),
    (LAST, TALK, "S:sys\nU:a\nA:b<e>\nU:c!\nA:"),
    ("{{ range $m := .Messages }}{{ $m.Role }}={{ $m.Content | json }};{{ end }}", SHORT, 'user="a\\n\\nb";'),
    ("{{ with .System }}<{{ . }}>{{ else }}none{{ end }}{{ .Prompt }}", SHORT, "nonea\n\nb"),
    ("{{ len .Messages }} {{ (index .Messages 0).Content }} {{ .Nope }}", SHORT, "1 a\n\nb <no value>"),
]
BROKEN = {
    "{{ .Prompt": "template: :1: unclosed action",
    "{{ if .X }}": "template: :1: unexpected EOF",
    "{{ end }}": "template: :1: unexpected {{end}}",
    "{{ foo }}": 'template: :1: function "foo" not defined',
    "{{ $y }}": 'template: :1: undefined variable "$y"',
    '{{ "a }}': "template: :1: unterminated quoted string",
    "{{ (.x }}": "template: :1: unclosed left paren",
    "{{ .x) }}": "template: :1: unexpected right paren",
    '{{ template "x" }}': "undefined template specified",
    "{{ break }}": "template: :1: {{break}} outside {{range}}",
}


@pytest.mark.parametrize(("template", "messages", "prompt"), PROMPTS)
def test_a_template_gives_the_prompt_of_a_real_engine(
    template: str, messages: list[dict[str, str]], prompt: str
) -> None:
    assert rendered(template, messages, {}) == prompt


@pytest.mark.parametrize("template", BROKEN)
def test_a_broken_template_is_refused_in_the_words_of_a_real_engine(template: str) -> None:
    with pytest.raises(TemplateError) as refused:
        parse(template)
    assert str(refused.value) == BROKEN[template]
