"""Bringing in the logs of others: rows of files become events, each once, however often a file is imported.

The core path reads in this order: `importing.py`, `files/reading.py`, `mapping/mapping.py`, `settling/knowing.py`,
`settling/settling.py`. Documents in the pattern's own form come by `documents.py`; what `eventfold export` wrote is
restored, equal, by `restoring/`.
"""

from eventfold.imports.documents import container_pages, file_pages, import_documents
from eventfold.imports.importing import import_file
from eventfold.imports.mapping.mapping import Mapping
from eventfold.imports.mapping.naming import original, replaced
from eventfold.imports.mapping.standards import ocel_mapping, xes_mapping
from eventfold.imports.report import ImportReport, Refusal
from eventfold.imports.restoring.restoring import restore

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
