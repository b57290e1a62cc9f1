#!/usr/bin/env bash
# azure-search-documents 12.0.0: where a whole request of SearchIndexingBufferedSender is refused, as by a 429 without Retry-After, it
# queues the first action of the batch again and drops the others: neither on_error nor on_remove is called for them, and
# the only sign is that flush() says True once. So the documents of a throttled batch are lost but for one. index_documents
# of SearchClient raises instead.
#
# Seen:
#   azure-search-documents 12.0.0
#   as described: control: without a refusal 5 of 5 documents arrive, on_progress 5
#   as described: one refusal of a batch of 5 documents: 1 arrives, on_progress 1, on_error 0, on_remove 1
#   as described: control: SearchClient raises HttpResponseError for the same refusal
#
# Exit code 0: the behaviour is as described. Anything else: it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check azure-search-documents==12.0.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import json
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version

from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError
from azure.search.documents import SearchClient, SearchIndexingBufferedSender

print("azure-search-documents", version("azure-search-documents"))
changed = []
arrived = set()
refusals = 0


class Service(BaseHTTPRequestHandler):
    """An index with the key `id`; it refuses as many batches as it is told to."""

    def do_GET(self):
        self.answer(200, {"name": "orders", "fields": [{"name": "id", "type": "Edm.String", "key": True}]})

    def do_POST(self):
        global refusals
        keys = [each["id"] for each in json.loads(self.rfile.read(int(self.headers["content-length"])))["value"]]
        if refusals:
            refusals -= 1
            self.answer(429, {"error": {"code": "", "message": "Too many requests."}})
            return
        arrived.update(keys)
        done = [{"key": key, "status": True, "errorMessage": None, "statusCode": 201} for key in keys]
        self.answer(200, {"value": done})

    def answer(self, status, told):
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
where = (f"http://127.0.0.1:{server.server_address[1]}", "orders", AzureKeyCredential("key"))
documents = [{"id": str(n)} for n in range(5)]


def check(what, right):
    print("as described:" if right else "CHANGED:", what)
    if not right:
        changed.append(what)


def send():
    called = Counter()
    arrived.clear()
    hooks = {f"on_{what}": lambda _, what=what: called.update([what]) for what in ("progress", "error", "remove")}
    with SearchIndexingBufferedSender(*where, auto_flush=False, **hooks) as sender:
        sender.upload_documents(documents)
        sender.flush()
    return len(arrived), called


count, called = send()
check(f"control: without a refusal {count} of 5 documents arrive, on_progress {called['progress']}", count == 5)
refusals = 1
count, called = send()
check(
    f"one refusal of a batch of 5 documents: {count} arrives, on_progress {called['progress']}, "
    f"on_error {called['error']}, on_remove {called['remove']}",
    (count, called["progress"], called["error"]) == (1, 1, 0),
)
refusals = 1
try:
    SearchClient(*where).upload_documents(documents)
    check("control: SearchClient raises nothing for the same refusal", False)
except HttpResponseError as error:
    check(f"control: SearchClient raises {type(error).__name__} for the same refusal", error.status_code == 429)
server.shutdown()
sys.exit(1 if changed else 0)
PYTHON
