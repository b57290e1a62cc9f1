"""`eventfold relay`: brings the events of the log to the topic of the bus."""

from contextlib import ExitStack, closing

import click

from eventfold.bus.relay.bringing import bring
from eventfold.bus.relay.relay import Relay
from eventfold.doors.cli.moments import Seconds
from eventfold.doors.cli.settings import Settings, bus_option, pass_settings
from eventfold.doors.cli.showing.output import print_json, progress, say
from eventfold.doors.cli.stopping import end_well, stop_on_signals
from eventfold.words import how_many


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
@click.option(
    "--every",
    type=Seconds(),
    default=0.0,
    show_default=True,
    help="Seconds between two batches, at least: larger ones cost the broker less, and come later.",
)
@bus_option
@pass_settings
def relay(
    settings: Settings,
    once: bool,  # noqa: FBT001 - click passes options by name
    from_now: bool,  # noqa: FBT001
    structured: bool,  # noqa: FBT001
    every: float,
) -> None:
    """Send every event of the log to the topic, in order, until Ctrl-C or SIGTERM.

    A second one stands by, and takes over when the first has ended.

    Example: eventfold -s sqlite:///shop.db --bus kafka://127.0.0.1:9092/shop relay --once
    """
    with ExitStack() as closings:
        if not once:
            end_well()
        topic = closings.enter_context(closing(settings.open_topic()))
        store = closings.enter_context(closing(settings.open_log(doing="Relaying")))
        stop = None if once else stop_on_signals()
        begin = store.feed().end if from_now else None

        def turned(waits: bool) -> None:  # noqa: FBT001 - as the relay calls it
            if once or settings.json:
                return
            if waits:
                say(
                    f"Another relay sends to {topic.name}; this one takes over when that has ended. Ctrl-C ends it."
                )
            else:
                say(f"The events of the log are sent to {topic.name}; Ctrl-C ends it.")

        relay = Relay(
            store, topic, begin=begin, is_structured=structured, stop=stop, turned=turned, every=every
        )
        if stop is None:
            with progress("events") as show:
                bring(relay, store, topic, stop, progress=lambda: show(relay.handled))
        else:
            bring(relay, store, topic, stop)
        if settings.json:
            counts = {"sent": relay.handled, "known": relay.known}
            print_json({"topic": topic.name, **counts, "stands_by": relay.stands_by})
        elif relay.stands_by and not relay.handled:
            say(f"Nothing was sent: another relay sends to {topic.name}.")
        else:
            known = f"; {relay.known:,} more were in a part of the topic already" if relay.known else ""
            say(f"{how_many(relay.handled, 'event')} sent{known}.")
