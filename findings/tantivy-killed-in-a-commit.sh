#!/usr/bin/env bash
# tantivy 0.27.0: a writer that is killed between the file of deletions and the file that makes its commit visible leaves
# the first one. The next writer gives its operations the same numbers, and so wants to make a file of the same name:
# its commit fails, and so does every later one that does the same. To collect garbage before the first commit helps.
#
# Seen:
#   tantivy 0.27.0
#   as described: the next writer's commit fails: FileAlreadyExists
#   as described: and so does the one after it
#   as described: control: after garbage_collect_files the same commit is made
#
# Exit code 0: the behaviour is as described. Anything else: it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check tantivy==0.27.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version
from pathlib import Path

import tantivy

print("tantivy", version("tantivy"))
changed = []


def told(what: str, *, seen: bool) -> None:
    print(f"{'as described' if seen else 'CHANGED'}: {what}")
    changed.extend([] if seen else [what])


builder = tantivy.SchemaBuilder()
builder.add_text_field("key", tokenizer_name="raw", index_option="basic")
schema = builder.build()
place = Path("index")
place.mkdir()
index = tantivy.Index(schema, str(place))


def write(writer: tantivy.IndexWriter) -> str:
    writer.delete_documents_by_term("key", "a")
    try:
        writer.commit()
    except ValueError as error:
        return str(error)
    return ""


writer = index.writer(15_000_000, 1)
for key in "abc":
    writer.add_document(tantivy.Document.from_dict({"key": key}, schema))
writer.commit()
writer.wait_merging_threads()
before = (place / "meta.json").read_bytes()
writer = index.writer(15_000_000, 1)
assert write(writer) == ""
writer.wait_merging_threads()
(place / "meta.json").write_bytes(before)  # as if it had been killed just before this file was put in its place

for what in ("the next writer's commit fails: FileAlreadyExists", "and so does the one after it"):
    writer = tantivy.Index.open(str(place)).writer(15_000_000, 1)
    told(what, seen="FileAlreadyExists" in write(writer))
    writer.rollback()
    writer.wait_merging_threads()
writer = tantivy.Index.open(str(place)).writer(15_000_000, 1)
writer.garbage_collect_files()
told("control: after garbage_collect_files the same commit is made", seen=write(writer) == "")
writer.wait_merging_threads()
sys.exit(1 if changed else 0)
PYTHON
