"""Who may ask: the signature by the account's key on every request, or a bearer token where one was agreed.

Nothing is forgiven: a request without a right signature is answered with 401, as the service does.
"""

import base64
import hashlib
import hmac
from urllib.parse import unquote

from eventfold.testing.cosmos.address import Address
from eventfold.testing.cosmos.wire import Refused
from eventfold.testing.door.wire import Request


class Doorkeeper:
    """Checks the authorization header.

    Args:
        key: the key of the account, base64.
        entra: the bearer token that is accepted too; None accepts none.
    """

    def __init__(self, key: str, entra: str | None) -> None:
        self._key = base64.b64decode(key)
        self._entra = entra

    def check(self, request: Request, address: Address) -> None:
        """Lets a request pass.

        Raises:
            Refused: 401.
        """
        fields = dict(
            part.partition("=")[::2] for part in unquote(request.header("authorization")).split("&")
        )
        if fields.get("type") == "master":
            if self._signed(request, address, fields.get("sig", "")):
                return
            raise Refused(401, "The input authorization token can't serve the request. The key does not fit.")
        if fields.get("type") == "aad" and self._entra is not None and fields.get("sig") == self._entra:
            if address.kind in ("dbs", "colls") and request.method != "GET":
                raise Refused(
                    403, "Databases and containers are not managed with Entra ID tokens.", substatus=5300
                )
            return
        raise Refused(401, "Required Header authorization is missing or not accepted here.")

    def _signed(self, request: Request, address: Address, given: str) -> bool:
        # a link by resource id is signed in lower case, a link by name as it is
        return any(
            hmac.compare_digest(given, self._signature(request, address.signed, link))
            for link in (address.link, address.link.rpartition("/")[2].lower())
        )

    def _signature(self, request: Request, kind: str, link: str) -> str:
        dates = f"{request.header('x-ms-date').lower()}\n{request.header('date').lower()}\n"
        text = f"{request.method.lower()}\n{kind.lower()}\n{link}\n{dates}"
        return base64.b64encode(hmac.new(self._key, text.encode(), hashlib.sha256).digest()).decode()
