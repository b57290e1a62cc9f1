"""What the judge counted, in a terminal."""

from rich import box
from rich.console import Group
from rich.table import Table

from examples.orders.overbus.course import FEED, RAW, Course
from examples.orders.overbus.outcomes import KINDS


def arrivals(course: Course) -> Group:
    """A line for the topic, as two readers see it, and for each thing that handlers did."""
    table = Table(
        title="What came through the topic",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("what")
    table.add_column("handler")
    for name in ("sent", "received", "doubled", "out of order"):
        table.add_column(name, justify="right", no_wrap=True)
    for what, counts in course.counts.items():
        in_order = f"{counts.disordered:,}" if what in {RAW, FEED} else ""  # an order has one of the others
        table.add_row(
            what,
            KINDS.get(what, ""),
            f"{counts.sent:,}",
            f"{counts.received:,}",
            f"{counts.doubled:,}",
            in_order,
            end_section=what == FEED,
        )
    first, second = course.relayed
    return Group(
        table, f"Relay 1 had sent {first:,} events when it was killed; relay 2 sent the other {second:,}."
    )
