"""What Parquet would unpack at once, told by the headers of its pages before any page is unpacked.

A page of a few bytes may stand for gigabytes, as may a value that many rows share, or a list whose length is all that
is stored of it. The headers are what unpacks go by; what the foot of the file says of sizes nobody checks.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from eventfold import limits
from eventfold.errors import EventTooLarge, QueryInvalid
from eventfold.extras import needing

with needing("a Parquet file", "lake"):
    import pyarrow.parquet as pq

_TRIES = (4 * 1024, 256 * 1024, limits.ROW_BYTES)
_WIDEST = 16
_DELTA_OF_TEXTS = 7
_DEEPEST = 8
_DICTIONARY_PAGE = 2
_STRUCT, _TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET = 12, 1, 2, 3, 7, 8, 9, 10
_NUMBERS = (4, 5, 6)

Fields = dict[int, "int | Fields"]


class _Page(NamedTuple):
    kind: int
    unpacked: int
    packed: int
    values: int
    encoding: int
    begins: int


def rows_at_once(path: Path, raw: BinaryIO, file: "pq.FileMetaData", most: int, limit: int) -> list[int]:
    """How many rows of each group may be read at once, so that they fit.

    Args:
        path: of the file.
        raw: its bytes, read at any place.
        file: what its foot says.
        most: never more.
        limit: of what a group unpacks at once, bytes.

    Raises:
        EventTooLarge: a group of rows has pages that are too large.
        QueryInvalid: the headers cannot be read.
    """
    try:
        return [_of_group(path, raw, file, number, most, limit) for number in range(file.num_row_groups)]
    except (IndexError, ValueError, OverflowError) as error:
        raise QueryInvalid(f"{path.name} is no Parquet file, or cut: {error}.", file=path.name) from None


def _of_group(path: Path, raw: BinaryIO, file: "pq.FileMetaData", number: int, most: int, limit: int) -> int:
    group = file.row_group(number)
    at_once = a_row = 0
    for n in range(group.num_columns):
        schema = file.schema.column(n)
        largest = in_all = dictionary = 0
        densest = _WIDEST
        for page in _pages(raw, group.column(n)):
            largest = max(largest, page.unpacked)
            if page.kind == _DICTIONARY_PAGE:
                dictionary = page.unpacked
                continue
            in_all += page.unpacked + page.values * _WIDEST
            shared = page.encoding == _DELTA_OF_TEXTS
            densest = max(densest, page.unpacked if shared else page.unpacked // max(page.values, 1))
        at_once += largest + dictionary + (in_all if schema.max_repetition_level else 0)
        a_row += densest + (schema.length or 0)
    if at_once > limit:
        raise EventTooLarge(
            f"{path.name}: a group of rows would unpack to more than {limit // 1024**2} MiB at once; write it with"
            " smaller groups (row_group_size), which have smaller pages and lists.",
            file=path.name,
        )
    return max(1, min(most, limits.PAGE_BYTES // max(a_row, 1)))


def _pages(raw: BinaryIO, chunk: "pq.ColumnChunkMetaData") -> Iterator[_Page]:
    at = chunk.data_page_offset
    if chunk.has_dictionary_page and chunk.dictionary_page_offset:
        at = min(at, chunk.dictionary_page_offset)
    end = at + chunk.total_compressed_size
    seen = 0
    while at < end and seen < chunk.num_values:
        page = _page(raw, at)
        yield page
        seen += page.values if page.kind != _DICTIONARY_PAGE else 0
        at = page.begins + page.packed


def _page(raw: BinaryIO, at: int) -> _Page:
    for size in _TRIES:
        raw.seek(at)
        head = raw.read(size)
        try:
            fields, used = _struct(head, 0, 0)
        except IndexError:
            if len(head) < size or size == _TRIES[-1]:
                raise
            continue
        inner = fields.get(5) or fields.get(7) or fields.get(8) or {}
        assert isinstance(inner, dict)
        sizes = [fields.get(1, 0), fields.get(2, 0), fields.get(3, 0), inner.get(1, 0)]
        encoding = inner.get(4 if 8 in fields else 2, 0)
        kind, unpacked, packed, values = [one if isinstance(one, int) else 0 for one in sizes]
        if min(unpacked, packed, values) < 0:
            raise ValueError("a size of a page is negative")
        return _Page(kind, unpacked, packed, values, encoding if isinstance(encoding, int) else 0, at + used)
    raise IndexError


def _struct(head: bytes, at: int, depth: int) -> tuple[Fields, int]:
    """A structure of Thrift's compact form: its numbers and inner structures, all else passed over."""
    if depth > _DEEPEST:
        raise ValueError("a header is nested too deep")
    found: Fields = {}
    field = 0
    while sign := head[at]:
        at += 1
        step, kind = sign >> 4, sign & 15
        if step:
            field += step
        else:
            field, at = _number(head, at)
        if kind in (_TRUE, _FALSE):
            continue
        value, at = _value(head, at, kind, depth)
        if value is not None:
            found[field] = value
    return found, at + 1


def _value(head: bytes, at: int, kind: int, depth: int) -> "tuple[int | Fields | None, int]":
    if kind in _NUMBERS:
        return _number(head, at)
    if kind == _STRUCT:
        return _struct(head, at, depth + 1)
    if kind in (_BYTE, _TRUE, _FALSE):
        return None, at + 1
    if kind == _DOUBLE:
        return None, at + 8
    if kind == _BINARY:
        size, at = _varint(head, at)
        if at + size > len(head):
            raise IndexError("a header is cut")
        return None, at + size
    if kind in (_LIST, _SET):
        sign, at = head[at], at + 1
        size = sign >> 4
        if size == 15:
            size, at = _varint(head, at)
        for _ in range(size):
            _, at = _value(head, at, sign & 15, depth + 1)
        return None, at
    raise ValueError("a header has what no header has")


def _number(head: bytes, at: int) -> tuple[int, int]:
    found, at = _varint(head, at)
    return (found >> 1) ^ -(found & 1), at


def _varint(head: bytes, at: int) -> tuple[int, int]:
    found = shift = 0
    while True:
        byte = head[at]
        found |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return found, at
        if shift > 63:
            raise ValueError("a number in a header is too long")
