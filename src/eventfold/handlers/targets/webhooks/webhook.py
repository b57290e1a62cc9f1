"""`Webhook`: effects as signed requests to an address of somebody else."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from eventfold.errors import ConfigInvalid, EffectRefused, EventfoldError, TargetUnavailable
from eventfold.extras import needing
from eventfold.foreign import said
from eventfold.handlers.declaring.message import Message
from eventfold.handlers.targets.connecting import Deadline, trusting
from eventfold.handlers.targets.limits import checked_rate, checked_timeout
from eventfold.handlers.targets.port import Body, as_body
from eventfold.handlers.targets.signing import signed_headers, signing_key
from eventfold.handlers.targets.webhooks.answers import Answer, judge
from eventfold.handlers.targets.webhooks.headers import checked, headers_of, listed, secret_words
from eventfold.handlers.targets.webhooks.place import check_address, place_of

if TYPE_CHECKING:
    import httpcore

    from eventfold.handlers.targets.webhooks.transport import Connection

READ_BYTES = 64 * 1024
"""Of an answer; what is longer is not read."""

BODY_SECONDS = 1.0
"""For the body of an answer, whose status has said already what became of the effect."""


class Webhook:
    """A target that posts each effect to a URL, signed as Standard Webhooks has it.

        targets={"billing": ef.Webhook("https://example.org/hooks", secrets=[os.environ["BILLING_SECRET"]])}

    The body is the JSON of what the handler returned. `webhook-id` and `Idempotency-Key` are the same at every repeat,
    so that the other side can tell one; `traceparent` goes on where the event has one. An answer of 2xx means taken.
    4xx but 408, 425 and 429 means refused. All else, silence too, pauses the target, as long as `Retry-After` says.

    No redirect is followed, no proxy of the environment is used, and the address that is connected to is checked, so
    that no name leads into your own network. Needs `eventfold[handlers]`.

    Args:
        url: https; a name and password in it are sent as Basic authentication.
        secrets: such as `new_secret` makes; with several each request carries a signature of each, so that one can
            replace another without a gap.
        headers: sent with each request, a bearer token for example.
        timeout: seconds for all of one request.
        rate: requests a second, at most.
        allow_private: allows addresses of private networks and of this machine, and http.
        ca_file: authorities that its certificate is checked with, in PEM form; None = those of this machine.

    Raises:
        TargetForbidden: webhooks do not go there.
        UnsupportedUrl: the URL cannot be.
        ConfigInvalid: something else cannot be; the fact `key` names it.
        ExtraMissing: the packages are not installed.
    """

    def __init__(
        self,
        url: str,
        *,
        secrets: Sequence[str] = (),
        headers: Mapping[str, str] | None = None,
        timeout: float = 10.0,
        rate: float | None = None,
        allow_private: bool = False,
        ca_file: str | None = None,
    ) -> None:
        self.timeout = checked_timeout(timeout)
        self.rate = checked_rate(rate)
        if not isinstance(allow_private, bool):
            raise ConfigInvalid("allow_private= of a webhook is True or False.", key="allow_private")
        self._place = place_of(url, allow_private=allow_private)
        self._keys = [signing_key(secret) for secret in listed(secrets)]
        self._headers = checked({**self._place.authorization, **(headers or {})})
        self._allow_private = allow_private
        self._secrets = [*secrets, *self._place.secrets, *secret_words(self._headers)]
        with needing("A webhook", "handlers"):
            import httpcore

            from eventfold.handlers.targets.webhooks.transport import Connections
        self._url = httpcore.URL(
            scheme=self._place.scheme, host=self._place.host, port=self._place.port, target=self._place.path
        )
        context = trusting(ca_file) if self._place.scheme == "https" else None
        self._connections = Connections(self._url.origin, context, self._check)

    def send(self, payload: object, message: Message) -> None:
        """Posts an effect; errors as `Target.send`, and TargetForbidden where the name leads to a forbidden address."""
        body = as_body(payload)
        headers = {"Host": self._place.authority, **headers_of(body, message), **self._headers}
        if self._keys:
            headers |= signed_headers(self._keys, message.key, body.content)
        judge(self._answer(headers, body), self._place.shown, self._secrets)

    def close(self) -> None:
        """Ends the connections that were kept."""
        self._connections.close()

    def __repr__(self) -> str:
        """Where it goes, without secrets."""
        return f"<Webhook {self._place.shown}, {len(self._keys)} secrets>"

    def _check(self, address: str) -> None:
        check_address(address, self._place, allow_private=self._allow_private)

    def _answer(self, headers: dict[str, str], body: Body) -> Answer:
        import httpcore

        deadline = Deadline(self.timeout)
        kept = False
        try:
            try:
                with self._connections.one(deadline) as connection:
                    kept = connection.kept
                    return self._ask(connection, headers, body)
            except (httpcore.RemoteProtocolError, httpcore.NetworkError):
                if not kept:
                    raise
            # a connection that was kept ended just then, which says nothing of the server
            with self._connections.one(deadline, fresh=True) as connection:
                return self._ask(connection, headers, body)
        except EventfoldError:
            raise
        except (httpcore.LocalProtocolError, UnicodeEncodeError) as error:
            raise EffectRefused(
                f"What the handler returned cannot be sent to {self._place.shown}: {said(error)}.",
                target=self._place.shown,
                status=None,
            ) from None
        except (httpcore.TimeoutException, TimeoutError):
            raise TargetUnavailable(
                f"The webhook {self._place.shown} gave no whole answer within {self.timeout:g} s.",
                target=self._place.shown,
                retry_after=None,
            ) from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            # from None: causes of others may hold headers
            raise TargetUnavailable(
                f"The webhook {self._place.shown} gave no answer: {said(error)}.",
                target=self._place.shown,
                retry_after=None,
            ) from None

    def _ask(self, connection: "Connection", headers: dict[str, str], body: Body) -> Answer:
        encoded = [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
        with connection.http.stream("POST", self._url, headers=encoded, content=body.content) as response:
            found = {
                name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers
            }
            return Answer(response.status, found, _beginning(connection, response))


def _beginning(connection: "Connection", response: "httpcore.Response") -> bytes:
    """What comes of a body soon; all that counts was said before it, whatever becomes of it."""
    found = bytearray()
    with suppress(Exception):
        connection.deadline = connection.deadline.sooner(BODY_SECONDS)
        for part in response.iter_stream():
            found += part
            if len(found) >= READ_BYTES:
                break
    return bytes(found[:READ_BYTES])
