"""`eventfold receive`: public events of others over HTTP, on a port of this machine, or from a topic."""

import logging
import os
from contextlib import ExitStack, closing

import click

from eventfold.bus.open import open_topic
from eventfold.bus.port import Topic
from eventfold.doors.cli.configuration import SIGNATURES
from eventfold.doors.cli.inboxes import check_source
from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.output import print_json, progress, say
from eventfold.doors.cli.stopping import end_well, leaving, stop_on_signals
from eventfold.doors.http.serving import receiving
from eventfold.errors import ConfigInvalid, StorageBusy, UnsupportedUrl
from eventfold.feed.loop import Loop, catch_up
from eventfold.handlers.public.topics.receiver import Begin, TopicReceiver
from eventfold.store.port import Store
from eventfold.words import how_many

_PORT = 8733


@click.command()
@click.option("--source", required=True, metavar="NAME", help="Of those who send, as @ef.consume names it.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    help=f"On this machine; 0 = any that is free.  [default: {_PORT}]",
)
@click.option(
    "--from", "url", metavar="URL", help="Of a topic, instead of a port: kafka://... or eventhubs://..."
)
@click.option(
    "--begin",
    type=click.Choice(["start", "now"]),
    help="With --from: where it begins when the topic is first seen.  [default: start]",
)
@click.option(
    "--past-gap",
    is_flag=True,
    help="With --from: go on behind records that the topic has forgotten before they were read.",
)
@click.option("--once", is_flag=True, help="With --from: receive what is there, and end.")
@pass_settings
def receive(
    settings: Settings,
    source: str,
    port: int | None,
    url: str | None,
    begin: Begin | None,
    past_gap: bool,  # noqa: FBT001 - click passes options by name
    once: bool,  # noqa: FBT001
) -> None:
    """Take public events of others, until Ctrl-C or SIGTERM: by POST on a port, or from a topic.

    They are written down before they are acknowledged, each source and id once, and become commands when the handlers
    run. Over HTTP: CloudEvents, one, a batch, or in binary mode. Only this machine reaches the port: put a proxy in
    front of it. EVENTFOLD_RECEIVE_SECRETS holds the secrets of signatures, separated by spaces; with one, requests
    without a signature are refused.

    From a topic how far it was read is kept with the log. A second one stands by.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db receive --source payments --port 8733
    """
    check_source(settings, source)
    if url is None:
        if begin is not None or past_gap or once:
            raise click.UsageError("--begin, --past-gap and --once are for a topic: name it by --from URL.")
        _over_http(settings, source, _PORT if port is None else port)
        return
    if port is not None:
        raise click.UsageError("--port is for HTTP, and --from for a topic: start one of each, side by side.")
    if not once:
        end_well()
    with ExitStack() as closings:
        topic = closings.enter_context(closing(_opened(url)))
        store = closings.enter_context(closing(settings.open_log(doing="Receiving")))
        receiver = TopicReceiver(store, source, topic, begin=begin or "start", past_gap=past_gap)
        _from_topic(settings, store, receiver, once=once)


def _over_http(settings: Settings, source: str, port: int) -> None:
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


def _from_topic(settings: Settings, store: Store, receiver: TopicReceiver, *, once: bool) -> None:
    if once:
        with progress("events") as show:
            catch_up([receiver], progress=lambda: show(receiver.handled + receiver.known))
        if receiver.stands_by:
            raise StorageBusy(f"Another receiver reads {receiver.name}; it goes on there.")
    else:
        stop = stop_on_signals()
        if not settings.json:
            say(f"Public events are received: {receiver.name}; Ctrl-C ends it.")
        loop = Loop([receiver], store.feed())
        leaving(stop, lambda: loop.run(stop, poll=0.1))
    if settings.json:
        print_json({"received": receiver.handled, "known": receiver.known, "unreadable": receiver.unreadable})
        return
    say(f"{how_many(receiver.handled, 'event')} received, {receiver.known:,} known.")
    if receiver.unreadable:
        say(
            f"{how_many(receiver.unreadable, 'record')} could not be read: kept with their bytes, to be parked."
        )


def _opened(url: str) -> Topic:
    try:
        return open_topic(url)
    except (UnsupportedUrl, ConfigInvalid) as error:
        key = error.facts.get("key")
        facts = {**error.facts, "key": "from" if key == "bus" else key}
        raise type(error)(f"{error.message} (Given by --from.)", **facts) from None
