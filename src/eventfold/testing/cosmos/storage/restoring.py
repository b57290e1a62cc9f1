"""From the journal back to an account: every noted change is done again, in its order, through the same doors."""

from collections.abc import Iterable

from eventfold.testing.cosmos.storage.account import Account
from eventfold.testing.cosmos.storage.container import Container
from eventfold.testing.cosmos.storage.keeping import Entry
from eventfold.testing.cosmos.storage.transaction import Transaction


def restore(account: Account, entries: Iterable[Entry]) -> None:
    """Does everything again."""
    containers: dict[str, Container] = {}
    for entry in entries:
        match entry:
            case {"do": "create database", "id": name, "rid": rid}:
                account.create_database(name, rid)
            case {"do": "drop database", "id": name}:
                account.drop_database(name)
            case {"do": "create container", "database": database, "rid": rid}:
                made = account.create_container(database, entry["definition"], entry["partitions"], rid)
                containers[rid] = made
            case {"do": "drop container", "database": database, "id": name}:
                account.drop_container(database, name)
            case {"do": "define", "rid": rid, "definition": definition}:
                containers[rid].define(definition)
            case {"do": "split", "rid": rid, "range": range_id}:
                containers[rid].split(range_id)
            case {"do": "merge", "rid": rid, "ranges": (one, other)}:
                containers[rid].merge(one, other)
            case {"do": "commit", "rid": rid, "key": values, "changes": changes, "at": moment}:
                Transaction(containers[rid], values).repeat(changes, moment)
            case _:
                raise ValueError(f"The journal has an entry that is not known: {entry.get('do')!r}.")
