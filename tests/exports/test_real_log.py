"""The log of a bank goes out and comes in again, in each form."""

from pathlib import Path

import pytest

from eventfold import open_store
from eventfold.exports import export_log
from eventfold.imports import Mapping, import_file, restore

LOANS = Path(__file__).parents[2] / "examples" / "loans" / "loan-applications.csv.gz"
COLUMNS = Mapping(
    stream="case:concept:name",
    category="loan",
    type=("concept:name", "lifecycle:transition"),
    time="time:timestamp",
)


@pytest.mark.nightly
def test_a_real_log_comes_back_equal_in_each_form(tmp_path: Path) -> None:
    source = open_store(f"sqlite:///{tmp_path}/source.db")
    assert import_file(source, LOANS, COLUMNS).written == 262_200
    first = tmp_path / "first.jsonl"
    export_log(source, first)
    sizes = {}
    for name in ("log.jsonl", "log.jsonl.gz", "log.parquet"):
        assert export_log(source, tmp_path / name).events == 262_200
        sizes[name] = (tmp_path / name).stat().st_size // 1_000_000
        target = open_store(f"sqlite:///{tmp_path}/{name}.db")
        report = restore(target, tmp_path / name)
        assert (report.rows, report.written, report.refused, report.streams) == (262_200, 262_200, 0, 13_087)
        export_log(target, tmp_path / "again.jsonl", overwrite=True)
        assert (tmp_path / "again.jsonl").read_bytes() == first.read_bytes()
        target.close()
    source.close()
    print("megabytes:", sizes)
