"""A template is held to the language of the engine; what it does not know is refused with a hint."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from deploy.protocols.ollama.template import Template, faults

CHATML = "{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}<|im_start|>assistant\n"
OLD = (
    "{{ if .System }}<s>{{ .System }}</s>{{ end }}{{ if .Prompt }}[INST] {{ .Prompt }} [/INST]{{ end }}{{ .Response }}"
)
TOOLS = """{{- /* tools */ -}}
{{- range $index, $_ := .Messages }}
{{- $last := eq (len (slice $.Messages $index)) 1 -}}
{{- if eq .Role "user" }}
{{- if and $last $.Tools (not $.Suffix) }}[TOOLS] {{ json $.Tools }}[/TOOLS]
{{- range $.Tools }}{{ .Function.Name }}: {{ .Function.Description }}
{{- range $name, $about := .Function.Parameters.Properties }} {{ $name }}={{ $about.Type }}
{{ $about | toTypeScriptType }}
{{- end }}{{ end }}{{ end }}{{ .Content }}
{{- else if or .ToolCalls (eq .Role "assistant") -}}
{{- range .ToolCalls }}{"name": "{{ .Function.Name }}", "arguments": {{ .Function.Arguments }}}
{{- $.System }}{{ break }}{{ end }}{{ .Thinking }}
{{- else }}{{ (index $.Messages 0).Content | printf "%-10s" }}{{ continue }}
{{- end }}
{{- with $.System }}{{ . }}{{ else with $.Prompt }}{{ . }}{{ else }}{{ currentDate }}{{ yesterdayDate }}{{ end }}
{{- end }}
"""
DEFINED = (
    '{{ define "turn" }}<{{ .Role }}>{{ .Anything.At.All }}{{ $.Content }}{{ end }}'
    '{{ range .Messages }}{{ template "turn" . }}{{ end }}{{ block "rest" .Prompt }}{{ . }}{{ end }}'
)
SET_ANEW = '{{ $last := "" }}{{ range .Messages }}{{ $last = . }}{{ end }}{{ $last.Content }}'
NUMBERS = (
    '{{ .Prompt }}{{ 0x1F }}{{ -1.5e3 }}{{ 1_000 }}{{ \'a\' }}{{ `raw\n}}` }}{{ "}}\\"" }}{{ true }}{{ print nil }}'
)


@pytest.mark.parametrize("template", [CHATML, OLD, TOOLS, DEFINED, SET_ANEW, NUMBERS, "{{.Prompt}}", "{{- .Suffix -}}"])
def test_a_template_that_the_engine_takes_is_taken(template: str) -> None:
    assert faults(template) == []
    assert TypeAdapter(Template).validate_python(template) == template


REFUSED = [
    ("{{ .Input }}", ".Input is not known to the template language (did you mean .Prompt?)"),
    ("{{.Prompt}} [A] {{.Output}}", ".Output is not known to the template language (did you mean .Response?)"),
    ("{{ .prompt }}", ".prompt is not known to the template language (did you mean .Prompt?)"),
    ("{{ $.Sytem }}", ".Sytem is not known to the template language (did you mean .System?)"),
    ("{{ .History }}", ".History is not known to the template language (did you mean .Messages?)"),
    ("{{ .Zzz }}", ".Zzz is not known to the template language; known are .System, .Prompt, .Response, .Suffix"),
    (
        "{{ .Content }}",
        ".Content is not known to the template language; each message has it, within {{ range .Messages",
    ),
    (
        "{{ range .Messages }}{{ .Prompt }}{{ end }}",
        ".Prompt is not known to the template language here (did you mean $.",
    ),
    (
        "{{ range .Messages }}{{ .Text }}{{ end }}",
        ".Text is not known to the template language here (did you mean .Cont",
    ),
    ("{{ .Prompt.Text }}", ".Text is not known to the template language within .Prompt"),
    ("{{ prompt }}", "prompt is not a function of the template language (did you mean .Prompt?)"),
    ("{{ user_input }}", "user_input is not a function of the template language (did you mean .Prompt?)"),
    ("{{ jsn .Messages }}", "jsn is not a function of the template language (did you mean json?)"),
    ("{{ upper .Prompt }}", "upper is not a function of the template language"),
    ("{{ $x }}{{ .Prompt }}", "the variable $x is not declared"),
    ("{{ if .System }}{{ $x := 1 }}{{ end }}{{ $x }}", "the variable $x is not declared"),
    ("{{ json }}", "json takes 1 value, not 0"),
    ("{{ if lt 1 }}{{ end }}{{ .Prompt }}", "lt takes 2 values, not 1"),
    ("{{ .Prompt 1 }}", ".Prompt is no function, so nothing can stand behind it"),
    ("{{ .Prompt | 1 }}", "1 takes nothing from the | before it"),
    ("{{ .Prompt | }}", "nothing stands behind the last |"),
    ("{{ (.Prompt }}", "a bracket is not closed"),
    ("{{ .Prompt) }}", ") cannot stand here"),
    ("{{ }}", "nothing stands in {{ }}"),
    ("{{ if }}{{ .Prompt }}{{ end }}", "nothing stands in if"),
    ("{{ .Prompt", "{{ is never closed by }}"),
    ("{{ .Prompt }", "{{ is never closed by }}"),
    ("{{ .Prompt {{ .System }}", "{{ is not closed by }} before the next {{"),
    ("{{ 'text' }}", "' holds a single character; a text stands in double quotes"),
    ('{{ "text }}', "a text is not closed in its line"),
    ("{{ .Prompt % 2 }}", "'%' cannot stand here"),
    ("{{/* never closed {{ .Prompt }}", "a comment ends with */}}"),
    ("{{ if .System }}{{ .Prompt }}", "{{ if }} has no {{ end }}"),
    ("{{ .Prompt }}{{ end }}", "{{ end }} without an if, with or range before it"),
    ("{{ .Prompt }}{{ else }}", "{{ else }} without an if, with or range before it"),
    ("{{ if .System }}{{ else }}{{ else }}{{ end }}{{ .Prompt }}", "a second {{ else }}"),
    ("{{ if .System }}{{ end x }}{{ .Prompt }}", "x cannot stand behind end"),
    ("{{ break }}{{ .Prompt }}", "{{ break }} outside of {{ range }}"),
    ('{{ template "x" . }}{{ .Prompt }}', 'the template "x" is not defined'),
    ("{{ template x }}{{ .Prompt }}", "{{ template }} needs a name in double quotes"),
    (
        '{{ if .System }}{{ define "x" }}{{ end }}{{ end }}{{ .Prompt }}',
        "{{ define }} stands only outside of all other",
    ),
    ("{{ .System }}", "names neither .Prompt nor .Messages, so no question reaches the model"),
    ("only text", "names neither .Prompt nor .Messages, so no question reaches the model"),
    (
        "{% for m in messages %}{{ .Prompt }}",
        "{% for m in messages %} is Jinja, another language; write {{ if ... }} or",
    ),
]


@pytest.mark.parametrize(("template", "message"), REFUSED)
def test_what_the_engine_does_not_know_is_refused_with_a_hint(template: str, message: str) -> None:
    found = [fault.message for fault in faults(template)]
    assert len(found) == 1
    assert found[0].startswith(message)


def test_every_fault_is_told_with_its_line() -> None:
    found = faults("{{ .Input }}\n{{ if .System }}\n{{ .Output }}\n{{ end }}{{ end }}")
    assert [fault.lines for fault in found] == [(1,), (3,), (4,)]


def test_a_faulty_condition_does_not_make_its_end_a_fault() -> None:
    assert len(faults("{{ if .Sistem }}{{ .Prompt }}{{ else }}{{ end }}")) == 1


def test_kit_yaml_shows_the_line_within_the_text() -> None:
    with pytest.raises(
        ValidationError, match=r"line 2: \.Input is not known to the template language \(did you mean \.Prompt"
    ):
        TypeAdapter(Template).validate_python("[Q]\n{{ .Input }}\n{{ .Prompt }}")


def test_a_template_of_thousands_of_brackets_ends_in_words() -> None:
    found = faults("{{ " + "(" * 5000 + ".Prompt" + ")" * 5000 + " }}")
    assert [fault.message for fault in found] == ["too many brackets within each other"]
