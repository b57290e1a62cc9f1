"""What handlers keep in a file of their own passes the contract of effects, and belongs to one log."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from eventfold.errors import ForeignCursor, FormatUnknown, StoreClosed, UnsupportedUrl
from eventfold.feed.cursor import Cursor, Mark
from eventfold.feed.effects.port import Effects, Note
from eventfold.store.open import open_effects, open_store
from eventfold.testing.contract.effects import EffectsContract


class _Apart:
    """A log whose handlers keep what they must not lose elsewhere."""

    def __init__(self, log: str, place: str) -> None:
        self._store = open_store(log)
        self._effects = open_effects(place, self._store.log_id)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def effects(self) -> Effects:
        return self._effects

    def close(self) -> None:
        self._effects.close()
        self._store.close()


class TestApart(EffectsContract):
    @pytest.fixture(params=["file", "memory"])
    def open_it(self, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[], Any]:
        if request.param == "memory":
            return lambda: _Apart("sqlite://", "sqlite://")
        return lambda: _Apart(f"sqlite:///{tmp_path}/log.db", f"sqlite:///{tmp_path}/shop.handlers")

    @pytest.fixture
    def store(self, open_it: Callable[[], Any]) -> Iterator[Any]:
        store = open_it()
        yield store
        store.close()


def test_it_is_there_when_it_is_opened_again_and_refuses_another_log(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.handlers"
    for n in range(2):
        effects = open_effects(url, "log-1")
        effects.begin("mailer", Cursor("log-1", {"0": Mark()}))
        effects.note("mailer", [Note(kind="outcome", key=str(n), value="")])
        assert [note.key for note in effects.notes("mailer", "outcome")] == ["0", "1"][: n + 1]
        effects.close()
        with pytest.raises(StoreClosed, match="place of the handlers is closed"):
            effects.all("mailer")
    with pytest.raises(ForeignCursor, match="handlers of the log log-1"):
        open_effects(url, "log-2'); DROP TABLE leases; --")
    effects = open_effects(url, "log-1")
    assert len(effects.all("mailer")) == 1
    effects.close()


def test_another_file_is_left_as_it_is(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    open_store(url).close()
    with pytest.raises(FormatUnknown):
        open_effects(url, "log-1")
    open_store(url).close()
    with pytest.raises(UnsupportedUrl, match="sqlite:///FILE"):
        open_effects("cosmos://x/y", "log-1")
