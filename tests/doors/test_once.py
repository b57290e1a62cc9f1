"""An option that takes one value is given once: of two values nobody knows which was meant."""

from collections.abc import Iterator

import click
import pytest

from eventfold.doors.cli.main import cli
from tests.doors.calling import eventfold


def commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, group
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


SINGLE = [
    (path, max(option.opts, key=len))
    for path, command in commands(cli)
    for option in command.params
    if isinstance(option, click.Option) and not (option.multiple or option.count or option.is_flag)
]


@pytest.mark.parametrize(("path", "option"), SINGLE)
def test_an_option_of_one_value_is_refused_when_it_is_given_twice(path: tuple[str, ...], option: str) -> None:
    told = eventfold(*path, option, "1", f"{option}=2")
    assert told.code == 2
    assert f"{option} is given twice" in told.err


def test_some_options_were_found() -> None:
    assert {((), "--store"), (("append",), "--expected"), (("parked", "skip"), "--reason")} <= set(SINGLE)


@pytest.mark.parametrize(
    "arguments", [("tail", "--type", "A", "--type", "B"), ("--json", "--json", "config")]
)
def test_what_may_be_repeated_is_taken_and_flags_say_the_same_twice(arguments: tuple[str, ...]) -> None:
    assert "given twice" not in eventfold(*arguments).err


def test_an_argument_that_looks_like_an_option_is_none() -> None:
    told = eventfold("append", "--expected", "1", "--", "order-1", "--expected", "{}")
    assert "given twice" not in told.err
