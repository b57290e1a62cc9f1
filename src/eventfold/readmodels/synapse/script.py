"""A script of T-SQL as data: batches, each with a name of what it does."""

from collections.abc import Mapping

import msgspec

from eventfold.sqlfiles import load

MARK = "-- Printed by `eventfold synapse`"
"""How every script begins, by which it is known as one that may be written anew."""
FORMS: Mapping[str, str] = load("eventfold.readmodels.synapse")
"""Every form by its name."""


class Batch(msgspec.Struct, frozen=True):
    """What is sent to the server at once.

    Attributes:
        form: which of the forms in the folder `sql`.
        sql: the filled form.
    """

    form: str
    sql: str


class Script(msgspec.Struct, frozen=True):
    """Batches that are run in their order, any number of times.

    Attributes:
        name: of its file.
        about: what it does, a sentence a line.
        batches: of it.
    """

    name: str
    about: tuple[str, ...]
    batches: tuple[Batch, ...]

    @property
    def text(self) -> str:
        """The script as a file, with GO behind each batch."""
        head = "".join(f"-- {line}\n" for line in self.about)
        return f"{MARK}; it may be run again.\n{head}\n" + "\n".join(
            f"{one.sql}\nGO\n" for one in self.batches
        )


def batch(form: str, **parts: str) -> Batch:
    """A form with its parts, each quoted already."""
    return Batch(form, FORMS[form].strip().format(**parts))
