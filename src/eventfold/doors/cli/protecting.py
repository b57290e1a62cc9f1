"""What the settings of a command protect: from being written over, and from being read into itself."""

import io
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from eventfold.app.places import handlers_of, state_of
from eventfold.doors.cli.configuration import FILE, Configuration, settings_file
from eventfold.errors import ConfigInvalid, EventfoldError
from eventfold.exports.protected import Protected, files_of, is_below, same
from eventfold.readmodels.address import is_address
from eventfold.store.open import file_of, is_topic


def schema_file(configuration: Configuration) -> Path:
    """Where the file of the schema gate stands, unless another is named."""
    return (configuration.folder or Path()) / "schema.json"


def catalogue_file(configuration: Configuration) -> Path:
    """Where the catalogue of public events stands, unless another is named."""
    return (configuration.folder or Path()) / "catalogue.json"


def protected(
    configuration: Configuration,
    *,
    read: Iterable[Path] = (),
    writes: Path | None = None,
    code: bool = True,
) -> Protected:
    """What the outputs of a command may not be: log, state, lake, settings, schema file, the app's own code.

    Args:
        configuration: names them.
        read: what else the command reads.
        writes: what of it the command is there to write.
        code: the app's own code is protected too; False where the command is there to write it.
    """
    files = dict.fromkeys(read, "read by this command") | _kept(configuration)
    if code:
        files |= dict.fromkeys(_code(configuration), "code of the app")
    if writes is not None:
        files = {file: name for file, name in files.items() if not same(file, writes)}
    lake = _value(configuration, "lake")
    if lake is not None and is_address(lake):
        lake = None
    # a lake that is the folder of a project holds more than a lake; there its tables are protected by their form
    here = [folder for folder in (Path.cwd(), configuration.folder) if folder is not None]
    is_lake = lake is not None and not any(is_below(folder, [Path(lake)]) for folder in here)
    return Protected(files, {Path(lake): "the lake"} if lake is not None and is_lake else {})


def check_streams(configuration: Callable[[], Configuration] | None = None) -> None:
    """Refuses where a shell has pointed an output at the log, the state or the settings.

    Args:
        configuration: reads the settings; without it their file is known, and others are by their form.

    Raises:
        ConfigInvalid: it has. Where that is standard error, the sentence goes to standard output.
    """
    kept: dict[Path, str] = {}
    # what is wrong with a setting is said by the command that needs it
    with suppress(EventfoldError, OSError):
        kept = _kept(configuration()) if configuration is not None else _settings()
    found = Protected(kept)
    try:
        found.check_stream(sys.stderr)
    except ConfigInvalid:
        sys.stderr = sys.stdout
        raise
    finally:
        try:
            found.check_stream(sys.stdout)
        except ConfigInvalid:
            if sys.stderr is sys.stdout:
                sys.stderr = io.StringIO()
            raise


def check_input(configuration: Configuration, file: str) -> None:
    """Refuses to read a file into the log that it is.

    Raises:
        ConfigInvalid: it is the log.
    """
    log = file_of(_value(configuration, "store") or "")
    if log is not None and "://" not in file and any(same(Path(file), one) for one in files_of(log)):
        raise ConfigInvalid(f"{file} is the log that is written to: name another file or log.", key="file")


def _settings() -> dict[Path, str]:
    file = settings_file()
    return {} if file is None else {file: "the file of the settings"}


def _kept(configuration: Configuration) -> dict[Path, str]:
    files = {configuration.file or Path(FILE): "the file of the settings"}
    files[schema_file(configuration)] = "the file of the schema gate"
    files[catalogue_file(configuration)] = "the catalogue of public events"
    url = _value(configuration, "store")
    state = _value(configuration, "state") or (state_of(url) if url is not None else None)
    kept = handlers_of(state) if state is not None and url is not None and is_topic(url) else None
    for place, name in (
        (state, "the state of the tables"),
        (url, "the log"),
        (kept, "the place of the handlers"),
    ):
        if place is not None and (file := file_of(place)) is not None:
            files[file] = name
    return files


def _code(configuration: Configuration) -> Iterator[Path]:
    """The modules of the app's package, where they stand beside the settings or here."""
    top = (_value(configuration, "app") or "").partition(":")[0].partition(".")[0]
    if not top.isidentifier():
        return
    for folder in {configuration.folder or Path.cwd(), Path.cwd()}:
        yield folder / f"{top}.py"
        yield from (folder / top).rglob("*.py")


def _value(configuration: Configuration, name: str) -> str | None:
    given = configuration.values.get(name)
    return given.value if given is not None else None
