"""The reference of the command line, from its own help: every command, argument, option and example."""

import re
from collections.abc import Iterator

import click

from eventfold.doors.cli.main import cli

_EXAMPLE = re.compile(r"Example: (eventfold .+?)(?:\n\n|$)", re.DOTALL)


def markdown() -> str:
    """One section a command."""
    return "\n".join([*_options(cli), *(line for path, one in every(cli) for line in _section(path, one))])


def every(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with its path, groups before what is in them."""
    for name in sorted(group.commands):
        command = group.commands[name]
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from every(command, (*path, name))


def example(command: click.Command) -> str:
    """The example that its help gives, in one line."""
    found = _EXAMPLE.search(command.help or "")
    return " ".join(found[1].split()) if found else ""


def _section(path: tuple[str, ...], command: click.Command) -> list[str]:
    name = " ".join(path)
    pieces = command.collect_usage_pieces(click.Context(command, info_name=name))
    shown = example(command)
    return [
        f"## eventfold {name}",
        "",
        *_sentences(command),
        "",
        "```text",
        f"eventfold {' '.join([name, *pieces])}",
        "```",
        "",
        *_options(command),
        *(["For example:", "", "```console", f"$ {shown}", "```", ""] if shown else []),
    ]


def _sentences(command: click.Command) -> list[str]:
    help_ = _EXAMPLE.sub("", command.help or "").strip()
    return [_escaped(line) for paragraph in help_.split("\n\n") for line in (" ".join(paragraph.split()), "")]


def _options(command: click.Command) -> list[str]:
    context = click.Context(command)
    rows = [
        record
        for parameter in command.get_params(context)
        if isinstance(parameter, click.Option) and (record := parameter.get_help_record(context))
    ]
    return [
        "| option | what it does |",
        "| --- | --- |",
        *(f"| `{names.replace('|', chr(92) + '|')}` | {_escaped(text)} |" for names, text in rows),
        "",
    ]


def _escaped(text: str) -> str:
    """Text of the help as Markdown: what looks like JSON or a list stays as it is, and commands become code."""
    text = re.sub(r"(?<!`)(\{\".*\})(?!`)", r"`\1`", text)
    return re.sub(r"([|*<>\[\]])", r"\\\1", text) if "`" not in text else text.replace("|", r"\|")
