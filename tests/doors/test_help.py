"""Every command explains itself by an example that is one, and answers in JSON."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator

import click
import pytest

from eventfold.doors.cli.main import cli
from eventfold.errors import table
from tests.doors.calling import eventfold

EXAMPLE = re.compile(r"Example: eventfold (.+?)(?:\n\n|$)", re.DOTALL)


def commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


EVERY = dict(commands(cli))


def example(command: click.Command) -> list[str]:
    found = EXAMPLE.search(command.help or "")
    assert found is not None, "it has no line that begins with 'Example: eventfold'"
    return shlex.split(found.group(1))


def parsed(arguments: list[str]) -> tuple[str, ...]:
    """The path of the command that arguments lead to; nothing is run."""
    path: list[str] = []
    command: click.Command = cli
    context = cli.make_context("eventfold", list(arguments))
    while isinstance(command, click.Group):
        rest = (
            [*context._protected_args, *context.args] if hasattr(context, "_protected_args") else context.args
        )
        if not rest and command.invoke_without_command:
            break
        name, found, rest = command.resolve_command(context, rest)
        assert name is not None
        assert found is not None
        path.append(name)
        with context:
            context = found.make_context(name, rest, parent=context, obj=object())
        command = found
    return tuple(path)


@pytest.fixture(autouse=True)
def no_callbacks(monkeypatch: pytest.MonkeyPatch) -> None:
    for command in (cli, *EVERY.values()):
        for parameter in command.params:
            if parameter.name == "json":
                monkeypatch.setattr(parameter, "callback", None)


@pytest.mark.parametrize("path", [pytest.param(path, id=" ".join(path)) for path in EVERY])
def test_the_example_in_the_help_of_a_command_leads_to_it(path: tuple[str, ...]) -> None:
    command = EVERY[path]
    if isinstance(command, click.Group) and not command.invoke_without_command:
        assert parsed(example(command))[: len(path)] == path
    else:
        assert parsed(example(command)) == path


def test_an_example_that_is_none_is_seen() -> None:
    with pytest.raises(click.UsageError):
        parsed(["read", "order-1", "--colour", "red"])


@pytest.mark.parametrize("path", [pytest.param(path, id=" ".join(path)) for path in EVERY])
def test_every_command_answers_in_json_and_says_what_it_does(path: tuple[str, ...]) -> None:
    command = EVERY[path]
    if not isinstance(command, click.Group) or command.invoke_without_command:
        assert "--json" in {option for p in command.params for option in p.opts}
    code, _, err = eventfold(*path, "--help")
    assert (code, err) == (0, "")
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"--{parameter.name} is not explained"


def test_the_help_names_every_exit_code_of_the_error_table() -> None:
    out = eventfold("--help").out
    told = out[out.index("Exit codes") :]
    for code in {row[2] for row in table()}:
        assert re.search(rf"\b{code} [a-z]", told), f"exit code {code} is not told"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_completion(shell: str) -> None:
    code, out, _ = eventfold("completion", shell)
    assert code == 0
    assert "_EVENTFOLD_COMPLETE" in out
    if shutil.which(shell):
        assert subprocess.run([shell, "-n"], input=out, text=True, check=False).returncode == 0


def test_completion_knows_the_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_WORDS", "eventfold strea")
    monkeypatch.setenv("COMP_CWORD", "1")
    monkeypatch.setenv("_EVENTFOLD_COMPLETE", "bash_complete")
    with pytest.raises(SystemExit):
        cli.main(args=[], prog_name="eventfold", standalone_mode=False)
