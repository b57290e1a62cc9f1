"""The schema gate as a test of an application: its code against the file of what is stored.

def test_the_code_reads_what_was_stored() -> None:
    check_schema(app, Path(__file__).parents[1] / "schema.json")
"""

from pathlib import Path

from eventfold.app.definition import Definition
from eventfold.app.schema import program_of
from eventfold.events.schema.accepting import refuse, require
from eventfold.events.schema.gate import judge
from eventfold.events.schema.recorded import read_file


def check_schema(app: Definition, file: str | Path) -> None:
    """As `eventfold schema check --locked`: refuses code that could not read what is stored, or that is not recorded.

    Args:
        app: the definition.
        file: the schema file, which `eventfold schema accept` makes.

    Raises:
        SchemaBroken: stored events could no longer be read, or would mean something else.
        SchemaUnrecorded: something is new; `eventfold schema accept` records it.
        SchemaFileInvalid: the file is damaged or not there.
    """
    findings = judge(read_file(Path(file)), program_of(app))
    refuse(findings)
    require(findings)
