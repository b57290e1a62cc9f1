"""Settings: the file, the environment, flags; where each came from; what is wrong, by the name of its key."""

import json
import tracemalloc
from pathlib import Path

import pytest

import eventfold as ef
from eventfold.doors.cli.configuration import SECRETS, SIGNATURES
from eventfold.store.cosmos.requests.settings import KEY
from tests.doors.calling import eventfold

SECRET = "aHVudGVyMg=="  # of nothing in the world


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("APP", "STORE", "LAKE", "STATE", "ACTOR", "CONFIG"):
        monkeypatch.delenv(f"EVENTFOLD_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def configured(*flags: str) -> dict[str, tuple[str | None, str]]:
    code, out, err = eventfold(*flags, "config", "--json")
    assert (code, err) == (0, "")
    return {row["setting"]: (row["value"], row["from"]) for row in json.loads(out)}


def test_a_flag_wins_over_the_environment_and_that_over_the_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folder / "eventfold.toml"
    file.write_text('app = "shop:shop"\nstore = "sqlite:///shop.db"\nlake = "lake"\nactor = "file"\n')
    assert configured()["actor"] == ("file", str(file))
    monkeypatch.setenv("EVENTFOLD_ACTOR", "environment")
    assert configured()["actor"] == ("environment", "EVENTFOLD_ACTOR")
    found = configured("--actor", "flag")
    assert found["actor"] == ("flag", "--actor")
    assert found["app"] == ("shop:shop", str(file))
    assert found["state"] == (None, "not set")


def test_a_relative_path_in_the_file_is_relative_to_the_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "eventfold.toml").write_text('store = "sqlite:///shop.db?synchronous=full"\nlake = "lake"\n')
    ef.open_store(f"sqlite:///{folder}/shop.db").close()
    (folder / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(folder / "deep" / "er")
    found = configured()
    assert found["store"][0] == f"sqlite:///{folder}/shop.db?synchronous=full"
    assert found["lake"][0] == f"{folder}/lake"
    assert eventfold("streams").code == 0
    # a flag is relative to the current folder
    assert eventfold("-s", "sqlite:///shop.db", "streams").code == 4


def test_another_file_may_be_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "live.toml").write_text('actor = "live"\n')
    assert configured("--config", "live.toml")["actor"][0] == "live"
    monkeypatch.setenv("EVENTFOLD_CONFIG", str(folder / "live.toml"))
    assert configured()["actor"] == ("live", str(folder / "live.toml"))


def test_secrets_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = {KEY, SIGNATURES, "EVENTFOLD_KAFKA_PASSWORD", "EVENTFOLD_EVENTHUBS_CONNECTION"}
    assert set(SECRETS) == ours | {
        "AZURE_STORAGE_ACCOUNT_KEY",
        "AZURE_STORAGE_SAS_TOKEN",
        "AZURE_CLIENT_SECRET",
    }
    assert configured()[KEY] == (None, "not set")
    monkeypatch.setenv(KEY, SECRET)
    assert configured()[KEY] == ("***", "the environment")
    told = eventfold("-s", f"cosmos://me:{SECRET}@host/db?AccountKey={SECRET}", "config")
    assert SECRET not in told.out + told.err
    assert "***" in told.out


def test_the_secret_of_a_topic_in_the_file_is_told_where_it_belongs(folder: Path) -> None:
    (folder / "eventfold.toml").write_text(f'bus = "kafka://me:{SECRET}@broker:9093/shop"\n')
    answer = eventfold("config")
    assert answer.code == 2
    assert "EVENTFOLD_KAFKA_PASSWORD for Kafka" in answer.err
    assert SECRET not in answer.err


def test_the_address_of_a_lake_stands_in_the_file_and_is_shown_and_a_secret_in_it_is_refused(
    folder: Path,
) -> None:
    lake = "abfss://lake@account.dfs.core.windows.net/shop"
    (folder / "eventfold.toml").write_text(f'lake = "{lake}"\n')
    assert configured()["lake"] == (lake, str(folder / "eventfold.toml"))
    for secret in (f"abfss://lake:{SECRET}@account.dfs.core.windows.net/shop", f"{lake}?sig={SECRET}"):
        (folder / "eventfold.toml").write_text(f'lake = "{secret}"\n')
        answer = eventfold("config")
        assert answer.code == 2
        assert "AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN" in answer.err
        assert SECRET not in answer.out + answer.err


def test_a_lake_that_is_none_is_answered_with_the_form_of_one(folder: Path) -> None:
    (folder / "eventfold.toml").write_text(
        'store = "sqlite:///shop.db"\napp = "examples.orders.app:order_book"\n'
    )
    answer = eventfold("--lake", f"s3://{SECRET}@bucket/x", "status")
    assert answer.code == 2
    assert "abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH or az://CONTAINER/PATH" in answer.err
    assert SECRET not in answer.err


def test_a_secret_that_a_topic_lacks_names_the_setting_that_wants_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EVENTFOLD_KAFKA_PASSWORD", raising=False)
    told = eventfold("--bus", "kafka://broker.example:9093/shop?user=me", "bus")
    assert told.code == 2
    assert "set EVENTFOLD_KAFKA_PASSWORD in the environment. (The setting bus is given by --bus.)" in told.err


