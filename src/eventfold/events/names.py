"""Which text can name something that is stored: one table of rules for every name, in any language.

| what | rule |
| --- | --- |
| characters | letters, marks, numbers, punctuation, symbols and spaces of every script that nobody has to guess at |
| ZWJ, ZWNJ | between letters, where scripts need them |
| other invisible characters, all bidirectional controls | none: two names would look the same |
| controls, lone surrogates, private use | none |
| not assigned, as far as this Python knows | none in what is written; what is read may come from one that knows more |
| form | NFC: made of what imports read, demanded of what programs say |

A type also begins with a letter or a number and ends with no space; what a stream's name needs beside this stands in
`eventfold.store.names`. What is stored is read whatever it is called.
"""

import re
import unicodedata
from functools import lru_cache

from eventfold import limits
from eventfold.errors import EventTypeInvalid

_SEEN = "LMNPS"
"""Major classes of characters that are seen: letters, marks, numbers, punctuation, symbols."""

_FIRST = "LN"
_UNASSIGNED = "Cn"
_KINDS = {"Cc": "a control character", "Cs": "a lone surrogate", "Co": "a character of private use"}
_JOINERS = "\u200c\u200d"
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""What Unicode lets programs leave out (Default_Ignorable_Code_Point), bidirectional controls among it, and blanks."""


@lru_cache(maxsize=4096)
def unfit(name: str) -> str:
    """The first character that no name can have, in words; empty where there is none.

    One that is not assigned, as far as this Python knows, is not told: see `unknown_in`.
    """
    for at, character in enumerate(name):
        if _HIDDEN.match(character):
            if not _is_joining(name, at):
                return (
                    f"it has {_called(character)}, which nobody sees, so that two names would look the same"
                )
            continue
        kind = unicodedata.category(character)
        if kind[0] not in _SEEN and kind not in ("Zs", _UNASSIGNED):
            what = _KINDS.get(kind, "no letter, mark, number, punctuation, symbol or space")
            return f"it has {_called(character)}, {what}"
    return ""


@lru_cache(maxsize=4096)
def unknown_in(name: str) -> str:
    """The first character that is not assigned, as far as this Python knows, in words; empty where there is none."""
    for character in name:
        if unicodedata.category(character) == _UNASSIGNED:
            version = unicodedata.unidata_version
            return f"it has {_called(character)}, to which Unicode {version}, as this Python knows it, gives no meaning"
    return ""


def _is_joining(name: str, at: int) -> bool:
    """Whether a joiner stands between two letters, the first with the marks that belong to it."""
    before = at - 1
    while before > 0 and unicodedata.category(name[before])[0] == "M":
        before -= 1
    around = name[max(before, 0)] + name[at + 1 : at + 2]
    kinds = [unicodedata.category(character) for character in around]
    # what is not assigned here may be a letter to the Python that wrote it
    return name[at] in _JOINERS and len(kinds) == 2 and all(k[0] == "L" or k == _UNASSIGNED for k in kinds)


def _called(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()


def composed(name: str) -> str:
    """A name that was read, in the form in which names are stored: NFC."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def not_composed(name: str) -> str:
    """What is wrong with a name that a program says and that is not NFC; empty where nothing is."""
    if name.isascii() or unicodedata.is_normalized("NFC", name):
        return ""
    return "it is not in Unicode normal form NFC: give unicodedata.normalize('NFC', ...) of it"


@lru_cache(maxsize=4096)
def check_event_type(name: str) -> str:
    """Returns `name` if events of that type can be declared, looked for and read.

    Args:
        name: 1 to 128 characters (so at most 512 bytes of UTF-8) in NFC, as in the table above; the first is a letter
            or a number, the last is no space.

    Raises:
        EventTypeInvalid: otherwise, with the reason.
    """
    if why := _type_fault(name):
        raise _invalid(name, why)
    return name


@lru_cache(maxsize=4096)
def check_new_event_type(name: str) -> str:
    """Returns `name` if events of that type can be written.

    Raises:
        EventTypeInvalid: as `check_event_type`; or it has a character that this Python does not know.
    """
    if why := unknown_in(check_event_type(name)):
        raise _invalid(name, why)
    return name


def _type_fault(name: object) -> str:
    if not isinstance(name, str):
        return "it is no text"
    if not name:
        return "it is empty"
    if len(name) > limits.EVENT_TYPE_CHARS:
        return f"it has {len(name)} characters; at most {limits.EVENT_TYPE_CHARS} fit"
    if why := unfit(name):
        return why
    if unicodedata.category(name[0])[0] not in _FIRST and not unknown_in(name[0]):
        return f"it begins with {_called(name[0])}: the first character is a letter or a number"
    if unicodedata.category(name[-1]) == "Zs":
        return "it ends with a space"
    return not_composed(name)


def _invalid(name: object, why: str) -> EventTypeInvalid:
    return EventTypeInvalid(f"{name!r:.142} cannot be an event type: {why}.", type=str(name)[:140])
