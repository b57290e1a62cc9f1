"""Opens a target by its place: a URL, a function, or a target itself."""

from collections.abc import Mapping
from urllib.parse import parse_qs, unquote, urlsplit

from msgspec import structs

from eventfold.errors import DefinitionError, TargetForbidden, UnsupportedUrl
from eventfold.handlers.declaring.names import check_target
from eventfold.handlers.targets.file import FileTarget
from eventfold.handlers.targets.function import FunctionTarget, check_taker
from eventfold.handlers.targets.limits import checked_rate
from eventfold.handlers.targets.log import LogTarget
from eventfold.handlers.targets.mail.options import Encryption
from eventfold.handlers.targets.mail.smtp import SmtpTarget
from eventfold.handlers.targets.place import NO_SCHEME, Place, TargetPlace
from eventfold.handlers.targets.port import Target
from eventfold.handlers.targets.topics.target import TopicTarget, with_topic
from eventfold.handlers.targets.webhooks.webhook import Webhook

_OF_SERVERS = ("secrets_env", "headers_env", "password_env", "timeout", "allow_private", "ca_file")
_SCHEMES = "https://..., smtp://..., smtps://..., kafka://..., eventhubs://..., file:///... or log:"


def open_target(place: Place) -> Target:
    """The target behind a place; the caller closes it. Nothing is connected to yet.

    Args:
        place: a URL, such a URL with secrets and limits, a function that takes payload and message, or a target. URLs
            are `https://...` for a webhook, `smtp://USER@HOST?sender=ADDRESS` or `smtps://...` for a mail server
            (`?starttls=no` in clear), `kafka://HOST:PORT/TOPIC` or `eventhubs://NAMESPACE/HUB` for a topic,
            `file:///srv/shop/effects.jsonl` or `file:effects.jsonl`, `log:`, and `log:?payload=yes`.

    Raises:
        UnsupportedUrl: no target is known for it; its text is not repeated, since it may be a secret.
        TargetForbidden: effects do not go there.
        ConfigInvalid: an option cannot be; the fact `key` names it.
        ExtraMissing: the packages of that kind of target are not installed.
    """
    if isinstance(place, str):
        return _opened(TargetPlace(url=place))
    if isinstance(place, TargetPlace):
        return _opened(place)
    if not isinstance(place, type):
        send = getattr(place, "send", None)
        if callable(send) and callable(getattr(place, "close", None)):
            check_taker(send)
            checked_rate(getattr(place, "rate", None))
            return place  # type: ignore[return-value] # it has the methods of the port
        if callable(place):
            return FunctionTarget(place)
    raise DefinitionError(
        f"A target is a URL ({_SCHEMES}), a function, or an object with the methods send and close; this is"
        f" {place.__name__ + ' itself' if isinstance(place, type) else type(place).__name__}."
    )


def open_named(name: str, place: Place) -> Target:
    """The target behind a place, as `open_target`; an error says which target it is about."""
    try:
        return open_target(place)
    except (DefinitionError, TargetForbidden) as error:
        facts = {**error.facts, "key": f"targets.{name}"}
        raise type(error)(f"The target {name}: {error.message}", **facts) from None


def named(name: str, places: Mapping[str, Place]) -> Place | None:
    """The place of the target of a handler; None where there is none.

    `kafka:shipments` is the target of that name, or the topic `shipments` of the broker that is the target `kafka`.

    Args:
        name: as the handler gives it.
        places: of targets, by name.
    """
    if name in places:
        return places[name]
    broker, colon, topic = name.partition(":")
    found = places.get(broker) if colon else None
    place = TargetPlace(url=found) if isinstance(found, str) else found
    url = with_topic(place.url, topic) if isinstance(place, TargetPlace) else None
    return structs.replace(place, url=url) if isinstance(place, TargetPlace) and url is not None else None


def check_places(places: Mapping[str, Place]) -> None:
    """Looks at where effects shall go, before anything of it is opened, also at what no handler names.

    Args:
        places: by name.

    Raises:
        DefinitionError: no mapping, a name that no target can have, something that is no place, or a function that
            cannot be called with payload and message.
    """
    if not isinstance(places, Mapping):
        raise DefinitionError(
            f'targets= takes places by name, as {{"mail": "smtp://..."}}, not {type(places).__name__}.',
            key="targets",
        )
    for name, place in places.items():
        check_target(name)
        if not isinstance(place, str | TargetPlace):
            open_named(name, place)  # which makes nothing of what is there already


