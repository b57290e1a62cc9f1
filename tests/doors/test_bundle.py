"""`eventfold spark bundle`: jobs are held to Databricks' SDK, see `bundles`; never run on a workspace of Databricks."""

import copy
import json
import shlex
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import click
import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import eventfold as ef
from eventfold.doors.cli.main import cli
from eventfold.doors.cli.showing.yaml import as_yaml
from tests.doors.bundles import SET, check
from tests.doors.calling import Told, eventfold

APP = "tests.handlers.app.shop:shop"
COSMOS = "cosmos://account/shop/events"


class Packed(ef.Event):
    n: int


class Boxes(ef.Table, category="box", name="boxes"):
    box_id = ef.key()
    n = ef.last(Packed.n)


class Places(ef.Table, category="place", name="places"):
    place_id = ef.key()
    n = ef.last(Packed.n)


TWO = ef.App("two tables: here", tables=[Boxes, Places], events=[Packed])
VARIANTS = {
    "": (),
    "names": ("--catalog", "main", "--schema", "shop", "--volume", "events"),
    "serverless": ("--serverless", "--schedule", "0 0/15 * * * ?", "--time-zone", "Europe/Berlin"),
    "serverless without end": ("--serverless", "--continuous"),
    "continuous": ("--continuous",),
    "every": ("--every", "30 seconds"),
    "secrets": ("--from", "store", "--secret", "EVENTFOLD_COSMOS_KEY"),
    "bus": ("--from", "bus", "--bus", "kafka://broker:9092/shop", "--secret", "EVENTFOLD_KAFKA_PASSWORD"),
    "own": ("--entry", "shop:fold", "--wheel", "./wheels/shop.whl"),
}


def called(*arguments: str, app: str = APP, store: str = COSMOS) -> Told:
    return eventfold("-a", app, "-s", store, "spark", "bundle", *arguments)


def printed(*arguments: str) -> dict[str, Any]:
    told = called(*arguments, "--json")
    assert told.code == 0, told
    found: dict[str, Any] = json.loads(told.out)
    return found


def jobs(*arguments: str) -> list[dict[str, Any]]:
    return list(printed(*arguments)["resources"]["jobs"].values())


@pytest.mark.parametrize("arguments", VARIANTS.values(), ids=VARIANTS)
def test_each_variant_has_the_form_of_a_bundle_and_is_the_same_in_yaml_and_json(
    arguments: tuple[str, ...],
) -> None:
    told = called(*arguments)
    assert told.code == 0, told
    document = printed(*arguments)
    assert len(check(document)) == len(document["resources"]["jobs"]) > 0
    assert yaml.safe_load(told.out) == document
    unset = {name for name, variable in document["variables"].items() if "default" not in variable}
    assert unset <= SET.keys()
    assert f"without a default: {', '.join(n for n in document['variables'] if n in unset)}." in told.out
    used = {part.split("}")[0] for part in told.out.split("${var.")[1:]}
    assert used == set(document["variables"])


IN_JOBS: list[Callable[[dict[str, Any]], object]] = [
    lambda job: job.update(max_runs=1),
    lambda job: job.update(max_concurrent_runs="one"),
    lambda job: job["schedule"].pop("timezone_id"),
    lambda job: job["tasks"][0]["python_wheel_task"].pop("entry_point"),
    lambda job: job["tasks"][0]["python_wheel_task"].update(parameters="spark run"),
    lambda job: job["tasks"][0]["libraries"].append({"wheel": "x.whl"}),
    lambda job: job["job_clusters"][0]["new_cluster"].update(data_security_mode="MINE"),
    lambda job: job["job_clusters"][0]["new_cluster"].update(num_workers="${var.node_type_id}"),
    lambda job: job["job_clusters"][0]["new_cluster"].update(spark_env_vars={"A": 1}),
]
AROUND_JOBS: list[Callable[[dict[str, Any]], object]] = [
    lambda bundle: bundle.update(jobs={}),
    lambda bundle: bundle["targets"]["prod"].update(mode="live"),
    lambda bundle: bundle["targets"]["prod"]["run_as"].pop("service_principal_name"),
    lambda bundle: bundle["variables"]["catalog"].update(value="main"),
]


def in_each_job(spoil: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, Any]], object]:
    return lambda bundle: [spoil(job) for job in bundle["resources"]["jobs"].values()]


@pytest.mark.parametrize("spoil", [*map(in_each_job, IN_JOBS), *AROUND_JOBS])
def test_what_is_not_of_its_form_is_seen(spoil: Callable[[dict[str, Any]], object]) -> None:
    document = copy.deepcopy(printed())
    spoil(document)
    with pytest.raises(msgspec.ValidationError):
        check(document)


