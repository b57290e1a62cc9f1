"""The schema file: the same text for the same contents, a line for each field and sample, and damage is named."""

import json
from decimal import Decimal

import pytest

from eventfold.errors import SchemaFileInvalid
from eventfold.events.schema.accepting import accept
from eventfold.events.schema.recorded import Category, Recorded, parse, render
from tests.events.schema.making import event, program

PLACED = event({"customer": str, "total": Decimal, "note": (str | None, None)})
CONTENTS = accept(
    Recorded(app="shop"),
    program(PLACED, categories={"order": Category("Order", ["Placed"])}, tables=("b", "a")),
)
TEXT = render(CONTENTS)


def test_what_is_written_is_read_back_and_written_the_same() -> None:
    assert parse(TEXT) == CONTENTS
    assert render(parse(TEXT.encode())) == TEXT
    pretty = json.dumps(json.loads(TEXT), indent=4, sort_keys=True)
    assert render(parse(pretty)).count("\n") == TEXT.count("\n")


def test_an_added_field_shows_as_lines_that_are_added() -> None:
    more = event({"customer": str, "total": Decimal, "note": (str | None, None), "by": (str, "")})
    after = render(accept(CONTENTS, program(more, categories=CONTENTS.categories, tables=("a", "b"))))
    gone = [
        line
        for line in TEXT.splitlines()
        if line.strip(" ,") not in {other.strip(" ,") for other in after.splitlines()}
    ]
    assert gone == []
    assert '"by": {"is": "optional", "of": "str", "default": ""}' in after


def test_numbers_in_samples_keep_their_digits() -> None:
    text = TEXT.replace('"samples": [', '"samples": [\n{"data": {"customer":"x","total":1.10,"note":null}},')
    assert '{"customer":"x","total":1.10,"note":null}' in render(parse(text))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "not JSON"),
        ("<<<<<<< HEAD\n" + TEXT, "merge"),
        (TEXT[:-20], "not JSON"),
        ("[]", "damaged"),
        (TEXT.replace("schema 1", "schema 2"), "install the release"),
        (TEXT.replace('"class"', '"klass"'), "klass"),
        (TEXT.replace('"app": "shop"', '"app": "shop", "app": "shop"'), "twice"),
        (TEXT.replace('"customer": "str"', '"customer": "string"'), "string"),
        (TEXT.replace('"customer": "str"', '"customer": {"is": "again", "up": 2}'), "Placed@1"),
        (TEXT.replace('"1": {', '"0": {'), "damaged"),
        (TEXT.replace('{"data": {"customer"', '{"data": {"$enc":1,"customer"'), "reserved"),
        (TEXT.replace('{"data": {', '{"data": [{', 1).replace("}}", "}]}", 1), "damaged"),
        ("\ufeff" + TEXT, "byte order mark"),
        ("[" * 100_000, "damaged"),
    ],
)
def test_a_damaged_file_is_named(text: str, word: str) -> None:
    with pytest.raises(SchemaFileInvalid, match=word):
        parse(text)
