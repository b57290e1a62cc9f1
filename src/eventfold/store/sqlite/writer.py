"""Group commit: appends that arrive while another one commits share the next transaction.

A thread puts its job in the queue. The first one leads: it runs everything that is queued, wakes those whose jobs are
done, and hands the lead to the first that came meanwhile. Before it begins it waits a moment for those whom the group
before let go, if they are likely to come again: else one half of the threads would always wait while the other half
commits (PostgreSQL's `commit_delay` does the same). No outcome leaves before COMMIT has returned, because success,
conflict and duplicate alike may rest on a neighbour's rows.
"""

import threading
import time
from collections.abc import Callable, Sequence

import apsw

from eventfold.errors import (
    Conflict,
    EventfoldError,
    OutcomeUnknown,
    Refused,
    StorageError,
    StorageFailed,
    StoreClosed,
    StoreFenced,
)
from eventfold.foreign import said
from eventfold.sqlite.errors import translate
from eventfold.store.port import Appended, Write
from eventfold.store.sqlite import regular
from eventfold.store.sqlite.append import Transaction
from eventfold.store.sqlite.names import Interning, Names

GROUP_JOBS = 256
WAIT_SHARE = 1 / 8
"""How long a group waits for others to join it, as a share of what the last commit took."""
LONGEST_WAIT_SECONDS = 0.01
Clock = Callable[[], int]


def system_clock() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


class _Job:
    """One append, or several streams that are written together."""

    __slots__ = ("answer", "done", "error", "leads", "turn", "writes")

    def __init__(self, writes: Sequence[Write]) -> None:
        self.writes = writes
        self.answer: list[Appended] = []
        self.error: EventfoldError | None = None
        self.done = False
        self.leads = False
        self.turn = threading.Lock()  # released when the job is done, or is to lead
        self.turn.acquire()


