"""Names of sources of public events, as commands are given them."""

from eventfold.doors.cli.settings import Settings
from eventfold.errors import ConfigInvalid
from eventfold.handlers.public.consuming import Consumer
from eventfold.handlers.public.inbox import check_inbox


def check_source(settings: Settings, source: str) -> str:
    """The name of a source, if it can be one and, where there is an app, some handler of it consumes it.

    Raises:
        DefinitionError: it cannot be one.
        ConfigInvalid: what is received under it would wait for nobody.
    """
    check_inbox(source)
    if settings.app is None:
        return source
    app = settings.definition()
    known = sorted({handler.source for handler in app.handlers.values() if isinstance(handler, Consumer)})
    if source not in known:
        raise ConfigInvalid(
            f"No handler of {app.name} consumes {source!r}; sources it knows: {', '.join(known) or 'none'}.",
            key="source",
        )
    return source
