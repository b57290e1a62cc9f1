"""`./dev demo --engine spark`: 5,000 orders, whose table is kept by Apache Spark for a quarter of its life."""

import argparse
import re
import shutil
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from eventfold.testing.spark import SparkMissing, spark_jars
from examples.orders.app import order_book
from examples.orders.onspark.course import Course, DemoFailed, Part, Place

ORDERS, LEAST = 5_000, 20
OUTPUT = Path("demo-output")
JARS = Path("build/spark")
INSTALL = (
    "Install Java 17 or newer and Maven, and try again: `apt-get install default-jre-headless maven` on Debian or"
    " Ubuntu, `brew install openjdk maven` on macOS. The demos on the embedded engine need neither."
)


def main(arguments: list[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    console = Console()
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir()
    try:
        jars = spark_jars(JARS).absolute()
    except SparkMissing as error:
        console.print(f"[red]{escape(str(error))}[/]\n{INSTALL}", highlight=False)
        return 1
    began = time.perf_counter()
    log = f"sqlite:///{OUTPUT.absolute()}/shop.db"
    place = Place(log, str(OUTPUT.absolute() / "lake"), jars, OUTPUT / "spark.log")
    orders = max(LEAST, asked.orders)
    with order_book.open(log, lake=place.lake, state=f"{log}.state") as live:
        course = Course(console, live, place)
        try:
            course.run(orders)
        except DemoFailed as failed:
            console.print(f"[red]{escape(str(failed))}[/]")
            return 1
        wrong = course.differences()
    for line in wrong[:20]:
        console.print(f"[red]{escape(line)}[/]")
    console.print(_told(course.parts), highlight=False)
    console.print(
        f"{orders:,} orders in {course.parts[-1].last:,} steps; the rules of the shop refused {course.refused:,}"
        " further requests.\n"
        f"The log of events folded in plain Python and the order book in Delta Lake differ in {len(wrong)} places, now"
        " and at a moment at which Spark kept it.\n"
        f"{_versions(jars)}. {time.perf_counter() - began:.1f} s.",
        highlight=False,
        soft_wrap=True,
    )
    return 1 if wrong else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev demo --engine spark", description=__doc__)
    parser.add_argument("--engine", choices=["spark"], help="in an environment of its own, which ./dev makes")
    parser.add_argument("--orders", type=int, default=ORDERS, help=f"default: {ORDERS}; at least {LEAST}")
    return parser


def _told(parts: list[Part]) -> str:
    return "\n".join(f"  events {part.first:>7,} to {part.last:>7,}   {part.engine}" for part in parts)


def _versions(jars: Path) -> str:
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    java = re.search(r'"([^"]+)"', said)
    delta = next(jars.glob("delta-spark*.jar")).stem.removeprefix("delta-spark_")
    found = {
        "Python": sys.version.split()[0],
        "Java": java[1] if java else "?",
        "Spark": version("pyspark"),
        "Delta Lake": "{2} for Spark {0} and Scala {1}".format(*re.split("[_-]", delta)),
        "deltalake": version("deltalake"),
        "DuckDB": version("duckdb"),
    }
    return ", ".join(f"{name} {number}" for name, number in found.items())


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was started is stopped
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
