"""Threads of the SDK write into headers that others copy, which fails after the answer came: no thread ends by it."""

from typing import Any

import pytest

from eventfold.errors import OutcomeUnknown
from eventfold.store.cosmos.requests.calls import Calls, headers_of

MUTATED = "OrderedDict mutated during iteration"


class Fails:
    """Raises some times, then answers."""

    def __init__(self, times: int, error: str = MUTATED) -> None:
        self.left = times
        self._error = error

    def __call__(self) -> dict[str, Any]:
        self.left -= 1
        if self.left >= 0:
            raise RuntimeError(self._error)
        return {"x-ms-session-token": "1"}

    get_response_headers = __call__


def test_what_was_read_is_read_again() -> None:
    assert Calls().read("reading", Fails(3)) == {"x-ms-session-token": "1"}


def test_of_what_was_written_the_answer_is_lost() -> None:
    call = Fails(1)
    with pytest.raises(OutcomeUnknown, match="mutated during iteration"):
        Calls().write("appending", call)
    assert call.left == 0  # it is not for us to write it again


def test_another_error_of_a_program_is_none_of_the_service() -> None:
    with pytest.raises(RuntimeError, match="another"):
        Calls().read("reading", Fails(1, "another"))


def test_headers_are_copied_though_another_thread_writes_into_them() -> None:
    assert headers_of(Fails(3)) == {"x-ms-session-token": "1"}
