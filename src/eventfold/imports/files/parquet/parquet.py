"""Rows out of Parquet, batch by batch, each value as exact JSON: no number and no time takes a detour.

Decimals become text as in typed events, times ISO 8601, bytes base64; lists, records and maps are nested.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec

from eventfold import limits
from eventfold.errors import (
    EventfoldError,
    EventTooLarge,
    NotFound,
    NumberNotFinite,
    QueryInvalid,
    RowInvalid,
)
from eventfold.events.jsontext import compact_object
from eventfold.events.shape import check_key
from eventfold.events.times import too_fine
from eventfold.extras import needing
from eventfold.foreign import said
from eventfold.imports.files import rows
from eventfold.imports.files.parquet.parquetpages import rows_at_once
from eventfold.imports.files.parquet.parquetsizes import shared_texts, unpacked
from eventfold.imports.files.parquet.parquettimes import floored, in_microseconds
from eventfold.imports.files.rows import Cells, Row, damaged

with needing("a Parquet file", "lake"):
    import pyarrow as pa
    import pyarrow.parquet as pq

BATCH = 1_000
_UNFIT = (pa.ArrowInvalid, ValueError, KeyError, OverflowError)
_raw_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder(decimal_format="string").encode


class ParquetRows(NamedTuple):
    """An open Parquet file.

    Attributes:
        path: its place.
        raw: its bytes.
        file: its columns; texts that rows share are kept once.
        schema_arrow: its columns and their types.
        at_once: how many rows of each group are read together.
        read: the columns that are read; None = all.
        used: the columns that anybody asked for; None = all. What the others hold refuses no row.
    """

    path: Path
    raw: BinaryIO
    file: "pq.ParquetFile"
    schema_arrow: "pa.Schema"
    at_once: Sequence[int]
    read: Sequence[str] | None = None
    used: frozenset[str] | None = None

    def batches(self, columns: Sequence[str] | None = None) -> "Iterator[pa.RecordBatch | EventTooLarge]":
        """Its rows, some of a group at a time; an error for a row that is too large.

        Raises:
            RowInvalid: it is damaged.
        """
        line = 0
        try:
            for group, count in enumerate(self.at_once):
                for batch in self.file.iter_batches(count, row_groups=[group], columns=columns):
                    for part in unpacked(batch, self.schema_arrow):
                        yield part
                        line += 1 if isinstance(part, EventTooLarge) else part.num_rows
        except (pa.ArrowException, OSError) as error:
            raise damaged(self.path, line, error) from error

    def rows(self) -> Iterator[Row]:
        """Its rows as cells."""
        line = 0
        documents = [field.name for field in self.schema_arrow if field.type == pa.json_()]
        for batch in self.batches(self.read):
            if isinstance(batch, EventTooLarge):
                line += 1
                yield Row(line, {}, batch)
                continue
            for cells in _values(batch):
                line += 1
                yield self._asked(_row(line, _parsed(cells, documents)))

    def _asked(self, row: Row) -> Row:
        """The row, without what is wrong with it where nobody asked for that."""
        if row.error is None or self.used is None or isinstance(row.error, EventTooLarge):
            return row
        return row._replace(error=None) if self.used <= row.cells.keys() else row


@contextmanager
def opened_parquet(
    path: Path, limit: int = limits.PARQUET_BYTES, used: frozenset[str] | None = None
) -> Iterator[ParquetRows]:
    """Opens a Parquet file, of which no more than `limit` bytes unpack at once.

    Args:
        path: its place.
        limit: in bytes.
        used: the columns that anybody asks for; None = all.

    Raises:
        NotFound: it cannot be opened.
        QueryInvalid: it is no Parquet file, names a column twice, or has one of a type that JSON cannot hold exactly,
            for which somebody asks.
        InvalidEvent: such a column has a name that cannot be kept.
        EventTooLarge: it would unpack to more than is read at once.
    """
    try:
        raw = path.open("rb")
    except OSError as error:
        raise NotFound(f"{path} cannot be opened: {error.strerror}.", file=str(path)) from error
    with raw:
        try:
            file = pq.ParquetFile(raw)
        except (pa.ArrowException, OSError) as error:
            raise QueryInvalid(
                f"{path.name} is no Parquet file, or cut: {said(error)}.", file=path.name
            ) from error
        names = file.schema_arrow.names
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice or not names:
            raise QueryInvalid(f"{path.name} names a column twice, or none: {twice}.", file=path.name)
        read = [field.name for field in file.schema_arrow if _is_kept(field, used)]
        with path.open("rb") as again:
            at_once = rows_at_once(path, again, file.metadata, BATCH, limit)
        texts = shared_texts(file.metadata, file.schema_arrow)
        whole = pq.ParquetFile(raw, read_dictionary=texts)
        yield ParquetRows(
            path, raw, whole, file.schema_arrow, at_once, None if len(read) == len(names) else read, used
        )


def _is_kept(field: "pa.Field", used: frozenset[str] | None) -> bool:
    """Whether a column can be read; one that cannot is an error only where somebody asks for it."""
    try:
        check_key(field.name)
        _check_type(field.name, field.type)
    except EventfoldError:
        if used is None or field.name in used:
            raise
        return False
    return True


def _check_type(name: str, kind: "pa.DataType", *, is_inside: bool = False) -> None:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if kind in {pa.uuid(), pa.bool8()} or (kind == pa.json_() and not is_inside):
        return
    inside = [kind.field(n) for n in range(kind.num_fields)] if pa.types.is_nested(kind) else []
    for field in inside:
        _check_type(f"{name}.{field.name}", field.type, is_inside=True)
    is_plain = (
        pa.types.is_primitive(kind)
        or pa.types.is_decimal(kind)
        or kind in {pa.string(), pa.large_string(), pa.string_view(), pa.null()}
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
    )
    if (
        not (inside or is_plain)
        or pa.types.is_duration(kind)
        or pa.types.is_interval(kind)
        or pa.types.is_union(kind)
    ):
        raise QueryInvalid(
            f"The column {name} is of the type {kind}, which JSON cannot hold exactly.", column=name
        )


class _Unfit(NamedTuple):
    """A row with a value that cannot be kept, its other values, and all of them with their times cut, if that helps."""

    error: EventfoldError
    others: dict[str, Any]
    cut: dict[str, Any] | None = None


def _values(batch: "pa.RecordBatch") -> list[dict[str, Any] | _Unfit]:
    """The rows as Python values; times finer than a microsecond make their row an error."""
    try:
        return list(_plain(batch).to_pylist(maps_as_pydicts="strict"))
    except _UNFIT as error:
        found = _cut(batch)
        if found is not None:
            return found
        if batch.num_rows > 1:
            half = batch.num_rows // 2
            return [*_values(batch.slice(0, half)), *_values(batch.slice(half))]
        return [_unfit(batch, error)]


def _parsed(values: "dict[str, Any] | _Unfit", documents: Sequence[str]) -> "dict[str, Any] | _Unfit":
    """The values of a row, with the JSON of some columns as what it says."""
    if not documents:
        return values
    if isinstance(values, _Unfit):
        cut = None if values.cut is None else _parsed(values.cut, documents)
        others = _parsed(values.others, documents)
        if isinstance(others, _Unfit):
            return _Unfit(others.error, others.others)
        return values._replace(others=others, cut=None if isinstance(cut, _Unfit) else cut)
    found = dict(values)
    wrong: EventfoldError | None = None
    for name in documents:
        if (text := found.get(name)) is not None:
            try:
                found[name] = msgspec.json.decode(text, type=msgspec.Raw)
            except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
                del found[name]
                wrong = RowInvalid(f"{name}: this is no JSON: {error}.")
    return found if wrong is None else _Unfit(wrong, found)


def _unfit(row: "pa.RecordBatch", error: Exception) -> _Unfit:
    finer = _finer(row, row.schema.names)
    wrong = (
        _too_fine(finer[0])
        if finer
        else RowInvalid(f"A value of the row cannot be kept exactly: {said(error)}.")
    )
    if row.num_columns == 1:
        return _Unfit(wrong, {})
    each = [_values(row.select([name]))[0] for name in row.schema.names]
    others = [values for values in each if not isinstance(values, _Unfit)]
    return _Unfit(wrong, {name: value for values in others for name, value in values.items()})


def _cut(batch: "pa.RecordBatch") -> "list[dict[str, Any] | _Unfit] | None":
    """The rows, where nothing is wrong with them but times that are too fine; None where there is more."""
    timed = [field.name for field in batch.schema if in_microseconds(field.type) != field.type]
    if not timed:
        return None
    try:
        columns = {n: floored(batch.column(n)) if n in timed else batch.column(n) for n in batch.schema.names}
        rows_cut = _plain(pa.record_batch(columns)).to_pylist(maps_as_pydicts="strict")
    except _UNFIT:
        return None
    found: list[dict[str, Any] | _Unfit] = []
    for n, cut in enumerate(rows_cut):
        finer = _finer(batch.slice(n, 1), timed)
        others = {name: value for name, value in cut.items() if name not in finer}
        found.append(_Unfit(_too_fine(finer[0]), others, cut) if finer else cut)
    return found


def _finer(row: "pa.RecordBatch", names: Sequence[str]) -> list[str]:
    """Those columns in which a row has a time that is finer than a microsecond."""
    found = []
    for name in names:
        column = row.column(name)
        if in_microseconds(column.type) == column.type:
            continue
        try:
            column.cast(in_microseconds(column.type))
        except pa.ArrowInvalid:
            found.append(name)
    return found


def _too_fine(name: str) -> EventfoldError:
    return too_fine(f"{name}: a time of the row", name, ", or drop the rest with --cut-times")


def _plain(batch: "pa.RecordBatch") -> "pa.Table":
    schema = pa.schema([(field.name, in_microseconds(field.type)) for field in batch.schema])
    return pa.Table.from_batches([batch]).cast(schema)


def _row(line: int, values: dict[str, Any] | _Unfit) -> Row:
    if isinstance(values, _Unfit):
        cut = None if values.cut is None else _row(line, values.cut)
        if cut is not None and cut.error is not None:
            return Row(line, _readable(values.others), cut.error)
        return Row(line, _readable(values.others), values.error, cut=cut.cells if cut is not None else None)
    try:
        text = _encode(_exact(values))
        if len(text) > rows.LONGEST_LINE:
            raise EventTooLarge(f"The row has more than {rows.LONGEST_LINE} bytes.", line=line)
        return Row(line, _raw_object(compact_object(text)))
    except EventfoldError as error:
        return Row(line, _readable(values), error)
    except UnicodeError:
        return Row(line, {}, RowInvalid("The row has text that is not UTF-8.", line=line))


def _readable(values: dict[str, Any]) -> Cells:
    """The values of a row one of which cannot be kept: they may still say which stream it belongs to."""
    found: dict[str, msgspec.Raw] = {}
    for name, value in values.items():
        with suppress(EventfoldError, UnicodeError):
            found[name] = msgspec.Raw(_encode(_exact(value)))
    return found


def _exact(value: Any) -> Any:
    """The value in a form whose JSON says exactly it."""
    match value:
        case float():
            if not math.isfinite(value):
                raise NumberNotFinite(f"{value} is no JSON number.")
            return value
        case dict():
            return {_key(key): _exact(item) for key, item in value.items()}
        case list() | tuple():
            return [_exact(item) for item in value]
        case _:
            return value


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise RowInvalid(f"A map with keys of the type {type(key).__name__} is no JSON object.")
    return key
