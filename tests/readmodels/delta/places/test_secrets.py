"""Who signs in by a secret finds it in no message, repr, log or trace, whatever the store answers."""

import base64
import logging
import secrets
import traceback
from collections.abc import Callable

import pytest

from eventfold.errors import ConfigInvalid, EventfoldError
from eventfold.readmodels.delta.places import open_place
from eventfold.readmodels.delta.table import DeltaPublication
from eventfold.readmodels.publishing.publisher import Publisher
from tests.azurite.server import Azurite
from tests.readmodels.delta.shop import LAYOUT, Shop

KEY, SAS = "AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_SAS_TOKEN"
FOLDER = "abfss://lake@account.dfs.core.windows.net/shop"


@pytest.fixture
def lake(address: str) -> str:
    return address


def told(error: BaseException) -> str:
    """All that anybody could print of it."""
    return "\n".join(traceback.format_exception(error))


@pytest.mark.parametrize("secret", ["hidden, and not base64", "hidden=x"])
def test_a_key_that_cannot_be_one_is_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.setenv(KEY, secret)
    with pytest.raises(ConfigInvalid, match="AZURE_ variables") as caught:
        open_place(FOLDER, "boxes")
    assert "hidden" not in told(caught.value)


def wrong_key(_azurite: Azurite) -> dict[str, str]:
    return {KEY: base64.b64encode(secrets.token_bytes(64)).decode()}


def wrong_signature(azurite: Azurite) -> dict[str, str]:
    return {SAS: azurite.signature("another-container")}


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [wrong_key, wrong_signature])
def test_what_a_store_refuses_says_how_to_sign_in_and_nothing_of_the_secret(
    shop: Shop,
    azurite: Azurite,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    wrong: Callable[[Azurite], dict[str, str]],
) -> None:
    caplog.set_level(logging.DEBUG)
    shop.publish()
    monkeypatch.delenv(KEY)
    given = wrong(azurite)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    hidden = [*given.values(), *(v.partition("sig=")[2] for v in given.values() if "sig=" in v)]
    place = shop.place_of("boxes")
    delta = DeltaPublication(place, LAYOUT, shop.store.log_id)
    shop.happen("box-1", 7)
    shop.fold()
    asked: list[Callable[[], object]] = [
        delta.head,
        lambda: Publisher(shop.state, delta, shop.feed).publish(),
        lambda: delta.stamp(0),
        delta.versions,
    ]
    said = [repr(place), str(place), repr(delta), repr(vars(delta))]
    for ask in asked:
        with pytest.raises(EventfoldError, match="AZURE_STORAGE_ACCOUNT_KEY") as caught:
            ask()
        said += [told(caught.value), repr(caught.value), repr(caught.value.facts)]
    for ask in (lambda: place.read("x"), lambda: place.create("x", b""), lambda: place.names("")):
        with pytest.raises(OSError, match="403 Forbidden") as refused:
            ask()
        said.append(told(refused.value))
    said += [caplog.text, *capfd.readouterr()]
    assert [secret for secret in hidden if any(secret in text for text in said)] == []
    shop.delta = shop.another()  # which signs in as before
    assert shop.publish() == 1


@pytest.mark.slow
def test_a_shared_access_signature_serves_too(
    shop: Shop, azurite: Azurite, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = shop.lake.partition("://")[2].partition("@")[0]
    monkeypatch.delenv(KEY)
    monkeypatch.setenv(SAS, azurite.signature(container))
    shop.place = shop.place_of("boxes")
    shop.delta = shop.another()
    assert shop.publish() == 0
    shop.happen("box-1", 7)
    assert shop.publish() == 1
    assert shop.agree()


@pytest.mark.slow
def test_a_container_that_is_not_there_is_named(
    address: str,
) -> None:
    lake = address.replace("abfss://", "abfss://no-")
    delta = DeltaPublication(open_place(lake, "boxes"), LAYOUT, "log")
    with pytest.raises(EventfoldError, match=r"Make the container no-lake-.*, or name another one, --lake"):
        delta.head()
