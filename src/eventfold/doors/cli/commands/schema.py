"""`eventfold schema`: files under version control that say what is stored and told, and what a change does to it."""

import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import click
from msgspec import structs

from eventfold import limits
from eventfold.app.schema import catalogue_of_app, look_through, program_of
from eventfold.doors.cli.configuration import Configuration
from eventfold.doors.cli.once import Once
from eventfold.doors.cli.protecting import catalogue_file, protected, schema_file
from eventfold.doors.cli.settings import Settings, pass_settings
from eventfold.doors.cli.showing.lines import whole
from eventfold.doors.cli.showing.output import print_json, print_table, progress, say
from eventfold.errors import ConfigInvalid, EventfoldError
from eventfold.events.schema.accepting import accept, refuse, require, with_samples
from eventfold.events.schema.finding import Finding
from eventfold.events.schema.gate import judge
from eventfold.events.schema.logged import Sampling
from eventfold.events.schema.recorded import Recorded, parse, read_file, render
from eventfold.exports.placing import placed
from eventfold.exports.protected import Protected
from eventfold.handlers.public import catalogue as catalogues
from eventfold.handlers.public import gate as public
from eventfold.handlers.public.catalogue import Catalogue
from eventfold.words import how_many

COLUMNS = ("level", "kind", "where", "what")
_file = click.option(
    "--file",
    "file",
    metavar="FILE",
    help="Default: schema.json beside eventfold.toml, else in the current folder; - is standard input.",
)
_catalogue = click.option(
    "--catalogue",
    metavar="FILE",
    help="Of public events. Default: catalogue.json beside eventfold.toml, else in the current folder.",
)


@click.group(cls=Once)
def schema() -> None:
    """Keep a file of every event type with its shape and samples, and check changes of code against it.

    What the app publishes stands in a catalogue of its own, with a JSON Schema for each version of each public event.

    Example: eventfold -a shop.app:shop schema check
    """


@schema.command()
@_file
@_catalogue
@click.option(
    "--locked", is_flag=True, help="Refuse what the file does not record yet, too: for hooks and CI."
)
@pass_settings
def check(
    settings: Settings,
    file: str | None,
    catalogue: str | None,
    locked: bool,  # noqa: FBT001 - click passes options by name
) -> None:
    """Refuse a change of code that could not read what is stored, or that others could not read. Nothing is written.

    Exit code 5 where something is refused.

    Example: eventfold -a shop.app:shop schema check --locked
    """
    findings = _findings(settings, file, catalogue)
    _show(settings, findings)
    refuse(findings)
    if locked:
        require(findings)
    if not settings.json:
        say("Everything that is recorded can be read.")
        if any(finding.level == "added" for finding in findings):
            say("What is new is guarded once it is recorded: `eventfold schema accept`.")


@schema.command()
@_file
@_catalogue
@pass_settings
def diff(settings: Settings, file: str | None, catalogue: str | None) -> None:
    """Show how the code differs from the file, without judging.

    Example: eventfold -a shop.app:shop schema diff --file earlier.json
    """
    findings = _findings(settings, file, catalogue)
    _show(settings, findings)
    if not findings and not settings.json:
        say("The code and the file agree.")


@schema.command(name="accept")
@_file
@_catalogue
@click.option(
    "--breaking",
    multiple=True,
    metavar="NAME",
    help="Record this event, category, table or handler as it is now, though it breaks what was recorded.",
)
@pass_settings
def accept_command(
    settings: Settings, file: str | None, catalogue: str | None, breaking: Sequence[str]
) -> None:
    """Record new types, versions and optional fields, with samples made from their shapes. Makes the files.

    A change that breaks is refused; --breaking takes one that is meant, because nothing was ever stored.

    Example: eventfold -a shop.app:shop schema accept
    """
    (path, others), program = _target(settings, file), program_of(settings.definition())
    was = _read(settings, file) if path.exists() else Recorded(app=program.app)
    place = _catalogue_path(settings, catalogue)
    told, made = _recorded_catalogue(settings, place), catalogue_of_app(settings.definition())
    _show(settings, [*judge(was, program), *public.judge(told, made)])
    # both are judged before either is written
    now, shown = accept(was, program, breaking), public.accept(told, made, breaking)
    _write(path, others, render(now))
    if shown.events:
        _write(place, _writable(settings, place, catalogue_file), catalogues.render(shown))
    if not settings.json:
        say(f"{path} records {len(now.events)} event types.")
        if shown.events:
            say(f"{place} records {how_many(len(shown.events), 'public event')}.")
        for finding in judge(now, program):  # nothing but notes: what the gate cannot try
            say(f"{finding.where} {finding.what}.")


