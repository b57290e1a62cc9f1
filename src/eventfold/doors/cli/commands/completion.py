"""`eventfold completion`: what makes a shell complete commands and options."""

from typing import Literal

import click
from click.shell_completion import get_completion_class

from eventfold.doors.cli.once import PROGRAM
from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.output import print_json

VARIABLE = "_EVENTFOLD_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
@pass_settings
def completion(settings: Settings, context: click.Context, shell: Literal["bash", "zsh", "fish"]) -> None:
    """Print the script that lets SHELL complete commands and options.

    Put it where your shell looks: eval "$(eventfold completion bash)" in ~/.bashrc, the same for zsh in ~/.zshrc;
    for fish: eventfold completion fish > ~/.config/fish/completions/eventfold.fish

    Example: eventfold completion bash
    """
    made = get_completion_class(shell)
    assert made is not None
    script = made(context.find_root().command, {}, PROGRAM, VARIABLE).source()
    if settings.json:
        print_json({"shell": shell, "script": script})
    else:
        click.echo(script)
