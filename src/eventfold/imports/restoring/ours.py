"""Whether a file is what `eventfold export` wrote: a person who imports it wants the log that it was."""

from pathlib import Path

from eventfold.errors import EventfoldError
from eventfold.imports.files.reading import Format, form_of, lines_of
from eventfold.imports.restoring.exported import is_document


def is_export(path: Path, form: Format | None = None) -> bool:
    """Whether a file looks like an export: by the first line of JSON Lines, or by the columns of Parquet.

    Nothing is raised: of a file that cannot be read, whoever reads it tells.
    """
    try:
        match form or form_of(path):
            case "jsonl":
                first = next(lines_of(path), None)
                return first is not None and is_document(first.text)
            case "parquet":
                from eventfold.imports.restoring.parquetevents import has_columns

                return has_columns(path)
            case _:
                return False
    except (EventfoldError, OSError):
        return False
