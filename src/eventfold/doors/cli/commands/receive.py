"""`eventfold receive`: public events of others over HTTP, on a port of this machine."""

import logging
import os
from contextlib import closing

import click

from eventfold.doors.cli.configuration import SIGNATURES
from eventfold.doors.cli.inboxes import check_source
from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.output import print_json, say
from eventfold.doors.cli.stopping import stop_on_signals
from eventfold.doors.http.serving import receiving


@click.command()
@click.option("--source", required=True, metavar="NAME", help="Of those who send, as @ef.consume names it.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=8733,
    show_default=True,
    help="On this machine; 0 = any that is free.",
)
@pass_settings
def receive(settings: Settings, source: str, port: int) -> None:
    """Take public events of others by POST, until Ctrl-C or SIGTERM: CloudEvents, one, a batch, or in binary mode.

    They are written down before they are acknowledged, each source and id once, and become commands when the handlers
    run. Only this machine reaches the port: put a proxy in front of it. EVENTFOLD_RECEIVE_SECRETS holds the secrets of
    signatures, separated by spaces; with one, requests without a signature are refused.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db receive --source payments --port 8733
    """
    check_source(settings, source)
    secrets = os.environ.get(SIGNATURES, "").split()
    logging.getLogger("waitress").setLevel(logging.ERROR)
    with (
        closing(settings.open_log(doing="Receiving")) as store,
        receiving(store, source, port=port, secrets=secrets) as url,
    ):
        stop = stop_on_signals()
        if settings.json:
            print_json({"url": url, "signed": bool(secrets)})
        else:
            asked = "signed" if secrets else f"unsigned, as {SIGNATURES} holds no secret,"
            say(f"Public events of {source} are taken, {asked} at {url}; Ctrl-C ends it.")
        stop.wait()
