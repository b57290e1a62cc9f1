"""`eventfold config`: every setting, and where it came from."""

import os

import click

from eventfold.doors.cli.configuration import SECRETS, SETTINGS, unknown_variables
from eventfold.doors.cli.masking import masked
from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.output import print_json, print_table, say
from eventfold.doors.cli.targets import PREFIX, SECTION, options_of, shown, variables_of
from eventfold.handlers.targets.repeating import MASK


@click.command()
@pass_settings
def config(settings: Settings) -> None:
    """Show every setting and where it came from; secrets are masked.

    Settings are read from eventfold.toml in this folder or one above it, then from the environment, then from flags.

    Example: eventfold -s sqlite:///shop.db config
    """
    rows: list[dict[str, str | None]] = []
    for name in SETTINGS:
        given = settings.configuration.values.get(name)
        if given is not None:
            rows.append({"setting": name, "value": masked(given.value), "from": given.source})
        elif name == "actor":
            rows.append({"setting": name, "value": settings.actor, "from": "your name on this machine"})
        else:
            rows.append({"setting": name, "value": None, "from": "not set"})
    named: set[str] = set()
    for name, (place, source) in settings.configuration.targets.items():
        rows.append({"setting": f"{SECTION}.{name}", "value": shown(place), "from": source})
        written = "the file" if source.startswith(PREFIX) else source  # a variable gives the URL alone
        for key, value in options_of(place).items():
            rows.append({"setting": f"{SECTION}.{name}.{key}", "value": value, "from": written})
        for key, variables in variables_of(place).items():
            there = sum(bool(os.environ.get(variable)) for variable in variables)
            state = f"{there} of {len(variables)} set"
            rows.append({"setting": f"{SECTION}.{name}.{key}", "value": state, "from": "the environment"})
            named.update(variables)
    for name in SECRETS:
        is_there = bool(os.environ.get(name))
        rows.append(
            {
                "setting": name,
                "value": MASK if is_there else None,
                "from": "the environment" if is_there else "not set",
            }
        )
    if settings.json:
        print_json(rows)
    else:
        print_table(rows, ["setting", "value", "from"])
    for name in unknown_variables():
        if name not in named:
            say(f"! {name} is in the environment, and no setting has that name.")