@pytest.mark.parametrize("arguments", VARIANTS.values(), ids=VARIANTS)
def test_what_a_task_is_given_is_a_command_that_is_one(arguments: tuple[str, ...]) -> None:
    for name, job in printed(*arguments)["resources"]["jobs"].items():
        (task,) = job["tasks"]
        words = task["python_wheel_task"]["parameters"]
        context = cli.make_context("eventfold", list(words))
        words = [*context._protected_args, *context.args]
        assert (context.params["app"], words[:2]) == (APP, ["spark", "run"])
        group = cli.get_command(context, "spark")
        assert isinstance(group, click.Group)
        own = group.commands["run"].make_context("run", words[2:], parent=context)
        assert own.params["tables"] == (name,)


def test_there_is_a_job_for_each_table_with_at_most_one_run() -> None:
    found = json.loads(called("--json", app="tests.doors.test_bundle:TWO").out)
    assert found["bundle"]["name"] == "two-tables-here"
    assert list(found["resources"]["jobs"]) == ["boxes", "places"]
    assert {job["max_concurrent_runs"] for job in found["resources"]["jobs"].values()} == {1}
    named = json.loads(called("places", "places", "--json", app="tests.doors.test_bundle:TWO").out)
    assert list(named["resources"]["jobs"]) == ["places"]


@pytest.mark.parametrize(
    ("arguments", "extras"),
    [
        ("", "cli,lake"),
        ("--from store", "cli,lake,cosmos"),
        ("--from bus --bus kafka://broker:9092/shop", "cli,lake,kafka"),
        ("--from bus --bus eventhubs://space/shop", "cli,lake,eventhubs"),
    ],
)
def test_what_is_installed_can_open_what_is_read(arguments: str, extras: str) -> None:
    wanted = printed(*arguments.split())["variables"]["eventfold"]["default"]
    assert wanted == f"eventfold[{extras}]=={version('eventfold')}"


def test_a_cluster_and_serverless_compute_get_the_wheel_and_the_secrets_their_own_way() -> None:
    for job in jobs("--from", "store", "--secret", "EVENTFOLD_COSMOS_KEY"):
        (cluster,) = job["job_clusters"]
        assert cluster["new_cluster"]["spark_env_vars"] == {
            "EVENTFOLD_COSMOS_KEY": "{{secrets/${var.secret_scope}/eventfold-cosmos-key}}"
        }
        assert job["tasks"][0]["libraries"][0] == {"whl": "./dist/*.whl"}
    for arguments in ((), ("--serverless",)):
        assert ("are expected to fail" in called(*arguments).err) == bool(arguments)
    for job in jobs("--serverless"):
        assert "job_clusters" not in job
        (environment,) = job["environments"]
        assert environment["spec"]["dependencies"] == ["./dist/*.whl", "${var.eventfold}"]
        assert environment["environment_key"] == job["tasks"][0]["environment_key"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ("nothing", 4, "has no table 'nothing'"),
        ("--catalog 'main; DROP'", 2, "--catalog"),
        ("--schema '${var.other}'", 2, "--schema"),
        ("--volume ''", 2, "--volume"),
        ("--schedule '*/5 * * * *'", 2, "--schedule"),
        ("--time-zone 'CET; x'", 2, "--time-zone"),
        ("--entry fold", 2, "--entry"),
        ("--wheel dist", 2, "--wheel"),
        ("--wheel './{{job.id}}.whl'", 2, "--wheel"),
        ("--every often", 3, "--every"),
        ("--every '5 seconds' --schedule '0 0 * * * ?'", 2, "--schedule"),
        ("--serverless --every '5 seconds'", 2, "--continuous"),
        ("--serverless --secret EVENTFOLD_COSMOS_KEY", 2, "--serverless"),
        ("--secret EVENTFOLD_RECEIVE_SECRETS", 2, "--secret"),
        ("--from bus", 2, "--bus"),
    ],
)
def test_what_cannot_stand_in_a_bundle_is_refused_by_the_name_of_its_option(
    arguments: str, code: int, said: str
) -> None:
    told = called(*shlex.split(arguments))
    assert (told.code, told.out) == (code, "")
    assert said in told.err


def test_neither_a_file_of_this_machine_nor_a_secret_is_printed() -> None:
    told = called("--from", "store", store="sqlite:///shop.db")
    assert told.code == 2
    assert "--from lake-copy" in told.err
    told = called("--from", "store", store="kafka://broker:9092/shop")
    assert told.code == 2
    assert "--from bus" in told.err
    told = called("--from", "bus", "--bus", "kafka://shop:hidden-in-a-url@broker:9092/shop")
    assert told.code == 2
    assert "--secret" in told.err
    assert "hidden-in-a-url" not in told.err + told.out


WORDS = st.sampled_from(
    ["no", "y", "on", "null", "~", "1e3", "0x1f", "2026-11-29", "- a", "a: b", "#", "!!int", "*x"]
)
TEXTS = st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" ")) | WORDS
DOCUMENTS = st.recursive(
    TEXTS | st.booleans() | st.integers(-(2**53), 2**53),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(TEXTS, DOCUMENTS, min_size=1))
def test_yaml_says_what_json_says(document: dict[str, Any]) -> None:
    assert yaml.safe_load(as_yaml(document)) == document
