"""The scripts of a database in the serverless pool: it keeps no rows, and reads the Delta tables where they lie."""

from collections.abc import Iterator, Sequence

import msgspec

from eventfold.readmodels.declaring.table import TableSpec
from eventfold.readmodels.declaring.views.dialects import tsql
from eventfold.readmodels.synapse.names import identifier, plain_text, qualified, text
from eventfold.readmodels.synapse.script import Batch, Script, batch
from eventfold.readmodels.synapse.sqltypes import columns_of

LAKE = "LAKE"
"""What nobody gave is a variable of sqlcmd, as the password is; the script refuses to run without."""


class Place(msgspec.Struct, frozen=True):
    """Where the scripts make what, by names that were checked.

    Attributes:
        database: its name.
        reader: the role that may read.
        location: the address of the lake; None = a variable of sqlcmd.
    """

    database: str
    reader: str
    location: str | None = None

    @property
    def lake(self) -> str:
        """The data source, and the credential by which it is read."""
        return f"{self.database}_lake"


class Shown(msgspec.Struct, frozen=True):
    """A table that SQL users see.

    Attributes:
        spec: of the table.
        name: of the folder in the lake and of its view: that of the table, or that of a published moment of it.
    """

    spec: TableSpec
    name: str

    def view(self, name: str) -> str:
        """How a view of the table is called."""
        return name if self.name == self.spec.name else f"{self.name}_{name}"


def scripts(place: Place, tables: Sequence[Shown]) -> list[Script]:
    """What is run once for a database, and what is run again whenever a definition changes."""
    use = batch("use", database=identifier(place.database))
    return [
        Script(
            "1-database.sql",
            (
                f"The database {place.database}, and the way from it to the lake.",
                "The managed identity of the workspace reads: give it the role Storage Blob Data Reader there.",
            ),
            tuple(_database(place, use)),
        ),
        Script(
            "2-views.sql",
            (
                "A view of each table, with a type for each column, and the views that are declared beside it.",
            ),
            (use, *_views(place, tables)),
        ),
        Script(
            "3-readers.sql",
            (f"Members of the role {place.reader} may read the views.",),
            (use, *_grants(place, tables)),
        ),
    ]


def _database(place: Place, use: Batch) -> Iterator[Batch]:
    lake, lake_text = identifier(place.lake), text(place.lake)
    location = f"$({LAKE})" if place.location is None else place.location
    if place.location is None:
        yield batch("location_is_given")
    yield batch(
        "database",
        database=identifier(place.database),
        database_text=text(place.database),
        collation=tsql.COLLATION,
    )
    yield use
    yield batch("master_key")
    yield batch("credential", credential=lake, credential_text=lake_text)
    yield batch(
        "data_source",
        source=lake,
        source_text=lake_text,
        location=plain_text(location),
        location_closed=plain_text(f"{location}/"),  # a catalog may show it with the slash that was not given
        credential=lake,
    )


def _views(place: Place, tables: Sequence[Shown]) -> Iterator[Batch]:
    for shown in tables:
        columns = list(columns_of(shown.spec))
        yield batch(
            "table_view",
            view=qualified(shown.name),
            names=", ".join(identifier(one.name) for one in columns),
            folder=plain_text(shown.name),
            source_text=plain_text(place.lake),
            columns=",\n    ".join(f"{identifier(one.name)} {one.type}" for one in columns),
        )
        for name, view in shown.spec.views.items():
            select = view.select("tsql", qualified(shown.name))
            yield batch("view", view=qualified(shown.view(name)), select=select)


def _grants(place: Place, tables: Sequence[Shown]) -> Iterator[Batch]:
    role = identifier(place.reader)
    yield batch("role", role=role, role_text=text(place.reader))
    yield batch("grant_credential", credential=identifier(place.lake), role=role)
    for shown in tables:
        for name in (shown.name, *(shown.view(one) for one in shown.spec.views)):
            yield batch("grant_view", view=qualified(name), role=role)
