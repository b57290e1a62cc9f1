"""Leases and notes of handlers in a file of their own, where the log itself is not at hand."""

from eventfold.errors import ForeignCursor
from eventfold.sqlite.connect import Place, Pool, claim, connect, fetch, place_of_url
from eventfold.sqlite.errors import translated
from eventfold.store.sqlite.effects import SqliteEffects
from eventfold.store.sqlite.statements import SQL

_APPLICATION_ID = 0x65766665
_FORMAT = 1


def open_effects(url: str, log_id: str) -> "EffectsApart":
    """The place behind `sqlite:///FILE` or `sqlite://`; errors as `EffectsApart`."""
    return EffectsApart(place_of_url(url)[0], log_id)


class EffectsApart(SqliteEffects):
    """What handlers of one log keep, away from it; see `Effects` for what each method promises.

    Args:
        place: a file or memory; made where there is none.
        log_id: of the log.

    Raises:
        ForeignCursor: what is kept there is of another log.
        FormatUnknown: it is another program's file.
        StorageError: it cannot be opened.
    """

    def __init__(self, place: Place, log_id: str) -> None:
        self._first = connect(place)  # held: what is in memory is gone with its last connection
        try:
            claim(self._first, _APPLICATION_ID, _FORMAT, SQL["apart_schema"] + SQL["effects_schema"])
            with translated("opening", place.path):
                if not fetch(self._first, SQL["log_id"]):
                    self._first.execute(SQL["apart_take"], (log_id,))
                ((found,),) = fetch(self._first, SQL["log_id"])
        except BaseException:
            self._first.close()
            raise
        if found != log_id:
            self._first.close()
            raise ForeignCursor(
                f"{place.path} has the handlers of the log {found}, and the topic the events of {log_id}: name another"
                " state, --state sqlite:///FILE, beside which handlers begin anew, or move the file away.",
                cursor_log=found,
                log=log_id,
            )
        self._apart = Pool(place, "place of the handlers")
        super().__init__(place, self._apart, log_id, "FULL", self._apart.check)

    def close(self) -> None:
        """Waits for what is being written."""
        super().close()
        self._apart.close()
        self._first.close()
