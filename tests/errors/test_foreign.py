"""What other libraries say in our sentences: plain, short, one line; and nothing that a native thread prints."""

import errno
from pathlib import Path

import apsw
import pytest

from eventfold.errors import StorageFailed, StorageFull
from eventfold.foreign import MOST, PANIC, said, says_full
from eventfold.readmodels.delta.errors import translated
from eventfold.readmodels.delta.places.folder import Folder
from eventfold.sqlite.errors import translate
from tests.trust.system import python

COLOURED = (
    "Generic LocalFileSystem error\n          \x1b[31m↳\x1b[0m Unable to copy data to file\n"
    "           \x1b[31m↳\x1b[0m No space left on device (os error 28)\n"
)
PANICKED = type(PANIC, (BaseException,), {})


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("It failed.", "It failed"),
        (
            COLOURED,
            "Generic LocalFileSystem error: Unable to copy data to file: No space left on device (os error 28)",
        ),
        ("Parser Error: syntax error\n\nLINE 1: SELEC\n        ^", "Parser Error: syntax error"),
        (
            'Binder Error: column "nix" not found!\nCandidate bindings: "n"\n\nLINE 1: SELECT nix\n   ^',
            'Binder Error: column "nix" not found: Candidate bindings: "n"',
        ),
        ("\n\n  first\nsecond", "first"),
        ("bad\nHelp: read this\n", "bad"),
        ("stack backtrace:\n 0: x", "ValueError"),
        ("", "ValueError"),
        ("a\tb\x00c\x9bd", "a b c d"),
        ("\x1b]0;title\x07name", "name"),
        ("\x1b[1;31mred", "red"),
        ("lone \ud800", "lone \\ud800"),
        ("x" * 1000, "x" * (MOST - 1) + "…"),
    ],
)
def test_what_an_error_says_is_one_plain_line(text: str, wanted: str) -> None:
    assert said(ValueError(text)) == wanted


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (ValueError(COLOURED), True),
        (OSError(errno.ENOSPC, "x"), True),
        (OSError(errno.EDQUOT, "x"), True),
        (ValueError("Disk quota exceeded (os error 122)"), True),
        (ValueError("There is not enough space on the disk. (os error 112)"), True),
        (ValueError("os error 281"), False),
        (OSError(errno.EROFS, "Read-only file system"), False),
    ],
)
def test_an_error_that_means_a_full_disk_is_known(error: Exception, *, wanted: bool) -> None:
    assert says_full(error) is wanted


def test_a_fault_inside_of_the_delta_library_is_an_error_of_the_tree(tmp_path: Path) -> None:
    for text, wanted in ((COLOURED, StorageFull), ("index out of bounds\nstack backtrace:", StorageFailed)):
        with pytest.raises(wanted) as told, translated("publishing", Folder(tmp_path)):
            raise PANICKED(text)
        assert str(tmp_path) in told.value.message
        assert "\x1b" not in told.value.message
    with pytest.raises(KeyboardInterrupt), translated("publishing", Folder(tmp_path)):
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    "error",
    [
        apsw.BusyError("x"),
        apsw.FullError("x"),
        apsw.NotADBError("x"),
        apsw.CantOpenError("x"),
        apsw.ReadOnlyError("x"),
        apsw.IOError("x"),
        apsw.SQLError("x\ny"),
    ],
)
def test_every_error_of_sqlite_names_the_file(error: apsw.Error) -> None:
    told = translate(error, "reading", "/srv/shop.db")
    assert "/srv/shop.db" in told.message
    assert told.facts["path"] == "/srv/shop.db"
    assert "\n" not in told.message


SPEAKING = """
import os, sys, threading
from eventfold.foreign import own_standard_error, without_panics
if sys.argv[1] == "ours":
    own_standard_error()
with without_panics():
    with without_panics():
        os.write(2, b"\\nthread 'tokio-rt-worker' (7) panicked at /x/buffered.rs:369:41:\\nAlready shut down\\n"
            b"stack backtrace:\\n   0: rust\\n             at /y/z.rs:1\\nnote: Some details are omitted, run with"
            b" `RUST_BACKTRACE=full` for a verbose backtrace.\\n")
        print("a warning of ours", file=sys.stderr)
        os.write(2, b"\\nthread 'main' panicked at x.rs:1:1:\\nwhat was it\\n")
    sys.stderr.write("and the end")
print("\\nafterwards", file=sys.stderr)
"""


def test_a_panic_is_kept_off_standard_error_and_nothing_else_is() -> None:
    assert python(SPEAKING, "ours").stderr == "a warning of ours\nand the end\nafterwards\n"


def test_control_who_does_not_own_standard_error_has_it_as_it_is() -> None:
    told = python(SPEAKING, "not ours").stderr
    assert told.count("panicked") == 2
    assert "a warning of ours" in told


CLOSED = """
import os
from eventfold.foreign import own_standard_error, without_panics
own_standard_error()
os.close(2)
with without_panics():
    print("done")
"""


def test_a_standard_error_that_is_closed_changes_nothing() -> None:
    assert python(CLOSED).stdout == "done\n"
