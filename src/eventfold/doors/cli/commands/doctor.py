"""`eventfold doctor`: whether a log, and its copy in the lake, can keep their promises where they are."""

import sys

import click

from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.output import on_terminal, print_json, print_table, say
from eventfold.doors.cli.targets import examine_targets
from eventfold.errors import ConfigInvalid


@click.command()
@pass_settings
def doctor(settings: Settings) -> int:
    """Examine the log, its copy, what keeps it, lake and search service, and the targets of effects; change nothing.

    Example: eventfold -s sqlite:///shop.db doctor
    """
    handlers = settings.definition().handlers.values() if settings.app is not None else ()
    wanted = {handler.to: handler.name for handler in handlers if handler.to is not None}
    found = list(settings.examine_log())
    if all(finding.level != "problem" for finding in found):  # else the log may not open
        found += settings.examine_copy()
    found += settings.examine_lake()
    found += settings.examine_search()
    found += examine_targets(settings.configuration.targets, wanted)
    problems = sum(finding.level == "problem" for finding in found)
    if settings.json:
        print_json([finding._asdict() for finding in found])
    else:
        print_table([finding._asdict() for finding in found], ["level", "what", "found"])
        if on_terminal(sys.stdout):
            say("Nothing stands in the way." if not problems else f"{problems} to be mended first.")
    return ConfigInvalid.exit_code if problems else 0
