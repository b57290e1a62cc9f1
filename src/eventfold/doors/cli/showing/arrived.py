"""What an import says at its end: what was refused, what came in, and which command comes next."""

import shlex
from typing import Any

from msgspec import structs

from eventfold.doors.cli.scaffolding import Written, called
from eventfold.doors.cli.settings import Settings
from eventfold.doors.cli.showing.output import print_json, print_table, say, shown
from eventfold.imports import ImportReport
from eventfold.words import how_many

SHOWN = 20
TYPES = 8


def show(report: ImportReport, settings: Settings, written: Written | None = None) -> None:
    """Shows what an import did, as sentences or in JSON.

    Args:
        report: what it did.
        settings: say how to show it.
        written: the app that was written for it.
    """
    following = [next_command(report, settings)] if written is None else written.commands
    if settings.json:
        app = None if written is None else structs.asdict(written)
        print_json({**structs.asdict(report), "next": following[0], "scaffold": app})
        return
    _show_refusals(report)
    for word, found in (("twice", report.double_versions), ("missing", report.missing_versions)):
        for stream, versions in list(found.items())[:SHOWN]:
            say(f"! {stream}: {word}: version {', '.join(map(str, versions))}")
    if report.irregular:
        one = report.irregular == 1
        they, kept = (
            ("event holds", "it is kept as it was") if one else ("events hold", "they are kept as they were")
        )
        say(f"! {report.irregular:,} {they} what no append takes any more; {kept}.")
    say(_sentence(report))
    for note in (report.category_note(), *report.notes):
        if note:
            say(f"! {note}")
    if came := came_in(report):
        say(came)
    if written is not None:
        noun = "table" if len(written.tables) == 1 else "tables"
        say(f"{written.file} is an app, with the {noun} {', '.join(written.tables)}; it is yours to change.")
    for word, command in zip(("Next", "Then"), following, strict=False):
        if command:
            say(f"{word}: {command}")


def next_command(report: ImportReport, settings: Settings) -> str:
    """The command that shows the first stream; empty where nothing came in, or where nothing was to be written."""
    if report.dry_run or not report.first_stream:
        return ""
    words = [
        *called(settings, "store"),
        "read",
        *(["--"] if report.first_stream.startswith("-") else []),
        report.first_stream,
    ]
    return shlex.join(words)


def came_in(report: ImportReport) -> str:
    """What was written, by type, with the span of its times and the first stream; empty where nothing was."""
    if not report.types:
        return ""
    most = report.types.most_common(TYPES)
    parts = [f"{count:,} {name}" for name, count in most]
    left = sum(report.types.values()) + report.other_types - sum(count for _, count in most)
    if left:
        parts.append(f"{left:,} of other types")
    span = ""
    if report.earliest is not None:
        span = f"; from {shown(report.earliest)} to {shown(report.latest)}"
    verb = "Would come in" if report.dry_run else "Came in"
    return f"{verb}: {', '.join(parts)}{span}; the first stream is {report.first_stream}."


def _show_refusals(report: ImportReport) -> None:
    alike = report.refused_alike
    if not alike:
        return
    first = sorted(alike.items(), key=lambda item: item[1].line)[:SHOWN]
    rows: list[dict[str, Any]] = [
        {"line": found.line, "count": found.count, "code": found.code, "message": message}
        for message, found in first
    ]
    columns = ["line", "code", "message"]
    if any(row["count"] > 1 for row in rows):
        columns.insert(1, "count")
    print_table(rows, columns)
    left = report.refused - sum(row["count"] for row in rows)
    if left:
        say(f"... and {left:,} more; --json shows a thousand.")


def _sentence(report: ImportReport) -> str:
    """What an import did; of what there is none, nothing."""
    parts = []
    if report.written:
        verb = "would be written" if report.dry_run else f"{_were(report.written)} written"
        parts.append(f"{report.written:,} {verb}")
    if report.known:
        logs = ", ".join(f"{n:,} as rows of {name!r}" for name, n in report.known_from.most_common(SHOWN))
        parts.append(f"{report.known:,} {_were(report.known)} known{logs and f' ({logs})'}")
    if report.refused:
        parts.append(f"{report.refused:,} refused")
    if report.unplaced:
        parts[-1] += f" ({report.unplaced:,} of no stream that can be read, which holds back nothing)"
    if report.unrelated:
        parts.append(f"{report.unrelated:,} of no such entity")
    if report.held_back:
        parts.append(
            f"{report.held_back:,} held back behind a refused row of their stream: mend it and import again"
        )
    told = [", ".join(parts) or "nothing to write"]
    if report.out_of_order:
        have = "has" if report.out_of_order == 1 else "have"
        told.append(f"{report.out_of_order:,} {have} a time before that of an earlier row")
    if report.differing:
        told.append(f"{report.differing:,} known ones differ in time or metadata and stay as they are")
    rows = how_many(report.rows, "row") if report.rows else "No rows"
    streams = f" of {how_many(report.streams, 'stream')}" if report.streams else ""
    return f"{rows}{streams}: {'; '.join(told)}."


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
