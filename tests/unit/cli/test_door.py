from __future__ import annotations

import inspect
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from deploy.cli.commands import SECTIONS, VERBS, exit_codes
from deploy.cli.main import cli
from deploy.cli.verbs.declare import Exemplified
from tests.unit.cli.conftest import Kit

SUBVERBS = ["secret list", "secret show", "models list", "models pull", "models remove", "import modelfile"]
BEHIND = ": write it behind that word"
COMMANDS = [(name,) for name in VERBS] + [tuple(words.split()) for words in SUBVERBS]


def command_of(words: tuple[str, ...]) -> click.Command:
    command: click.Command | None = cli
    for word in words:
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), word)
    assert command is not None
    return command


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_help_has_an_example_that_parses(words: tuple[str, ...], kit: Kit) -> None:
    shown = kit(*words, "--help")
    assert shown.code == 0
    assert "Example" in shown.out
    command = command_of(words)
    assert isinstance(command, Exemplified)
    for example in command.examples:
        assert example.split()[0] == words[0]
        assert f"kit {example}" in shown.out


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_help_has_the_exit_codes_that_the_command_may_end_with(words: tuple[str, ...], kit: Kit) -> None:
    shown = " ".join(kit(*words, "--help").out.split())
    said = shown.split("Exit codes: ")[1].split(" Example")[0]
    codes = exit_codes(" ".join(words))
    assert said == "; ".join(f"{code} {meaning}" for code, meaning in codes.items())
    options = {option for parameter in command_of(words).params for option in parameter.opts}
    assert (3 in codes) == ("--check" in options)
    # Whoever changes the machine asks for root before it takes the hold; verify asks for it to read keys.
    callback = command_of(words).callback
    called = inspect.unwrap(callback).__code__.co_names if callback else ()
    assert (4 in codes) == (words != ("verify",) and bool({"ensure_root", "change"} & {*called}))


@pytest.mark.parametrize("name", VERBS)
def test_the_table_of_short_helps_says_what_the_verbs_say(name: str) -> None:
    help_text = command_of((name,)).help
    assert help_text is not None
    assert help_text.splitlines()[0] == VERBS[name]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_verb_takes_json_and_verbose(words: tuple[str, ...]) -> None:
    command = command_of(words)
    options = {option for parameter in command.params for option in parameter.opts}
    assert isinstance(command, click.Group) or {"--json", "--verbose"} <= options


def test_help_names_every_verb_in_its_section(kit: Kit) -> None:
    shown = kit("--help").out
    for title, verbs in SECTIONS.items():
        section = shown.split(f"{title}:\n")[1].split("\n\n")[0]
        assert [line.split()[0] for line in section.splitlines()] == list(verbs)