@schema.command()
@_file
@click.option("--from-log", is_flag=True, help="Take samples from the log as well, with their values masked.")
@click.option("--as-stored", is_flag=True, help="Do not mask them: the file then holds data of users.")
@click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    default=5,
    show_default=True,
    help="Of each version, from the log.",
)
@pass_settings
def samples(
    settings: Settings,
    file: str | None,
    from_log: bool,  # noqa: FBT001 - click passes options by name
    as_stored: bool,  # noqa: FBT001
    limit: int,
) -> None:
    """Record more samples of what is recorded: made from the shapes and, with --from-log, taken from the log.

    From the log come different forms of data, the same ones whenever the log is the same; every letter of their values
    becomes x and every digit 1. Versions that were stored before the file was made can be recorded only like this.

    Example: eventfold -a shop.app:shop -s sqlite:///shop.db schema samples --from-log
    """
    if as_stored and not from_log:
        raise ConfigInvalid(
            "--as-stored says how samples are taken from the log: add --from-log.", key="as-stored"
        )
    (path, others), program = _target(settings, file), program_of(settings.definition())
    was = _read(settings, file)
    made = {
        (name, version): [sample.data for sample in program.made(name).samples]
        for name, event in was.events.items()
        if name in program.shapes and (version := program.version(name)) in event.versions
    }
    now, made_count, _ = with_samples(was, program, made)
    taken, left_out = 0, list[EventfoldError]()
    if from_log:
        sampling = Sampling(now, program, limit, masking=not as_stored)
        with closing(settings.open_log()) as store, progress("events") as show:
            look_through(store.feed(), sampling, progress=show)
        now, taken, left_out = with_samples(now, program, sampling.chosen)
    _write(path, others, render(now))
    if settings.json:
        print_json(
            {
                "file": str(path),
                "made": made_count,
                "taken": taken,
                "left_out": [e.as_dict() for e in left_out],
            }
        )
        return
    counts = [f"{how_many(made_count, 'sample')} made"] if made_count else []
    counts += [f"{how_many(taken, 'sample')} taken from the log"] if taken else []
    say(f"{path}: {', '.join(counts) or 'no new samples'}.")
    for error in left_out:
        say(f"A sample was left out: {error.message}")


def _path(settings: Settings, file: str | None) -> Path:
    if file == "-":
        raise ConfigInvalid("Standard input can be compared with, but not written: name a file.", key="file")
    return Path(file) if file is not None else schema_file(settings.configuration)


def _target(settings: Settings, file: str | None) -> tuple[Path, Protected]:
    """The file that is written, and what it may not be."""
    path = _path(settings, file)
    return path, _writable(settings, path, schema_file)


def _writable(settings: Settings, path: Path, own: Callable[[Configuration], Path]) -> Protected:
    """What a file that is written may not be, but for the one that it is."""
    others = protected(settings.configuration, writes=own(settings.configuration))
    others.check(path)
    return others


def _write(path: Path, others: Protected, text: str) -> None:
    with placed(path, overwrite=True, protected=others) as content:
        content.write(text.encode())


def _catalogue_path(settings: Settings, catalogue: str | None) -> Path:
    return Path(catalogue) if catalogue is not None else catalogue_file(settings.configuration)


def _recorded_catalogue(settings: Settings, path: Path) -> Catalogue:
    """What the catalogue says; where an app has none yet, nothing."""
    return catalogues.read_if_there(path, settings.definition().name)


def _findings(settings: Settings, file: str | None, catalogue: str | None) -> list[Finding]:
    """All that differs, of what is stored and of what is told."""
    stored = judge(_read(settings, file), program_of(settings.definition()))
    told = _recorded_catalogue(settings, _catalogue_path(settings, catalogue))
    return [*stored, *public.judge(told, catalogue_of_app(settings.definition()))]


def _read(settings: Settings, file: str | None) -> Recorded:
    if file == "-":
        return parse(whole(sys.stdin.buffer, "Standard input", limits.SCHEMA_BYTES), "standard input")
    return read_file(_path(settings, file))


def _show(settings: Settings, findings: Sequence[Finding]) -> None:
    rows: list[dict[str, Any]] = [structs.asdict(finding) for finding in findings]
    if settings.json:
        print_json(rows)
    elif rows:
        print_table(rows, COLUMNS)
