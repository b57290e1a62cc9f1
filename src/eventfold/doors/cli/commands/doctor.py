"""`eventfold doctor`: whether a log can keep its promises where it is."""

import sys

import click

from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.output import on_terminal, print_json, print_table, say
from eventfold.doors.cli.targets import examine_targets
from eventfold.errors import ConfigInvalid


@click.command()
@pass_settings
def doctor(settings: Settings) -> int:
    """Examine the log, what keeps it, and the targets of effects, those that the app names too; change nothing.

    Example: eventfold -s sqlite:///shop.db doctor
    """
    handlers = settings.definition().handlers.values() if settings.app is not None else ()
    wanted = {handler.to: handler.name for handler in handlers if handler.to is not None}
    found = [*settings.examine_log(), *examine_targets(settings.configuration.targets, wanted)]
    problems = sum(finding.level == "problem" for finding in found)
    if settings.json:
        print_json([finding._asdict() for finding in found])
    else:
        print_table([finding._asdict() for finding in found], ["level", "what", "found"])
        if on_terminal(sys.stdout):
            say("Nothing stands in the way." if not problems else f"{problems} to be mended first.")
    return ConfigInvalid.exit_code if problems else 0