def _opened(place: TargetPlace) -> Target:
    match place.scheme:
        case "https" | "http":
            place.without("password_env")
            return Webhook(
                place.url,
                secrets=place.secrets(),
                headers=place.headers(),
                **({} if place.timeout is None else {"timeout": place.timeout}),
                rate=place.rate,
                allow_private=place.allow_private,
                ca_file=place.ca_file,
            )
        case "smtp" | "smtps":
            place.without("secrets_env", "headers_env", "allow_private")
            return _mail_server(place)
        case "kafka" | "eventhubs":
            place.without("secrets_env", "headers_env", "allow_private", "ca_file")
            return TopicTarget(
                place.url,
                **({} if place.timeout is None else {"timeout": place.timeout}),
                rate=place.rate,
                secret=place.password(),
            )
        case "file":
            place.without(*_OF_SERVERS)
            return FileTarget(_path(place.url), rate=place.rate)
        case "log":
            place.without(*_OF_SERVERS)
            return LogTarget(payload=_payload(place.url), rate=place.rate)
        case scheme:
            what = "a URL without a scheme" if scheme == NO_SCHEME else f"{scheme!r} URLs"
            raise UnsupportedUrl(
                f"No target is known for {what}: give {_SCHEMES}", scheme=scheme, key="targets"
            )


def _path(url: str) -> str:
    parts = urlsplit(url)
    if parts.netloc or parts.query or parts.fragment or not parts.path.strip("/") or "\0" in url:
        raise UnsupportedUrl(
            "The URL of a file of effects is no more than a path: file:///srv/shop/effects.jsonl, or file:effects.jsonl"
            " where it is relative.",
            scheme="file",
            key="targets",
        )
    return unquote(parts.path)


def _mail_server(place: TargetPlace) -> Target:
    try:
        parts = urlsplit(place.url)
        port = parts.port
        given = parse_qs(parts.query, strict_parsing=True, keep_blank_values=True) if parts.query else {}
    except ValueError:
        raise _no_mail_server() from None
    options = {name: values[0] for name, values in given.items()}
    known = {"sender", "starttls"} if parts.scheme.lower() == "smtp" else {"sender"}
    if (
        parts.path not in {"", "/"}
        or parts.fragment
        or not options.keys() <= known
        or any(len(values) > 1 for values in given.values())
        or options.get("starttls", "yes") not in {"yes", "no"}
    ):
        raise _no_mail_server()
    encrypted: Encryption = "none" if options.get("starttls") == "no" else "starttls"
    given_password = place.password()
    password = unquote(parts.password) if parts.password else None
    return SmtpTarget(
        parts.hostname or "",
        port,
        encryption="tls" if parts.scheme.lower() == "smtps" else encrypted,
        user=unquote(parts.username) if parts.username else None,
        password=given_password or password,
        sender=options.get("sender"),
        **({} if place.timeout is None else {"timeout": place.timeout}),
        rate=place.rate,
        ca_file=place.ca_file,
    )


def _no_mail_server() -> UnsupportedUrl:
    return UnsupportedUrl(
        "The URL of a mail server is smtp://USER@HOST:PORT?sender=ADDRESS, with &starttls=no where it is in clear,"
        " or smtps://USER@HOST:PORT?sender=ADDRESS.",
        scheme="smtp",
        key="targets",
    )


def _payload(url: str) -> bool:
    rest = url.partition(":")[2]
    if rest in {"", "//"}:
        return False
    try:
        given = parse_qs(rest.removeprefix("//").removeprefix("?"), strict_parsing=True)
    except ValueError:
        given = {}
    if rest.removeprefix("//").startswith("?") and given in ({"payload": ["yes"]}, {"payload": ["no"]}):
        return given["payload"] == ["yes"]
    raise UnsupportedUrl(
        "The log as a target is log:, or log:?payload=yes with what is sent.", scheme="log", key="targets"
    )
