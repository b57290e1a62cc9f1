"""`eventfold plan`: for people, for programs, and with an exit code for a pipeline."""

import json
from pathlib import Path

import eventfold as ef
from tests.doors.calling import Told, eventfold
from tests.readmodels.planning.changing import First, Placed, Second, app, opened, place

first = app(First)
second = app(Second)


class Third(ef.Table, category="order", name="orders"):
    order = ef.key()
    amount = ef.last(Placed.amount)
    channel = ef.last(Placed.channel)


third = app(Third)


def call(folder: Path, name: str, *arguments: str) -> Told:
    return eventfold("-a", f"{__name__}:{name}", "-s", f"sqlite:///{folder}/log.db", *arguments)


def test_a_plan_with_nothing_to_do_is_0_and_one_with_changes_11(tmp_path: Path) -> None:
    with opened(tmp_path, First) as live:
        for n in range(5):
            place(live, n, paid=n == 0)
        live.catch_up()
    assert call(tmp_path, "first", "plan") == (0, "orders: unchanged\n", "Nothing to do.\n")
    code, out, err = call(tmp_path, "second", "plan", "orders")
    assert code == 11
    for line in (
        "orders: changed\n",
        "  ~ buyer: was customer\n",
        "  ~ amount: last(Placed.amount) int64 -> sum(Placed.amount) int64\n",
        "  + placed: count(on Placed)\n",
        "  - channel: last(Placed.channel) string\n",
        "  rows: 5 -> 4; 1 removed, 4 changed (placed in 4, channel in 4)\n",
    ):
        assert line in out
    assert "1 table to do: `eventfold apply` does it; nothing is done yet." in err
    code, out, err = call(tmp_path, "second", "plan", "--sample", "2", "--json")
    found = json.loads(out)
    assert (code, err, found["empty"], found["tables"][0]["sampled"]) == (11, "", False, 2)
    assert call(tmp_path, "second", "plan", "customers").code == 4


def test_apply_does_it_and_rollback_is_for_the_code_of_before(tmp_path: Path) -> None:
    with opened(tmp_path, First) as live:
        place(live, 1)
        live.catch_up()
    code, out, _ = call(tmp_path, "second", "apply", "orders")
    assert (code, out.split("\n")[2].split()) == (0, ["orders", "changed", "2", "1", "1", "0"])
    assert call(tmp_path, "second", "apply").err == "Nothing to do.\n"
    assert "kept for a rollback: generation 1 of orders" in call(tmp_path, "second", "plan").out
    refused = call(tmp_path, "second", "rollback", "orders", "--json")
    assert (refused.code, json.loads(refused.err)["error"]["code"]) == (5, "rollback-refused")
    (back,) = json.loads(call(tmp_path, "first", "rollback", "orders", "--json").out)
    assert back == {"table": "orders", "generation": 3, "rows": 1, "lag": 0}
    (done,) = json.loads(call(tmp_path, "second", "apply", "--drop", "--json").out)
    assert (done["change"], done["generation"]) == ("changed", 4)
    assert "kept" not in call(tmp_path, "second", "plan").out


def test_a_plan_for_a_pull_request_quotes_what_it_shows(tmp_path: Path) -> None:
    with opened(tmp_path, First) as live:
        event = Placed(customer="`<b>` | @all", amount=1)
        live.store.append("order-1", [live.app.registry.encode(event)], expected=0)
        live.catch_up()
    code, out, _ = call(tmp_path, "third", "plan", "--markdown")
    assert code == 11
    lines = out.split("\n")
    assert lines[:4] == [
        "### Plan of `shop`",
        "",
        "#### `orders`: changed",
        "- `- customer: first(Placed.customer) string`",
    ]
    assert "| `~` | `order-1` | `customer` | `` `<b>` \\| @all `` | `-` |" in lines
    assert call(tmp_path, "third", "plan", "--markdown", "--json").code == 2
