"""eventfold: event sourcing for Python data platforms. Import it as `ef`."""

from eventfold.aggregates.aggregate import Aggregate
from eventfold.aggregates.repository import Executed, Repository
from eventfold.app.app import App
from eventfold.bus.relay.bringing import relay
from eventfold.errors import (
    EffectRefused,
    EventfoldError,
    InvalidOperation,
    TargetUnavailable,
    WrongExpectedVersion,
)
from eventfold.events.envelope import NewEvent, RecordedEvent
from eventfold.events.event import Event, upcast
from eventfold.events.ids import new_id
from eventfold.events.metadata import context
from eventfold.events.registry import Registry, Untyped
from eventfold.feed.cursor import Cursor, Token
from eventfold.handlers.declaring.after import after
from eventfold.handlers.declaring.command import Command
from eventfold.handlers.declaring.decorators import notify, publish, react
from eventfold.handlers.declaring.message import Message
from eventfold.handlers.public.consuming import consume
from eventfold.handlers.public.event import PublicEvent
from eventfold.handlers.targets.file import FileTarget
from eventfold.handlers.targets.log import LogTarget
from eventfold.handlers.targets.mail.mail import Mail
from eventfold.handlers.targets.mail.smtp import SmtpTarget
from eventfold.handlers.targets.mail.templates import MailTemplates
from eventfold.handlers.targets.port import Body, Target
from eventfold.handlers.targets.topics.target import TopicTarget
from eventfold.handlers.targets.webhooks.webhook import Webhook
from eventfold.readmodels.declaring.columns import (
    collect,
    column,
    count,
    delete_on,
    first,
    key,
    last,
    max,
    min,
    sum,
)
from eventfold.readmodels.declaring.renaming import renamed
from eventfold.readmodels.declaring.search import search
from eventfold.readmodels.declaring.table import Table
from eventfold.readmodels.declaring.values import (
    actor,
    causation_id,
    correlation_id,
    event_id,
    event_type,
    field,
    occurred_at,
    recorded_at,
    stream,
    version,
)
from eventfold.readmodels.declaring.views.language import row
from eventfold.readmodels.declaring.views.spec import view
from eventfold.store.open import open_store
from eventfold.store.port import ANY, EXISTS, Appended, Expected, Store, Write

__all__ = [
    "ANY",
    "EXISTS",
    "Aggregate",
    "App",
    "Appended",
    "Body",
    "Command",
    "Cursor",
    "EffectRefused",
    "Event",
    "EventfoldError",
    "Executed",
    "Expected",
    "FileTarget",
    "InvalidOperation",
    "LogTarget",
    "Mail",
    "MailTemplates",
    "Message",
    "NewEvent",
    "PublicEvent",
    "RecordedEvent",
    "Registry",
    "Repository",
    "SmtpTarget",
    "Store",
    "Table",
    "Target",
    "TargetUnavailable",
    "Token",
    "TopicTarget",
    "Untyped",
    "Webhook",
    "Write",
    "WrongExpectedVersion",
    "actor",
    "after",
    "causation_id",
    "collect",
    "column",
    "consume",
    "context",
    "correlation_id",
    "count",
    "delete_on",
    "event_id",
    "event_type",
    "field",
    "first",
    "key",
    "last",
    "max",
    "min",
    "new_id",
    "notify",
    "occurred_at",
    "open_store",
    "publish",
    "react",
    "recorded_at",
    "relay",
    "renamed",
    "row",
    "search",
    "stream",
    "sum",
    "upcast",
    "version",
    "view",
]
