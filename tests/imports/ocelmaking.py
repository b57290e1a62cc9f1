"""One object-centric log, written in the three forms of OCEL 2.0."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

OBJECTS = {"o1": "orders", "o2": "orders", "i1": "items", "p-1": "packages"}
EVENTS: list[dict[str, Any]] = [
    {
        "id": "e1",
        "type": "place order",
        "time": "2023-05-20T07:07:47Z",
        "attributes": [{"name": "price", "value": 524.96}, {"name": "note", "value": "a & <b>"}],
        "relationships": [{"objectId": "o1", "qualifier": "order"}, {"objectId": "i1", "qualifier": ""}],
    },
    {
        "id": "e2",
        "type": "send package",
        "time": "2023-05-21T07:07:47.123Z",
        "attributes": [],
        "relationships": [
            {"objectId": "o1", "qualifier": ""},
            {"objectId": "o2", "qualifier": ""},
            {"objectId": "p-1", "qualifier": ""},
        ],
    },
    {
        "id": "e3",
        "type": "lose package",
        "time": "2023-05-22T07:07:47Z",
        "attributes": [{"name": "count", "value": 1}],
        "relationships": [{"objectId": "p-1", "qualifier": ""}],
    },
]
KINDS = {"price": "float", "note": "string", "count": "integer"}


def write(path: Path, events: list[dict[str, Any]] | None = None) -> Path:
    {".json": _json, ".xml": _xml, ".sqlite": _sqlite}[path.suffix](
        path, EVENTS if events is None else events
    )
    return path


def _types(events: list[dict[str, Any]]) -> dict[str, list[str]]:
    return {e["type"]: [a["name"] for a in e["attributes"]] for e in events}


def _json(path: Path, events: list[dict[str, Any]]) -> None:
    types = [{"name": name, "attributes": []} for name in dict.fromkeys(OBJECTS.values())]
    objects = [{"id": i, "type": t, "attributes": [], "relationships": []} for i, t in OBJECTS.items()]
    kinds = [{"name": name, "attributes": []} for name in _types(events)]
    # the events first: what they relate to is read whatever the order
    path.write_text(
        json.dumps({"events": events, "eventTypes": kinds, "objectTypes": types, "objects": objects})
    )


def _xml(path: Path, events: list[dict[str, Any]]) -> None:
    kinds = "".join(
        f"<event-type name={quoteattr(kind)}><attributes>"
        + "".join(f'<attribute name="{name}" type="{KINDS[name]}"/>' for name in names)
        + "</attributes></event-type>"
        for kind, names in _types(events).items()
    )
    objects = "".join(
        f'<object id="{i}" type="{t}"><attributes><attribute name="price" time="1970-01-01T00:00:00Z">9</attribute>'
        f'</attributes><objects><relationship object-id="o1" qualifier="x"/></objects></object>'
        for i, t in OBJECTS.items()
    )
    found = "".join(
        f"<event id={quoteattr(e['id'])} type={quoteattr(e['type'])} time={quoteattr(e['time'])}><attributes>"
        + "".join(
            f'<attribute name="{a["name"]}">{escape(str(a["value"]))}</attribute>' for a in e["attributes"]
        )
        + "</attributes><objects>"
        + "".join(
            f'<relationship object-id="{r["objectId"]}" qualifier="{r["qualifier"]}"/>'
            for r in e["relationships"]
        )
        + "</objects></event>"
        for e in events
    )
    types = "".join(
        f'<object-type name="{t}"><attributes/></object-type>' for t in dict.fromkeys(OBJECTS.values())
    )
    path.write_text(
        f"<log><object-types>{types}</object-types><event-types>{kinds}</event-types><events>{found}</events>"
        f"<objects>{objects}</objects></log>"
    )


def _sqlite(path: Path, events: list[dict[str, Any]]) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            "CREATE TABLE event_map_type (ocel_type TEXT, ocel_type_map TEXT);"
            "CREATE TABLE event (ocel_id TEXT, ocel_type TEXT);"
            "CREATE TABLE object (ocel_id TEXT, ocel_type TEXT);"
            "CREATE TABLE event_object (ocel_event_id TEXT, ocel_object_id TEXT, ocel_qualifier TEXT);"
        )
        db.executemany("INSERT INTO object VALUES (?, ?)", OBJECTS.items())
        for kind, names in _types(events).items():
            table = kind.title().replace(" ", "")
            columns = "".join(f", {name} {'REAL' if name == 'price' else ''}" for name in names)
            db.execute(f'CREATE TABLE "event_{table}" (ocel_id TEXT, ocel_time TEXT{columns})')
            db.execute("INSERT INTO event_map_type VALUES (?, ?)", (kind, table))
        for e in events:
            table = e["type"].title().replace(" ", "")
            values = [e["id"], e["time"], *(a["value"] for a in e["attributes"])]
            db.execute(f'INSERT INTO "event_{table}" VALUES ({", ".join("?" * len(values))})', values)
            db.execute("INSERT INTO event VALUES (?, ?)", (e["id"], e["type"]))
            db.executemany(
                "INSERT INTO event_object VALUES (?, ?, ?)",
                [(e["id"], r["objectId"], r["qualifier"]) for r in e["relationships"]],
            )
        db.commit()
