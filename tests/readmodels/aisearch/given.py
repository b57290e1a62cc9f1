"""What the tests of the search service share."""

from hashlib import sha256

from eventfold.testing.aisearch import StandIn


def url(service: StandIn, name: str) -> str:
    """The place of a name in a service: its indexes begin with a prefix of their own."""
    host = service.endpoint.removeprefix("http://")
    return f"aisearch://{host}/p{sha256(name.encode()).hexdigest()[:16]}?tls=off"
