"""A cursor and a log that do not belong together, and what an audit found."""

from eventfold.errors.root import EventfoldError


class LogMismatch(EventfoldError, code="log-mismatch", status=409, exit_code=6):
    """A cursor and a log that do not belong together."""


class ForeignCursor(LogMismatch, code="foreign-cursor"):
    """A cursor of another log, or of a log that was restored, cut or swapped since."""


class CheckpointBeyondHead(LogMismatch, code="checkpoint-beyond-head"):
    """A cursor beyond the end of the log: the log was restored from an older copy."""


class CursorExpired(LogMismatch, code="cursor-expired", status=410):
    """A cursor that needs events which the feed no longer holds."""


class CursorLost(LogMismatch, code="cursor-lost"):
    """A published table without any stamp that says which events it contains."""


class FeedRebased(LogMismatch, code="feed-rebased"):
    """The feed counts its places anew (partitions merged, the store restored): what follows it is rebuilt."""


class FeedBroken(LogMismatch, code="feed-broken"):
    """The feed gave a stream with a hole in it; nothing of it was handled."""


class TopicRepartitioned(LogMismatch, code="topic-repartitioned"):
    """A topic whose number of partitions was changed, which tears streams apart: a new one is filled from the log."""


class AuditFailed(EventfoldError, code="audit-failed", status=409, exit_code=10):
    """What an audit compared differs; its report says where."""
