"""Bringing in the logs of others: rows of files become events, each once, however often a file is imported.

The core path reads in this order: `importing.py`, `reading.py`, `mapping.py`, `knowing.py`, `settling.py`.
Documents in the pattern's own form come by `documents.py`; what `eventfold export` wrote is restored, equal, by
`restoring.py`.
"""

from eventfold.imports.documents import container_pages, file_pages, import_documents
from eventfold.imports.importing import import_file
from eventfold.imports.mapping import Mapping
from eventfold.imports.naming import original, replaced
from eventfold.imports.report import ImportReport, Refusal
from eventfold.imports.restoring import restore
from eventfold.imports.standards import ocel_mapping, xes_mapping

__all__ = [
    "ImportReport",
    "Mapping",
    "Refusal",
    "container_pages",
    "file_pages",
    "import_documents",
    "import_file",
    "ocel_mapping",
    "original",
    "replaced",
    "restore",
    "xes_mapping",
]
