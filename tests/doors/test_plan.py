"""`eventfold plan`: for people, for programs, and with an exit code for a pipeline."""

import json
from pathlib import Path

from tests.doors.calling import Told, eventfold
from tests.readmodels.planning.changing import First, Second, app, opened, place

first = app(First)
second = app(Second)


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
    assert "1 table to do; nothing is done yet." in err
    code, out, err = call(tmp_path, "second", "plan", "--sample", "2", "--json")
    found = json.loads(out)
    assert (code, err, found["empty"], found["tables"][0]["sampled"]) == (11, "", False, 2)
    assert call(tmp_path, "second", "plan", "customers").code == 4
