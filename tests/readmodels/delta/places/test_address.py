"""Addresses of lakes: what they say, what is refused, and that nothing of what is refused is repeated."""

import pytest

from eventfold.errors import ConfigInvalid, UnsupportedUrl
from eventfold.readmodels.address import read_address
from eventfold.readmodels.delta.places.signing import read_options

FULL = "abfss://lake@account.dfs.core.windows.net/shop/tables"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("text", "account", "full"),
    [
        (FULL, "", FULL),
        (f"{FULL}/", "", FULL),
        ("abfss://lake@account.dfs.core.windows.net", "", "abfss://lake@account.dfs.core.windows.net"),
        ("az://lake/shop/tables", "account", FULL),
        (FULL, "other", FULL),
    ],
)
def test_both_forms_name_one_place(
    text: str, account: str, full: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", account)
    assert read_address(text).full == full


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("az://lake/shop", "AZURE_STORAGE_ACCOUNT_NAME"),
        ("abfss://lake/shop", "host of the account"),
        ("abfss://lake@account.blob.core.windows.net/shop", "host of the account"),
        ("abfss://lake@evil.example.org/shop", "host of the account"),
        ("abfss://Lake@account.dfs.core.windows.net/shop", "small letters"),
        ("abfss://a--b@account.dfs.core.windows.net/shop", "small letters"),
        (f"{FULL}/../other", "letters, digits"),
        (f"{FULL}//other", "letters, digits"),
        (f"{FULL}/a b", "letters, digits"),
        (f"{FULL}/a%20b", "letters, digits"),
        (f"{FULL}/ä", "letters, digits"),
        (f"{FULL}/{'x' * 400}", "at most 400"),
        (f"{FULL}?sv=2022&sig=hidden", "no secret"),
        ("abfss://lake:hidden@account.dfs.core.windows.net/shop", "no secret"),
    ],
)
def test_other_forms_are_refused_and_not_repeated(text: str, why: str) -> None:
    with pytest.raises(ConfigInvalid, match=why) as caught:
        read_address(text)
    assert caught.value.facts["key"] == "lake"
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["s3://bucket/shop", "abfs://lake@account.dfs.core.windows.net/x", "://", "a:b://c"]
)
def test_schemes_that_nobody_serves_are_refused(text: str) -> None:
    with pytest.raises(UnsupportedUrl, match="give a folder on this machine, or abfss://"):
        read_address(text)


def test_the_environment_says_who_signs_in_by_a_closed_list() -> None:
    given = {
        "AZURE_CLIENT_ID": "c",
        "AZURE_TENANT_ID": "t",
        "AZURE_CLIENT_SECRET": "s",
        "AZURE_STORAGE_TOKEN": "x",
        "AZURE_SKIP_SIGNATURE": "true",
        "PATH": "/bin",
    }
    assert read_options(read_address(FULL), given) == {
        "account_name": "account",
        "use_emulator": "false",
        "client_id": "c",
        "tenant_id": "t",
        "client_secret": "s",
    }


@pytest.mark.parametrize(
    ("endpoint", "fits"),
    [
        ("https://account.private.example.org", True),
        ("http://127.0.0.1:10000/account", True),
        ("http://10.0.0.1:10000/account", False),
        ("http://127.0.0.1.example.org/account", False),
        ("http://127.0.0.1:1@example.org/account", False),
        ("https://account.example.org/?sig=hidden", False),
        ("file:///etc", False),
    ],
)
def test_an_endpoint_without_encryption_is_on_this_machine(endpoint: str, *, fits: bool) -> None:
    environment = {"AZURE_STORAGE_ENDPOINT": endpoint}
    if fits:
        assert read_options(read_address(FULL), environment)["endpoint"] == endpoint
        return
    with pytest.raises(ConfigInvalid, match="AZURE_STORAGE_ENDPOINT is no endpoint") as caught:
        read_options(read_address(FULL), environment)
    assert "hidden" not in str(caught.value)
