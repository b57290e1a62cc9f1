"""`eventfold relay`: brings the events of the log to the topic of the bus."""

from contextlib import ExitStack, closing

import click

from eventfold.bus.relay.relay import Relay
from eventfold.doors.cli.settings import Settings, bus_option, pass_settings
from eventfold.doors.cli.showing.output import print_json, progress, say
from eventfold.doors.cli.stopping import stop_on_signals
from eventfold.errors import StorageBusy
from eventfold.feed.loop import Loop, catch_up


@click.command()
@click.option("--once", is_flag=True, help="Send what is there, and end.")
@click.option(
    "--from-now",
    is_flag=True,
    help="Where the topic has nothing of the log yet: begin at the end of the log.",
)
@click.option(
    "--structured",
    is_flag=True,
    help="Send all attributes in the body (application/cloudevents+json), instead of in headers.",
)
@bus_option
@pass_settings
def relay(settings: Settings, once: bool, from_now: bool, structured: bool) -> None:  # noqa: FBT001 - click passes options by name
    """Send every event of the log to the topic, in order, until Ctrl-C or SIGTERM.

    A second one stands by, and takes over when the first has ended.

    Example: eventfold -s sqlite:///shop.db --bus kafka://127.0.0.1:9092/shop relay --once
    """
    with ExitStack() as closings:
        topic = closings.enter_context(closing(settings.open_topic()))
        store = closings.enter_context(closing(settings.open_log(doing="Relaying")))
        feed = store.feed()
        stop = None if once else stop_on_signals()
        begin = feed.end if from_now else None
        relay = Relay(store, topic, begin=begin, is_structured=structured, stop=stop)
        if stop is None:
            with progress("events") as show:
                catch_up([relay], progress=lambda: show(relay.handled))
            if relay.stands_by:
                raise StorageBusy(f"Another relay sends to {topic.name}; it goes on there.")
        else:
            if not settings.json:
                say(f"The events of the log are sent to {topic.name}; Ctrl-C ends it.")
            Loop([relay], feed).run(stop)
        if settings.json:
            print_json({"topic": topic.name, "sent": relay.handled, "known": relay.known})
        else:
            say(f"{relay.handled:,} events sent, {relay.known:,} were there.")
