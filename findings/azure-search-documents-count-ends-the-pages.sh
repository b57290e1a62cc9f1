#!/usr/bin/env bash
# azure-search-documents 12.0.0: get_count(), get_facets(), get_coverage() and get_answers() of the hits of a search forget where the
# next page begins. Asked while the hits are read, they end the reading at the end of the page at hand, without an error: the
# rest of the hits is missing. Asked before the first hit or after the last they are harmless.
#
# Seen:
#   azure-search-documents 12.0.0
#   as described: control: 120 of 120 hits are read where nothing else is asked
#   as described: get_count() says 120 in the middle of the first page, and 50 hits are read
#   as described: get_facets() in the middle of the second page, and 100 hits are read
#   as described: get_count() before the first hit, and 120 hits are read
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
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version

from azure.core.credentials import AzureKeyCredential
from azure.search.documents import SearchClient

print("azure-search-documents", version("azure-search-documents"))
changed = []
HITS, PAGE = 120, 50


class Service(BaseHTTPRequestHandler):
    """Pages of hits, as the service tells them."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        skip = asked.get("skip", 0)
        told = {"@odata.count": HITS, "@search.facets": {"colour": [{"value": "blue", "count": HITS}]}}
        if skip + PAGE < HITS:
            told["@search.nextPageParameters"] = {**asked, "skip": skip + PAGE}
            told["@odata.nextLink"] = "http://localhost/next"
        told["value"] = [{"@search.score": 1.0, "id": str(n)} for n in range(skip, min(skip + PAGE, HITS))]
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = SearchClient(f"http://127.0.0.1:{server.server_address[1]}", "orders", AzureKeyCredential("key"))


def check(what, right):
    print("as described:" if right else "CHANGED:", what)
    if not right:
        changed.append(what)


def read(at, ask):
    found = client.search("*", include_total_count=True, facets=["colour"])
    said, count = None, 0
    if at == 0:
        said = ask(found)
    for _ in found:
        count += 1
        if count == at:
            said = ask(found)
    return count, said


count, _ = read(-1, None)
check(f"control: {count} of {HITS} hits are read where nothing else is asked", count == HITS)
count, said = read(10, lambda found: found.get_count())
check(f"get_count() says {said} in the middle of the first page, and {count} hits are read", (said, count) == (HITS, PAGE))
count, said = read(70, lambda found: found.get_facets())
check(f"get_facets() in the middle of the second page, and {count} hits are read", bool(said) and count == 2 * PAGE)
count, said = read(0, lambda found: found.get_count())
check(f"get_count() before the first hit, and {count} hits are read", (said, count) == (HITS, HITS))
server.shutdown()
sys.exit(1 if changed else 0)
PYTHON
