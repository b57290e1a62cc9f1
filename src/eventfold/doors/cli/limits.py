"""The option of commands whose answers may be long."""

import click

from eventfold.limits import INT_MAX

limit_option = click.option(
    "--limit",
    type=click.IntRange(0, INT_MAX),
    help="How many rows, at most; default: all, of a table on a terminal 50.",
)