def test_help_imports_no_verb_and_nothing_heavy() -> None:
    script = (
        "import sys; from deploy.cli.main import main; main(['--help']); "
        "heavy = {'pydantic', 'rich', 'yaml', 'jinja2'}; "
        "print(sorted(m for m in sys.modules if m in heavy or m == 'deploy.cli.verbs.apply'))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_no_words_at_all_print_the_help_and_are_a_usage_error(kit: Kit) -> None:
    shown = kit()
    assert (shown.code, shown.out.splitlines()[0]) == (2, "Usage: kit [OPTIONS] COMMAND [ARGS]...")


def test_an_unknown_verb_is_told_which_one_was_meant(kit: Kit) -> None:
    shown = kit("aply")
    assert shown.code == 2
    assert shown.err == "error: there is no command 'aply'; did you mean apply?\nhelp: kit --help\n"
    assert shown.out == ""


def test_an_unknown_option_names_the_help_of_its_verb(kit: Kit) -> None:
    shown = kit("version", "--jsn")
    assert shown.code == 2
    assert shown.err == "error: No such option '--jsn'. Did you mean '--json'?\nhelp: kit version --help\n"


@pytest.mark.parametrize(
    ("words", "told", "help_of"),
    [
        (("init", "--model"), "Option '--model' requires an argument.", "init"),
        (("models", "pull", "--engine"), "Option '--engine' requires an argument.", "models pull"),
        (("check", "a.yaml", "b.yaml"), "Got unexpected extra argument (b.yaml)", "check"),
        (("--yes", "apply"), f"--yes is an option of apply{BEHIND}", "apply"),
        (
            ("--engine", "main", "models", "pull", "x"),
            f"--engine is an option of pull{BEHIND}",
            "models pull",
        ),
        (
            ("import", "--name", "x", "modelfile"),
            f"--name is an option of modelfile{BEHIND}",
            "import modelfile",
        ),
        (("--nope", "apply"), "No such option '--nope'.", ""),
    ],
)
def test_an_error_about_an_option_leads_to_the_help_that_has_it(
    words: tuple[str, ...], told: str, help_of: str, kit: Kit
) -> None:
    shown = kit(*words)
    assert (shown.code, shown.err) == (2, f"error: {told}\nhelp: {f'kit {help_of}'.strip()} --help\n")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_options_that_all_have_may_stand_before_any_word(words: tuple[str, ...], kit: Kit) -> None:
    for place in range(len(words) + 1):
        shown = kit(*words[:place], "--json", *words[place:], "--nope")
        assert shown.document["error"]["exit_code"] == 2
        assert "--nope" in shown.document["error"]["problem"]
    assert kit("--json", "version").document == kit("version", "--json").document


def test_an_error_with_json_is_one_document_on_stdout_and_words_on_stderr(kit: Kit) -> None:
    shown = kit("version", "--nope", "--json")
    assert shown.code == 2
    assert shown.document == {
        "format": 2,
        "error": {"problem": "No such option '--nope'.", "next": "help: kit version --help", "exit_code": 2},
    }
    assert shown.err.startswith("error: No such option '--nope'.\n")


def test_version_is_one_line_or_one_document(kit: Kit) -> None:
    text, document = kit("version").out, kit("version", "--json").document
    assert text.startswith(f"kit {document['kit']} (python ")
    assert document["format"] == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_the_script_of_each_shell(shell: str, kit: Kit) -> None:
    shown = kit("completion", shell)
    assert shown.code == 0
    assert "_KIT_COMPLETE" in shown.out


def test_a_standard_input_that_is_closed_is_an_empty_one() -> None:
    program = f"{sys.executable} -c 'import sys; from deploy.cli.main import main; sys.exit(main())'"
    done = subprocess.run(
        ["sh", "-c", f"{program} import modelfile - <&-"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, "no FROM line" in done.stderr) == (2, True)


def test_a_standard_output_that_is_closed_changes_no_exit_code() -> None:
    program = f"{sys.executable} -c 'import sys; from deploy.cli.main import main; sys.exit(main())' version"
    done = subprocess.run(["sh", "-c", f"{program} >&-"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def told_by(words: str, *, shell: str = "sh") -> subprocess.CompletedProcess[str]:
    """Run the program in a shell's line, where {kit} stands for it."""
    program = f"{sys.executable} -c 'import sys; from deploy.cli.main import main; sys.exit(main())'"
    line = words.format(kit=program)
    return subprocess.run([shell, "-c", line], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", ["schema", "version", "version --json", "--help", "init --help", "completion bash"])
def test_an_output_that_cannot_be_written_is_told_and_is_no_fault_of_kit(words: str) -> None:
    done = told_by(f"{{kit}} {words} > /dev/full")
    told = "error: the output cannot be written: No space left on device\nmake room where it goes, or send it"
    assert (done.returncode, done.stderr.startswith(told)) == (1, True)


def test_words_that_cannot_be_written_change_no_exit_code(tmp_path: Path) -> None:
    assert told_by("{kit} version 2> /dev/full").returncode == 0
    assert told_by("{kit} --nope 2> /dev/full").returncode == 2
    assert told_by("{kit} --nope > /dev/full 2> /dev/full").returncode == 2
    model = tmp_path / "Modelfile"
    model.write_text("FROM a\r\nPARAMETER nope 1\r\n")
    done = told_by(f"{{kit}} import modelfile {model} 2> /dev/full")
    assert (done.returncode, "name: " in done.stdout) == (1, True)


def test_a_reader_that_goes_away_ends_a_run_in_silence() -> None:
    done = told_by("set -o pipefail; {kit} schema | true; echo ${{PIPESTATUS[0]}}", shell="bash")
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_every_shell_asks_the_kit_that_was_typed_which_need_not_be_on_path(kit: Kit) -> None:
    scripts = {shell: kit("completion", shell).out for shell in ("bash", "zsh", "fish")}
    assert "_KIT_COMPLETE=bash_complete $1)" in scripts["bash"]
    assert "_KIT_COMPLETE=zsh_complete ${(Q)~words[1]})" in scripts["zsh"]
    assert "$+commands" not in scripts["zsh"]
    assert "COMP_CWORD=(commandline -t) (commandline -opc)[1])" in scripts["fish"]


def test_the_completion_of_bash_completes_verbs() -> None:
    environment = {**os.environ, "_KIT_COMPLETE": "bash_complete", "COMP_WORDS": "kit re", "COMP_CWORD": "1"}
    environment.pop("KIT_COMMAND", None)
    script = "import sys; from deploy.cli.main import main; sys.exit(main([]))"
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["plain,render", "plain,restart", "plain,rebuild"]


def test_ctrl_c_while_the_program_is_still_being_imported_ends_it_without_a_trace() -> None:
    script = """
import os, signal, sys
from deploy.cli.entry import main

class CtrlC:
    def find_spec(self, name, *_):
        if name == "click":
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, CtrlC())
main()
"""
    ended = subprocess.run([sys.executable, "-c", script, "version"], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, "", "")


def test_lines_to_type_begin_with_the_name_that_was_typed(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIT_COMMAND", "./kit")
    assert kit("version", "--nope").err.splitlines()[-1] == "help: ./kit version --help"


def test_a_fault_of_kit_is_one_line_and_says_how_to_see_more(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.cli.verbs.version.version", lambda _name: 1 / 0)
    shown = kit("version")
    assert shown.code == 1
    assert shown.err == (
        "error: kit itself failed: ZeroDivisionError: division by zero\n"
        "this is a fault of kit; its trace is shown by: kit version --verbose\n"
    )
    traced = kit("version", "--verbose")
    assert "Traceback (most recent call last)" in traced.err
    assert traced.err.endswith("this is a fault of kit; its trace is above\n")


@pytest.mark.parametrize(("interrupt", "code"), [("INT", 130), ("TERM", 143), ("HUP", 143)])
def test_an_interrupted_run_says_so_and_exits_with_the_signals_code(interrupt: str, code: int) -> None:
    heard = "signal.default_int_handler" if interrupt == "INT" else "signal.SIG_DFL"
    script = (
        "import os, signal, deploy.cli.verbs.version as verb\n"
        # Whoever started the tests in the background may have had it ignored; SIGINT has a handler of Python's own.
        f"signal.signal(signal.SIG{interrupt}, {heard})\n"
        f"verb.version = lambda name: os.kill(os.getpid(), signal.SIG{interrupt})\n"
        "from deploy.cli.main import main\nraise SystemExit(main(['version', '--json']))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert json.loads(done.stdout)["error"]["exit_code"] == code
    assert done.stderr.splitlines()[-1] in ("interrupted", "terminated")


def test_a_reader_that_went_away_is_no_error(tmp_path: Path) -> None:
    script = tmp_path / "many.py"
    script.write_text("import sys; from deploy.cli.main import main; sys.exit(main(['schema']))")
    line = f"set -o pipefail; {sys.executable} {script} | true"
    repository = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": str(repository)}
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False, env=environment)
    assert done.stderr == ""
    assert done.returncode in (0, 1)


def test_no_colours_on_a_pipe_nor_with_no_color(kit: Kit) -> None:
    assert "\x1b" not in kit("aply").err