class Writer:
    """The only one in this process that writes events.

    Args:
        connection: for writing.
        log_id: of the log.
        streams: the names that are known.
        types: the names that are known.
        clock: microseconds since 1970.
    """

    def __init__(
        self, connection: apsw.Connection, log_id: str, streams: Names, types: Names, clock: Clock
    ) -> None:
        self._connection = connection
        self._log_id = log_id
        self._streams = streams
        self._types = types
        self._clock = clock
        self._queue: list[_Job] = []
        self._led = False
        self._crowd = 1  # how many appended at the same time when the last group was done
        self._commit_seconds = 0.0
        self._queue_lock = threading.Lock()
        self._writing = threading.Lock()
        self._fenced = ""
        self._told: EventfoldError | None = None
        self._closed = self._bounded = False
        self.written = threading.Condition()

    def append(self, writes: Sequence[Write]) -> list[Appended]:
        """Writes all or nothing; durable when it returns. Errors as `Store.append_all`."""
        job = _Job(writes)
        try:
            with self._queue_lock:
                job.leads, self._led = not self._led, True
                self._queue.append(job)
            if not job.leads:
                job.turn.acquire()
            if not job.done:
                self._lead()
            self._leave(job)
        # an interrupt strikes anywhere, even at the call above: the lead must never be lost
        except BaseException:
            self._leave(job)
            raise
        if job.error is not None:
            raise job.error
        return job.answer

    def close(self) -> None:
        """Waits for the running group; later appends are refused."""
        with self._writing:
            if not self._closed:
                self._closed = True
                self._connection.close()

    def _lead(self) -> None:
        """Runs what is queued, this thread's job among it."""
        group: list[_Job] = []
        self._told = StorageFailed("The append was interrupted before it was committed; repeat it.")
        with self._writing:
            try:
                self._take(group)
                self._told = self._refusal() or self._transaction(group)
                self._tell(group)
            except BaseException:  # an interrupt goes on to the caller, while its neighbours are told
                self._roll_back()
                self._tell(group)
                raise
        with self.written:
            self.written.notify_all()

    def _leave(self, job: _Job) -> None:
        """Takes a job out that was interrupted before it was run, and hands the lead over if this thread has it."""
        with self._queue_lock:
            if job in self._queue:
                self._queue.remove(job)
            if not job.leads:
                return
            job.leads = False
            self._led = bool(self._queue)
            if self._queue:
                self._queue[0].leads = True
                self._queue[0].turn.release()

    def _take(self, group: list[_Job]) -> None:
        if len(self._queue) < self._crowd:
            self._await_crowd()
        with self._queue_lock:
            group += self._queue[:GROUP_JOBS]
            self._queue = self._queue[GROUP_JOBS:]

    def _await_crowd(self) -> None:
        until = time.perf_counter() + min(self._commit_seconds * WAIT_SHARE, LONGEST_WAIT_SECONDS)
        while len(self._queue) < self._crowd and time.perf_counter() < until:
            time.sleep(0)  # lets them run

    def _tell(self, group: list[_Job]) -> None:
        self._crowd = len(group) + len(self._queue)
        for job in group:
            if not job.done:
                job.error = self._told or job.error
                job.done = True
                job.turn.release()

    def _refusal(self) -> EventfoldError | None:
        if self._closed:
            return StoreClosed("The store is closed.")
        if self._fenced:
            return StoreFenced(
                f"The store refuses appends since an error ({self._fenced}): close it and open it again."
            )
        return None

    def _transaction(self, group: list[_Job]) -> EventfoldError | None:
        names = Interning(self._connection, self._streams, self._types)
        try:
            if not self._together(names, group):
                transaction = self._begin(names)
                for job in group:
                    self._one(transaction, job)
        except apsw.Error as error:
            return self._not_applied(error)
        return self._commit(names)

    def _begin(self, names: Interning) -> Transaction:
        self._connection.execute("BEGIN IMMEDIATE")
        if not self._bounded:
            regular.begin(self._connection)
        return Transaction(self._connection, names, self._log_id, self._clock())

    def _together(self, names: Interning, group: list[_Job]) -> bool:
        """Writes the whole group at once; False, with nothing written, where one of its jobs needs care."""
        answers = self._begin(names).append_together([write for job in group for write in job.writes])
        if answers is None:
            self._connection.execute("ROLLBACK")
            names.forget()
            return False
        for job in group:
            job.answer, answers = answers[: len(job.writes)], answers[len(job.writes) :]
        return True

    def _commit(self, names: Interning) -> EventfoldError | None:
        self._told = _unknown("was interrupted", "interrupted")
        began = time.perf_counter()
        try:
            self._connection.execute("COMMIT")
        except apsw.BusyError as error:  # in memory only: readers kept it from beginning, nothing was written
            return self._not_applied(error)
        except apsw.Error as error:
            # the frames may be on disk or not, and may even come back after a crash: nobody may be told anything
            self._fenced = f"COMMIT failed: {said(error)}"
            self._roll_back()
            return _unknown(f"failed ({said(error)})", translate(error, "committing").code)
        self._commit_seconds = time.perf_counter() - began
        names.committed()
        self._bounded = True
        return None

    def _one(self, transaction: Transaction, job: _Job) -> None:
        before = transaction.position, transaction.last_us
        self._connection.execute("SAVEPOINT one")
        try:
            together = transaction.append_together(job.writes)
            if together is None:
                self._undo(transaction, before)
                together = [transaction.append(write) for write in job.writes]
            job.answer = together
        except (Conflict, Refused) as error:
            job.error = error
            self._undo(transaction, before)
        self._connection.execute("RELEASE one")

    def _undo(self, transaction: Transaction, before: tuple[int, int]) -> None:
        self._connection.execute("ROLLBACK TO one")
        transaction.names.forget()
        transaction.position, transaction.last_us = before

    def _not_applied(self, error: apsw.Error) -> StorageError:
        """Before COMMIT was sent: nothing was written. After an I/O error the connection is not trusted any more."""
        self._roll_back()
        if isinstance(error, apsw.IOError | apsw.CorruptError):
            self._fenced = said(error)
        return translate(error, "appending", self._connection.filename)

    def _roll_back(self) -> None:
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except apsw.Error as error:
            self._fenced = self._fenced or f"ROLLBACK failed: {said(error)}"


def _unknown(what: str, cause: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"The commit {what} and its outcome is unknown. Close the store, open it again and repeat the append with the"
        " same event ids: that settles it.",
        cause=cause,
    )
