"""The receiver: a WSGI application that writes public events of others down, and thanks for them after that."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from eventfold import limits
from eventfold.doors.http.problems import Answer, problem, refusal
from eventfold.errors import BodyTooLarge, EventfoldError
from eventfold.handlers.public.inbox import check_inbox
from eventfold.handlers.public.receiving import receive
from eventfold.handlers.targets.signing import signing_key, verify_signature
from eventfold.store.port import Store

_log = logging.getLogger("eventfold.receiver")
StartResponse = Callable[[str, list[tuple[str, str]]], object]


class Receiver:
    """Takes CloudEvents by POST at `/SOURCE`, in structured, batched and binary mode.

    It answers 202 when they are durable in the log, repeats too; what is wrong with a request by a problem in JSON
    (400, 401, 405, 413, 415, 422), and where the log takes nothing now 503 with Retry-After. Of a request that is
    refused nothing is written.

    Args:
        store: the log.
        source: the name of those who send, as `consume` names it.
        secrets: of signatures (Standard Webhooks), any of which will do; without one nobody is asked for a signature.

    Raises:
        DefinitionError: no name of a source.
        ConfigInvalid: a secret is none.
    """

    def __init__(self, store: Store, source: str, secrets: Sequence[str] = ()) -> None:
        self._store = store
        self._source = check_inbox(source)
        self._secrets = tuple(secrets)
        for secret in self._secrets:
            signing_key(secret)

    def __call__(self, environ: Mapping[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answers a request."""
        answer = self._answer(environ)
        start_response(answer.line, [*answer.headers, ("Content-Length", str(len(answer.body)))])
        return [answer.body]

    def _answer(self, environ: Mapping[str, Any]) -> Answer:
        try:
            if environ.get("PATH_INFO", "").strip("/") != self._source:
                return refusal(404, "not-found", f"Public events are taken at /{self._source}.")
            if environ["REQUEST_METHOD"] != "POST":
                return refusal(405, "method-not-allowed", "Send it by POST.", headers=[("Allow", "POST")])
            return self._take(environ)
        except EventfoldError as error:
            answer = problem(error)
            _log.info("A request from %s was refused: %s (%s)", self._source, error.code, answer.instance)
            return answer
        except Exception:  # noqa: BLE001 - a sender is told that it failed; why stands in our log
            answer = refusal(500, EventfoldError.code, "This failed here. Send it again.")
            _log.exception("A request from %s failed (%s)", self._source, answer.instance)
            return answer

    def _take(self, environ: Mapping[str, Any]) -> Answer:
        body = environ["wsgi.input"].read(limits.BODY_BYTES + 1)
        if len(body) > limits.BODY_BYTES:
            raise BodyTooLarge(
                f"The body has more than {limits.BODY_BYTES:,} bytes. Send fewer events at once."
            )
        headers = _headers(environ)
        if self._secrets:
            verify_signature(headers, body, self._secrets)
        media_type = str(environ.get("CONTENT_TYPE", ""))
        answers = receive(self._store, self._source, body, media_type, headers=headers)
        known = sum(answer.deduplicated for answer in answers)
        _log.info("%d events from %s, %d of them known", len(answers), self._source, known)
        said = {"received": len(answers) - known, "known": known}
        return Answer(202, [("Content-Type", "application/json")], msgspec.json.encode(said))


def _headers(environ: Mapping[str, Any]) -> dict[str, str]:
    return {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
