"""Signatures of webhooks: the reference implementation is the judge, and what is tampered with is refused."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook as Reference

from eventfold.errors import ConfigInvalid, SignatureInvalid
from eventfold.handlers.targets.signing import new_secret, signed_headers, signing_key, verify_signature

SECRETS = [new_secret(), new_secret(), new_secret()]
KEYS = [signing_key(secret) for secret in SECRETS]
BODY = b'{"order": "1"}'
NOW = 1_800_000_000.0


def signed(*keys: bytes, body: bytes = BODY) -> dict[str, str]:
    return signed_headers(keys or KEYS[:1], "id-1", body, now=NOW)


@given(st.text("abcdef0123456789-_", min_size=1, max_size=60), st.text(max_size=200))
def test_the_reference_implementation_takes_what_we_sign(message_id: str, text: str) -> None:
    headers = signed_headers(KEYS[:2], message_id, text.encode())
    Reference(SECRETS[0]).verify(text, headers, json_parse=False)
    Reference(SECRETS[1]).verify(text, headers, json_parse=False)


@given(st.text("abcdef0123456789-_", min_size=1, max_size=60), st.text(max_size=200))
def test_we_take_what_the_reference_implementation_signs(message_id: str, text: str) -> None:
    # its own times are naive, and mean UTC
    at = datetime.fromtimestamp(NOW, UTC).replace(tzinfo=None)
    headers = {
        "Webhook-Id": message_id,
        "Webhook-Timestamp": str(int(NOW)),
        "Webhook-Signature": Reference(SECRETS[2]).sign(message_id, at, text),
    }
    assert verify_signature(headers, text.encode(), SECRETS, now=NOW) == message_id


def test_two_secrets_are_valid_at_once() -> None:
    both = signed(*KEYS[:2])
    assert len(both["webhook-signature"].split(" ")) == 2
    for known in (SECRETS[:1], SECRETS[1:2], SECRETS):
        assert verify_signature(both, BODY, known, now=NOW) == "id-1"
    with pytest.raises(SignatureInvalid):
        verify_signature(both, BODY, SECRETS[2:], now=NOW)


def change(headers: dict[str, str], name: str, value: str) -> dict[str, str]:
    return {**headers, name: value}


RIGHT = signed()
OTHER = signed(KEYS[1])["webhook-signature"]
TAMPERED = {
    "no signature": ({k: v for k, v in RIGHT.items() if k != "webhook-signature"}, BODY, "missing"),
    "an empty id": (change(RIGHT, "webhook-id", " "), BODY, "missing"),
    "another id": (change(RIGHT, "webhook-id", "id-2"), BODY, "signature"),
    "another body": (RIGHT, BODY + b" ", "signature"),
    "another second": (change(RIGHT, "webhook-timestamp", str(int(NOW) + 1)), BODY, "signature"),
    "a key of others": (change(RIGHT, "webhook-signature", OTHER), BODY, "signature"),
    "a signature that ends early": (
        change(RIGHT, "webhook-signature", RIGHT["webhook-signature"][:-4]),
        *(BODY, "signature"),
    ),
    "no base64": (change(RIGHT, "webhook-signature", "v1,%%%"), BODY, "signature"),
    "no comma": (change(RIGHT, "webhook-signature", "v1"), BODY, "signature"),
    "no ASCII": (change(RIGHT, "webhook-signature", "v1,é"), BODY, "signature"),
    "another version": (
        change(RIGHT, "webhook-signature", RIGHT["webhook-signature"].replace("v1,", "v1a,")),
        *(BODY, "signature"),
    ),
    "ten thousand signatures before the right one": (
        change(RIGHT, "webhook-signature", f"{OTHER} " * 10_000 + RIGHT["webhook-signature"]),
        *(BODY, "signature"),
    ),
    "a timestamp that is no number": (change(RIGHT, "webhook-timestamp", "now"), BODY, "timestamp"),
    "a timestamp of other digits": (change(RIGHT, "webhook-timestamp", "١٨٠٠٠٠٠٠٠٠"), BODY, "timestamp"),
    "a timestamp of a thousand digits": (change(RIGHT, "webhook-timestamp", "1" * 1000), BODY, "timestamp"),
}


@pytest.mark.parametrize("case", TAMPERED)
def test_what_was_tampered_with_is_refused_and_says_why(case: str) -> None:
    headers, body, reason = TAMPERED[case]
    with pytest.raises(SignatureInvalid) as caught:
        verify_signature(headers, body, SECRETS[:1], now=NOW)
    assert caught.value.facts["reason"] == reason
    assert SECRETS[0] not in str(caught.value)


def test_control_the_same_request_is_taken_as_it_was() -> None:
    assert verify_signature(RIGHT, BODY, SECRETS[:1], now=NOW) == "id-1"


@pytest.mark.parametrize(("apart", "taken"), [(299, True), (-299, True), (301, False), (-301, False)])
def test_an_old_copy_and_one_of_tomorrow_are_refused(apart: int, taken: bool) -> None:
    if taken:
        assert verify_signature(RIGHT, BODY, SECRETS, now=NOW + apart)
    else:
        with pytest.raises(SignatureInvalid, match="clock"):
            verify_signature(RIGHT, BODY, SECRETS, now=NOW + apart)


def test_an_id_and_a_body_cannot_be_cut_at_another_dot() -> None:
    """A body of digits and a dot would be taken for a timestamp, if ids could have dots."""
    body = b"1800000001.5"
    headers = signed_headers(KEYS[:1], "a.b", body, now=NOW)
    assert headers["webhook-id"] == "a_b"
    shifted = {
        **headers,
        "webhook-id": f"{headers['webhook-id']}.{headers['webhook-timestamp']}",
        "webhook-timestamp": "1800000001",
    }
    with pytest.raises(SignatureInvalid) as caught:
        verify_signature(shifted, b"5", SECRETS[:1], now=NOW)
    assert caught.value.facts["reason"] == "id"


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "whsec_%%%",
        f"whsec_{base64.b64encode(b'x' * 23).decode()}",
        f"whsec_{base64.b64encode(b'x' * 65).decode()}",
        base64.b64encode(b"x" * 32).decode(),
        f"whsk_{base64.b64encode(b'x' * 32).decode()}",
        b"whsec_",
        None,
    ],
)
def test_what_is_no_secret_is_told_and_not_repeated(secret: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        signing_key(secret)
    assert not secret or len(secret) < 7 or str(secret) not in str(caught.value)


@given(st.binary(min_size=24, max_size=64))
def test_every_key_in_bounds_comes_back_from_its_secret(key: bytes) -> None:
    assert signing_key(f"whsec_{base64.b64encode(key).decode()}") == key


def test_new_secrets_differ() -> None:
    assert new_secret() != new_secret()
    assert len(signing_key(new_secret())) == 32
