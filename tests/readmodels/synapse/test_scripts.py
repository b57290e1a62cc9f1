"""What the scripts of a serverless database consist of."""

import re

import pytest

import eventfold as ef
from eventfold.errors import ConfigInvalid
from eventfold.readmodels.synapse.names import address, checked
from eventfold.readmodels.synapse.script import FORMS, MARK, Script
from eventfold.readmodels.synapse.serverless import Place, Shown, scripts
from tests.readmodels.synapse.shop import Goods

ACCOUNT = "https://lake.dfs.core.windows.net"


class Made(ef.Event):
    name: str


class Odd(ef.Table, category="odd"):
    id = ef.key()
    name = ef.last(Made.name)
    said = ef.view(name=ef.row.name, odd=ef.count(), where=ef.row.name != "it's; DROP TABLE x --]")


def printed(place: Place) -> list[Script]:
    return scripts(place, [Shown(table.spec, table.spec.name) for table in (Goods, Odd)])


def test_names_and_constants_are_quoted_wherever_they_stand() -> None:
    whole = "".join(one.text for one in printed(Place("it's a [shop]", "re]ader", f"{ACCOUNT}/lake")))
    assert "CREATE DATABASE [it's a [shop]]] COLLATE" in whole
    assert "sys.databases WHERE name = N'it''s a [shop]'" in whole
    assert "CREATE ROLE [re]]ader]" in whole
    assert "N'it''s; DROP TABLE x --]'" in whole
    outside = re.sub(r"N?'(?:[^']|'')*'|\[(?:[^]]|]])*\]|^--.*$", "", whole, flags=re.MULTILINE)
    assert not re.search(r"shop|ader|it's|DROP", outside)


def test_what_nobody_gave_is_a_variable_without_which_its_script_stops() -> None:
    first = printed(Place("shop", "reader"))[0]
    assert first.batches[0].form == "location_is_given"
    assert "LOCATION = '$(LAKE)'" in first.text
    assert "PASSWORD = '$(MASTER_KEY_PASSWORD)'" in first.text
    given = printed(Place("shop", "reader", f"{ACCOUNT}/lake"))[0]
    assert set(re.findall(r"\$\((\w+)\)", given.text)) == {"MASTER_KEY_PASSWORD"}
    assert f"LOCATION = '{ACCOUNT}/lake'" in given.text


@pytest.mark.parametrize("form", list(FORMS))
def test_each_form_may_be_run_again(form: str) -> None:
    sql = FORMS[form]
    made = re.findall(r"\bCREATE (?!OR ALTER)(\w+)", sql)
    guards = re.findall(r"\bIF (?:NOT EXISTS|OBJECT_ID\(.*\) IS (?:NOT )?NULL)", sql)
    assert len(guards) == len(made)


def test_a_script_is_known_by_its_first_line_and_has_go_behind_each_batch() -> None:
    for one in printed(Place("shop", "reader")):
        assert one.text.startswith(MARK)
        assert one.text.count("\nGO\n") == len(one.batches)
        assert all(batch.sql.count("CREATE OR ALTER VIEW") <= 1 for batch in one.batches)


def test_a_published_moment_has_views_of_its_own() -> None:
    views = scripts(Place("shop", "reader"), [Shown(Odd.spec, "odd_in_march")])[1]
    assert [batch.form for batch in views.batches] == ["use", "table_view", "view"]
    assert "BULK 'odd_in_march'" in views.text
    assert "VIEW [dbo].[odd_in_march_said] AS" in views.text
    assert "FROM [dbo].[odd_in_march]" in views.text


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (f"{ACCOUNT}/lake", f"{ACCOUNT}/lake"),
        (f"{ACCOUNT}/lake/sub/folder/", f"{ACCOUNT}/lake/sub/folder"),
        ("abfss://lake@lake.dfs.core.windows.net/sub", f"{ACCOUNT}/lake/sub"),
        ("https://lake.blob.core.usgovcloudapi.net/lake", "https://lake.blob.core.usgovcloudapi.net/lake"),
    ],
)
def test_an_address_is_taken_as_synapse_has_it(given: str, meant: str) -> None:
    assert address(given) == meant


@pytest.mark.parametrize(
    "given",
    [
        "",
        "lake",
        "s3://lake/x",
        f"{ACCOUNT}/",
        f"{ACCOUNT}/lake?sv=2020&sig=verysecret",
        f"{ACCOUNT}/lake/*",
        f"{ACCOUNT}/lake/../other",
        f"{ACCOUNT}/lake/$(x)",
        f"{ACCOUNT}/lake/it's",
        "https://user:verysecret@lake.dfs.core.windows.net/lake",
        "https://lake.example.org/lake",
        "abfss://lake@evil.example.org/x",
    ],
)
def test_another_address_is_refused_and_not_repeated(given: str) -> None:
    with pytest.raises(ConfigInvalid, match="--location") as refused:
        address(given)
    assert "verysecret" not in refused.value.message


@pytest.mark.parametrize("given", ["", " shop", "a\nb", "a$(b)", "a]b", "x" * 129])
def test_a_name_that_is_none_is_refused_with_its_option(given: str) -> None:
    with pytest.raises(ConfigInvalid, match="--database") as refused:
        checked(given, "--database")
    assert refused.value.facts["key"] == "database"
