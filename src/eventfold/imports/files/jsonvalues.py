"""One JSON document value by value: of a document of any size no more is held than one value of its arrays."""

import re
from collections.abc import Iterator
from io import BufferedReader

from eventfold.imports.files import rows

CHUNK = 64 * 1024
# possessive: a string of millions of escapes must leave nothing behind to try again
_STEP = re.compile(rb'"(?:[^"\\]++|\\.)*+("?)|[{}\[\]]', re.DOTALL)
_REST = re.compile(rb'(?:[^"\\]++|\\.)*+("?)', re.DOTALL)
_SCALAR = re.compile(rb'[^\s,\]}"]*')
_SPACE = re.compile(rb"[ \t\r\n]*")
_OPENS, _CLOSES, _QUOTE = b"{[", b"}]", b'"'


class NotJson(Exception):
    """The document ends in the middle, or is none."""


class JsonValues:
    """Reads a document in its order.

    Args:
        content: UTF-8.
    """

    def __init__(self, content: BufferedReader) -> None:
        self._content = content
        self._buffer = b""
        self._at = 0

    def members(self) -> Iterator[bytes]:
        """The keys of the object that begins here, as JSON; the value of each is to be read before the next."""
        yield from self._separated(b"{", b"}", keys=True)

    def elements(self) -> Iterator[None]:
        """Stops at each element of the array that begins here, which is to be read before the next."""
        for _ in self._separated(b"[", b"]", keys=False):
            yield

    def end(self) -> None:
        """Nothing comes behind the document."""
        if self.peek() is not None:
            raise NotJson("something stands behind its end")

    def peek(self) -> bytes | None:
        """The next byte that is no white space; None at the end."""
        while True:
            space = _SPACE.match(self._buffer, self._at)
            assert space is not None
            self._at = space.end()
            if self._at < len(self._buffer):
                return self._buffer[self._at : self._at + 1]
            if not self._more():
                return None

    def value(self) -> bytes | None:
        """The value that begins here; None where it is longer than a row may be, which is passed over."""
        first = self.peek()
        if first is None or first in (b",", b":", b"]", b"}"):
            raise NotJson("a value is missing")
        if first not in (b"{", b"[", _QUOTE):
            return self._scalar()
        found = _Kept()
        depth = 0
        while True:
            taken = len(self._buffer)
            for step in _STEP.finditer(self._buffer, self._at):
                sign = self._buffer[step.start()]
                if sign in _OPENS:
                    depth += 1
                    continue
                if sign in _CLOSES:
                    depth -= 1
                elif not step[1]:
                    taken = step.start()
                    break
                if depth == 0:
                    return self._taken(found, step.end()).whole()
            self._taken(found, taken)
            self._needed()
            if len(self._buffer) > rows.LONGEST_LINE and self._buffer[:1] == _QUOTE:
                self._pass_over(found)
                if depth == 0:
                    return None

    def _taken(self, found: "_Kept", to: int) -> "_Kept":
        found.add(self._buffer[self._at : to])
        self._at = to
        return found

    def _pass_over(self, found: "_Kept") -> None:
        """Reads to the end of a string that is too long."""
        found.too_long = True
        self._at += 1
        while True:
            rest = _REST.match(self._buffer, self._at)
            assert rest is not None
            self._at = rest.end()
            if rest[1]:
                return
            self._needed()

    def _scalar(self) -> bytes | None:
        found = _Kept()
        while True:
            step = _SCALAR.match(self._buffer, self._at)
            assert step is not None
            self._taken(found, step.end())
            if self._at < len(self._buffer) or not self._more():
                return found.whole()

    def _separated(self, opens: bytes, closes: bytes, *, keys: bool) -> Iterator[bytes]:
        self._expect(opens)
        if self.peek() == closes:
            self._at += 1
            return
        while True:
            key = b""
            if keys:
                if self.peek() != _QUOTE:
                    raise NotJson("a key is missing")
                key = self.value() or b""
                self._expect(b":")
            yield key
            found = self.peek()
            if found not in (b",", closes):
                raise NotJson("a comma or an end is missing")
            self._at += 1
            if found == closes:
                return

    def _expect(self, sign: bytes) -> None:
        if self.peek() != sign:
            raise NotJson(f"{sign.decode()} is missing")
        self._at += 1

    def _needed(self) -> None:
        if not self._more():
            raise NotJson("it ends in the middle")

    def _more(self) -> bool:
        chunk = self._content.read(CHUNK)
        self._buffer = self._buffer[self._at :] + chunk
        self._at = 0
        return bool(chunk)


class _Kept:
    """The parts of a value, or that they are too many."""

    def __init__(self) -> None:
        self.too_long = False
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, part: bytes) -> None:
        self._size += len(part)
        self.too_long = self.too_long or self._size > rows.LONGEST_LINE
        if self.too_long:
            self._parts.clear()
        else:
            self._parts.append(part)

    def whole(self) -> bytes | None:
        return None if self.too_long else b"".join(self._parts)
