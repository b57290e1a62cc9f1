"""Tokens of Entra ID for a client of Kafka."""

import threading
import time
from typing import Any

from eventfold.errors import BusUnavailable, ConfigInvalid, EventfoldError
from eventfold.foreign import said

_SPARE = 300
"""Seconds before its end from which a token is got anew."""


class Tokens:
    """The callback that a client asks for a token, at its start and before each token ends.

    Args:
        host: of the namespace, which the token is for.
        instead: the variable that a secret could stand in.
    """

    def __init__(self, host: str, instead: str) -> None:
        self._scope = f"https://{host}/.default"
        self._instead = instead
        self._lock = threading.Lock()
        self._credential: Any = None
        self._found: tuple[str, float] = ("", 0.0)

    def __call__(self, _config: str = "") -> tuple[str, float]:
        """A token, and the second since 1970 at which it ends.

        Raises:
            ConfigInvalid: nobody is signed in.
            BusUnavailable: Entra ID did not answer, and the last token has ended.
        """
        with self._lock:
            if self._found[1] - _SPARE < time.time():
                try:
                    self._found = self._ask()
                except EventfoldError:
                    if self._found[1] < time.time():
                        raise  # else the old one will do, and it is asked again
            return self._found

    def _ask(self) -> tuple[str, float]:
        from azure.core.exceptions import AzureError, ClientAuthenticationError
        from azure.identity import DefaultAzureCredential

        if self._credential is None:
            self._credential = DefaultAzureCredential()
        try:
            token = self._credential.get_token(self._scope)
        except ClientAuthenticationError as error:
            raise ConfigInvalid(
                f"Nobody is signed in to Event Hubs: set {self._instead} to a connection string, or sign in by Entra"
                f" ID (az login, or the identity of the service). {said(error)[:300]}",
                key=self._instead,
            ) from None
        except AzureError as error:
            raise BusUnavailable(f"Entra ID did not answer: {said(error)[:300]}") from None
        return token.token, float(token.expires_on)
