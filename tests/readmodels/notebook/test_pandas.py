"""Data frames of real libraries, in an environment of their own: what is exact in the table is exact in the frame."""

import json
import os
import subprocess
import sysconfig
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from tests.docs.pages import DOCS, blocks
from tests.imports.pm4pymaking import NotInstalled, environment

PINS = ["pandas==3.1.1", "polars==2.1.0", "numpy==2.4.6"]
ROOT = Path(__file__).parents[3]
BIG = 2**53 + 1
PROGRAM = """
import json
import pandas, polars
from tests.readmodels.notebook.bank import BANK, Accounts, fill

with BANK.open("sqlite://") as live:
    fill(live)
    live.catch_up()
    found = live.query(
        "SELECT account, paid_in, CASE WHEN paid_in = 1 THEN 9007199254740993 END AS big, paid_in = 1 OR NULL AS flag,"
        " [9007199254740993, NULL] AS list, 0.10::DECIMAL(38,2) AS money, TIMESTAMPTZ '9000-01-01' AS late, note"
        " FROM accounts ORDER BY account"
    )
    frame = found.to_pandas()
    other = found.to_polars()
    table = live.table(Accounts)
    print(json.dumps({
        "pandas": [repr(frame[name][0]) for name in ("paid_in", "big", "list", "money")],
        "flags": [str(frame["flag"][0]), str(frame["flag"][1])],
        "absent": str(frame["big"][1]),
        "late": str(frame["late"][0]),
        "notes": [frame["note"].tolist(), other["note"].to_list()] == [[r["note"] for r in found.rows()]] * 2,
        "polars": [repr(other[name][0]) for name in ("paid_in", "big", "money")],
        "rows": [len(table.to_pandas()), len(table.at(position=3).to_polars()), len(polars.DataFrame(table))],
        "empty": list(live.query("SELECT * FROM accounts WHERE false").to_pandas().shape),
    }))
"""


def run(program: str, folder: Path = ROOT) -> str:
    """What a program says, with these libraries and ours."""
    try:
        python = environment(PINS)
    except NotInstalled as reason:
        pytest.skip(f"pandas and polars are fetched for this: {reason}")
    ours = [str(ROOT), str(ROOT / "src"), sysconfig.get_paths()["purelib"]]
    variables = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "COV"))}
    answer = subprocess.run(
        [python, "-c", f"import sys; sys.path += {ours!r}\n{program}"],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@pytest.mark.slow
def test_what_is_exact_in_the_table_is_exact_in_the_frame() -> None:
    assert json.loads(run(PROGRAM)) == {
        "pandas": [
            "np.int64(1)",
            f"np.int64({BIG})",
            f"array([{BIG}, None], dtype=object)",
            "Decimal('0.10')",
        ],
        "flags": ["True", "<NA>"],
        "absent": "<NA>",
        "late": "9000-01-01 00:00:00+00:00",
        "notes": True,
        "polars": ["1", str(BIG), "Decimal('0.10')"],
        "rows": [8, 3, 8],
        "empty": [0, 4],
    }


@pytest.mark.slow
def test_polars_reads_a_published_table_as_the_page_says(tmp_path: Path) -> None:
    (block,) = [b for b in blocks((DOCS / "howto/readers.md").read_text("utf-8")) if "polars" in b.value]
    rows = {
        "order": ["order-1", "order-2"],
        "total": [Decimal(40), Decimal(10)],
        "paid": [Decimal(40), Decimal(0)],
    }
    money = pa.decimal128(18, 2)
    schema = pa.schema([("order", pa.string()), ("total", money), ("paid", money), ("_version", pa.int64())])
    table = pa.table({**rows, "_version": [3, 1]}, schema=schema)
    write_deltalake(str(tmp_path / "lake" / "orders"), table)
    said = run(block.text, tmp_path)
    assert said == "[{'order': 'order-2', 'total': Decimal('10.00'), 'paid': Decimal('0.00')}]\n"
