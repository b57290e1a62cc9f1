"""The script that brings one version of a table into a dedicated pool, which keeps rows of its own."""

from collections.abc import Iterator

from eventfold.readmodels.synapse.loading import Loaded
from eventfold.readmodels.synapse.names import identifier, plain_text, qualified, text
from eventfold.readmodels.synapse.script import Batch, Script, batch
from eventfold.readmodels.synapse.serverless import LAKE
from eventfold.readmodels.synapse.sqltypes import columns_of, sql_type
from eventfold.readmodels.telling import place
from eventfold.words import how_many


def load_script(loaded: Loaded, location: str | None) -> Script:
    """The table as it was published in one version: a staging table, then one statement that upserts and deletes.

    Args:
        loaded: the version.
        location: the address of the lake; None = a variable of sqlcmd.
    """
    name, stamp = loaded.layout.spec.name, loaded.stamp
    parked = f", less {how_many(stamp.parked_count, 'parked stream')}" if stamp.parked_count else ""
    if loaded.newest:
        lives = "Its files live as long as no later version has replaced them, and then"
    else:
        lives = "Later versions have replaced it: of its files those that they did not keep live"
    return Script(
        f"load-{name}-{loaded.number}.sql",
        (
            f"Version {loaded.number} of {name}: the log {stamp.log} {place(stamp.cursor)}{parked}.",
            f"{how_many(loaded.rows, 'row')} in {how_many(len(loaded.files), 'file')}.",
            f"{lives} for the retention of the table ({loaded.retention}), before which no clean-up takes them.",
            "Run it whole, in one session: it upserts what the version has and deletes what it no longer has.",
        ),
        tuple(_batches(loaded, location)),
    )


def _batches(loaded: Loaded, location: str | None) -> Iterator[Batch]:
    spec = loaded.layout.spec
    table, staging = qualified(spec.name), identifier(f"#{spec.name}")
    key = identifier(spec.key_name)
    shown = list(columns_of(spec))
    if location is None:
        yield batch("location_is_given")
    yield batch(
        "pool_table",
        table=table,
        table_text=text(table),
        key=key,
        columns=",\n        ".join(
            f"{identifier(one.name)} {one.type} {'NOT NULL' if one.name == spec.key_name else 'NULL'}"
            for one in shown
        ),
    )
    yield batch(
        "staging",
        staging=staging,
        staging_text=text(f"tempdb..{staging}"),
        key=key,
        columns=",\n    ".join(
            f"{identifier(slot.name)} {sql_type(slot.type, is_list=slot.is_list)} NULL"
            for slot in loaded.layout.slots
        ),
    )
    if loaded.files:
        lake = f"$({LAKE})" if location is None else location
        files = (plain_text(f"{lake}/{spec.name}/{file}") for file in loaded.files)
        yield batch("copy", staging=staging, files=",\n    ".join(files))
    updates = ", ".join(f"{identifier(one.name)} = [source].{identifier(one.name)}" for one in shown[1:])
    names = [identifier(one.name) for one in shown]
    yield batch(
        "upsert",
        table=table,
        staging=staging,
        key=key,
        rows=str(loaded.rows),
        matched=f"WHEN MATCHED THEN UPDATE SET {updates}\n" if updates else "",
        names=", ".join(names),
        values=", ".join(f"[source].{name}" for name in names),
    )
    yield batch("staging_end", staging=staging)
