"""The schema gate as a test of an application: its code against the file of what is stored.

def test_the_code_reads_what_was_stored() -> None:
    check_schema(app, Path(__file__).parents[1] / "schema.json")
"""

from pathlib import Path

from eventfold.app.definition import Definition
from eventfold.app.schema import catalogue_of_app, program_of
from eventfold.events.schema.accepting import refuse, require
from eventfold.events.schema.gate import judge
from eventfold.events.schema.recorded import read_file
from eventfold.handlers.public import gate as public
from eventfold.handlers.public.catalogue import read_if_there


def check_schema(app: Definition, file: str | Path, catalogue: str | Path | None = None) -> None:
    """As `eventfold schema check --locked`: refuses code that could not read what is stored, or that is not recorded.

    So is what others could not read of what the app publishes.

    Args:
        app: the definition.
        file: the schema file, which `eventfold schema accept` makes.
        catalogue: of public events; default: `catalogue.json` beside it.

    Raises:
        SchemaBroken: stored events could no longer be read, or would mean something else, or others could not read
            what is published.
        SchemaUnrecorded: something is new; `eventfold schema accept` records it.
        SchemaFileInvalid: the file is damaged or not there.
    """
    told = read_if_there(Path(catalogue or Path(file).parent / "catalogue.json"), app.name)
    published = public.judge(told, catalogue_of_app(app))
    findings = [*judge(read_file(Path(file)), program_of(app)), *published]
    refuse(findings)
    require(findings)