def test_a_variable_with_a_typing_error_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENTFOLD_STROE", "sqlite:///shop.db")
    assert "! EVENTFOLD_STROE" in eventfold("config").err


@pytest.mark.parametrize("command", [["config"], ["streams"], ["config", "--json"]])
@pytest.mark.parametrize(
    ("file", "key"),
    [
        (f'stroe = "{SECRET}"', "stroe"),
        (f'cosmos_key = "{SECRET}"', "cosmos_key"),
        (f'store = "cosmos://me:{SECRET}@host/db"', "store"),
        (f'store = "cosmos://host/db?AccountKey={SECRET}"', "store"),
        (f'store = "AccountEndpoint=https://host;AccountKey={SECRET}"', "store"),
        ("store = 7", "store"),
        ('store = ""', "store"),
        ("[store]\nurl = 1", "store"),
        (f'store = "{SECRET}', "config"),
        (b'store = "\xff"', "config"),
    ],
)
def test_a_wrong_file_is_told_by_its_key_and_never_by_its_value(
    folder: Path, file: str | bytes, key: str, command: list[str]
) -> None:
    (folder / "eventfold.toml").write_bytes(file if isinstance(file, bytes) else file.encode())
    code, out, err = eventfold(*command)
    assert (code, out) == (2, "")
    assert key in err
    assert "eventfold.toml" in err
    assert SECRET not in err
    assert "Traceback" not in err
    assert sorted(p.name for p in folder.iterdir()) == ["eventfold.toml"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STORE", "sqlite:///shop.db"),
        ("STATE", "sqlite:///shop.state"),
        ("LAKE", "lake"),
        ("LAKE", "../lake"),
    ],
)
def test_a_relative_path_in_the_environment_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"EVENTFOLD_{name}", value)
    code, _, err = eventfold("streams")
    assert code == 2
    assert f"EVENTFOLD_{name}" in err
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("value", ["sqlite://", "sqlite:////srv/shop.db", "cosmos://host/db"])
def test_what_means_the_same_in_every_folder_may_stand_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("EVENTFOLD_STORE", value)
    assert configured()["store"] == (value, "EVENTFOLD_STORE")


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://me:{SECRET}@host/db",
        f"Server=host;Password={SECRET}",
        SECRET,
        f"{SECRET}://host",
        f"sqlite://me:{SECRET}@host/db",
        f"cosmos://me:{SECRET}@host/db",
        f"cosmos://host/db?key={SECRET}",
    ],
)
def test_a_wrong_url_is_told_by_the_place_it_was_given_and_without_its_secret(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("EVENTFOLD_STORE", url)
    for command in (
        ["streams"],
        ["streams", "--json"],
        ["doctor"],
        ["-a", "examples.orders.app:order_book", "status"],
    ):
        code, out, err = eventfold(*command)
        assert (code, out) == (2, "")
        assert "EVENTFOLD_STORE" in err
        assert SECRET not in err
    monkeypatch.delenv("EVENTFOLD_STORE")
    with pytest.raises(ef.EventfoldError) as caught:
        ef.open_store(url, create=False)
    assert SECRET not in str(caught.value.as_dict())


@pytest.mark.parametrize(
    ("name", "value"),
    [("STATE", "postgres://me:pw@host/db"), ("STATE", "sqlite:///x?a=b"), ("LAKE", "s3://k:v@x")],
)
def test_a_wrong_place_beside_the_log_is_told_by_its_own_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    url = f"sqlite:///{folder}/shop.db"
    ef.open_store(url).close()
    (folder / "eventfold.toml").write_text(f'{name.lower()} = "sqlite://"\n')
    monkeypatch.setenv("EVENTFOLD_CONFIG", str(folder / "eventfold.toml"))
    code, _, err = eventfold(
        *("-a", "examples.orders.app:order_book", "-s", url, f"--{name.lower()}", value, "status", "--json")
    )
    error = json.loads(err)["error"]
    assert (code, error["key"], error["source"]) == (2, name.lower(), f"--{name.lower()}")
    assert "pw" not in err


def test_a_named_file_that_is_not_there_is_told() -> None:
    code, _, err = eventfold("--config", "nothing.toml", "streams")
    assert code == 2
    assert "nothing.toml" in err


def test_an_app_that_breaks_while_it_is_imported_is_a_sentence(folder: Path) -> None:
    (folder / "broken_app.py").write_text("import eventfold as ef\nraise RuntimeError('no such luck')\n")
    code, _, err = eventfold("-a", "broken_app:app", "-s", "sqlite://", "status")
    assert code == 2
    assert "no such luck" in err
    assert "broken_app.py, line 2" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "arguments", [["--config", "large", "config"], ["schema", "check", "--file", "large"]]
)
def test_a_file_that_is_larger_than_may_be_is_not_read_to_its_end(folder: Path, arguments: list[str]) -> None:
    with (folder / "large").open("wb") as file:
        file.truncate(2 * 1024**3)  # of which nothing is kept on the disk
    tracemalloc.start()
    code, _, err = eventfold("-a", "examples.orders.app:order_book", *arguments)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert code != 0
    assert "has more than" in err
    assert peak < 256 * 1024**2
