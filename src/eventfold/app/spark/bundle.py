"""What Databricks deploys: a job for each table, in the form of its bundles. Pure: it asks nobody."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from eventfold.engines.port import From
from eventfold.errors import ConfigInvalid
from eventfold.store.open import extra_of, is_topic

PACKAGE = "eventfold"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_CRON = re.compile(r"[0-9A-Z*?/,#-]+( [0-9A-Z*?/,#-]+){5,6}")
_ZONE = re.compile(r"[A-Za-z0-9_+/-]{1,64}")
_ENTRY = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*):([A-Za-z0-9_.-]+)")
_REPLACED = ("${", "{{")
"""What Databricks puts something else in the place of."""
_KEY = "default"


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a bundle; what is not becomes a variable of it, which the person who deploys it sets.

    Attributes:
        name: of the bundle.
        app: `module:name`, as the wheel of the app has it.
        tables: their names.
        version: of this package, which the jobs install.
        source: where jobs read events.
        url: of the log or the topic; None: the lake copy.
        catalog: of Unity Catalog.
        schema: in it.
        volume: in that, with the lake and the checkpoints.
        serverless: on serverless compute, in place of a cluster for the job.
        schedule: when a job runs, as Quartz has it.
        time_zone: of the schedule.
        continuous: a job begins again when it has ended.
        every: how often there is a batch in a job that does not end.
        wheel: of the app, as a path from the bundle's file.
        entry: `PACKAGE:NAME` of another entry point.
        secrets: variables of the environment, whose values are in a secret scope.
    """

    name: str
    app: str
    tables: Sequence[str]
    version: str
    source: From = "lake-copy"
    url: str | None = None
    catalog: str | None = None
    schema: str | None = None
    volume: str | None = None
    serverless: bool = False
    schedule: str | None = None
    time_zone: str = "UTC"
    continuous: bool = False
    every: str = ""
    wheel: str = "./dist/*.whl"
    entry: str | None = None
    secrets: Sequence[str] = ()

    def document(self) -> dict[str, Any]:
        """As `databricks.yml` has it.

        Raises:
            ConfigInvalid: an option cannot be used, or does not go together with another.
        """
        self._check()
        return {
            "bundle": {"name": re.sub(r"[^A-Za-z0-9_-]+", "-", self.name)},
            "variables": self._variables(),
            "resources": {"jobs": {table: self._job(table) for table in self.tables}},
            "targets": {
                "dev": {"mode": "development", "default": True, "variables": {"service_principal": ""}},
                "prod": {
                    "mode": "production",
                    "run_as": {"service_principal_name": "${var.service_principal}"},
                },
            },
        }

    def unset(self) -> list[str]:
        """The variables that whoever deploys it sets."""
        return [name for name, variable in self._variables().items() if "default" not in variable]

    def _check(self) -> None:
        for option in ("catalog", "schema", "volume"):
            value = getattr(self, option)
            if value is not None and not _NAME.fullmatch(value):
                raise _wrong(option, value, "letters, digits, _ and -")
        if self.schedule is not None and not _CRON.fullmatch(self.schedule):
            raise _wrong("schedule", self.schedule, "six or seven fields of Quartz, as '0 0/15 * * * ?'")
        if not _ZONE.fullmatch(self.time_zone):
            raise _wrong("time-zone", self.time_zone, "a time zone of Java, as Europe/Berlin")
        if self.entry is not None and not _ENTRY.fullmatch(self.entry):
            raise _wrong("entry", self.entry, "PACKAGE:NAME of an entry point in the wheel")
        if not self.wheel.endswith(".whl") or not self.wheel.isprintable():
            raise _wrong("wheel", self.wheel, "the path of a wheel, as ./dist/*.whl")
        for option, text in {
            "app": self.app,
            "wheel": self.wheel,
            "store": self.url or "",
            "every": self.every,
        }.items():
            if any(mark in text for mark in _REPLACED) or not text.isprintable():
                raise _wrong(option, text, "text in which Databricks replaces nothing: neither ${ nor {{")
        self._check_together()

    def _check_together(self) -> None:
        if self.schedule is not None and (self.continuous or self.every):
            raise _refused(
                "schedule", "A job has a --schedule, or it is --continuous (or --every): choose one"
            )
        if self.serverless and self.every:
            raise _refused(
                "every",
                "Serverless compute has no batches by time: --continuous starts the job again instead",
            )
        if self.serverless and self.secrets:
            raise _refused(
                "secret",
                "Serverless compute sets no variables of the environment: leave out --serverless, or read the copy in"
                " the lake, which needs no --secret",
            )
        if self.source == "store" and is_topic(self.url or ""):
            raise _refused("store", "The log is named by the URL of a topic: --from bus reads that")
        if self.url is not None and self.url.startswith("sqlite:"):
            raise _refused(
                "from",
                "The workers of Databricks cannot open a file of this machine: --from lake-copy reads its copy, which"
                " `eventfold run --copy` keeps in the lake",
            )

    def _variables(self) -> dict[str, dict[str, str]]:
        known = {
            "catalog": ("The catalog of Unity Catalog.", self.catalog),
            "schema": ("The schema in it.", self.schema),
            "volume": ("The volume in that, with the lake and the checkpoints of each target.", self.volume),
            "eventfold": (
                "What is installed beside the app: a requirement, or the path of a wheel on serverless compute.",
                f"{PACKAGE}[{','.join(self._extras())}]=={self.version}",
            ),
            "service_principal": ("The application id of the one that runs the jobs of prod.", None),
        }
        if not (self.schedule or self._goes_on):
            known["schedule"] = ("When a job runs, as Quartz has it: 0 0/15 * * * ?", None)
        if self.serverless:
            known["environment_version"] = ("Of serverless compute.", None)
        else:
            known["spark_version"] = ("Of the runtime, which has Spark 4.2.", None)
            known["node_type_id"] = ("Of driver and workers.", None)
            known["workers"] = ("How many there are.", None)
        if self.secrets:
            known["secret_scope"] = ("The scope of the secrets.", None)
        return {
            name: {"description": text, **({} if value is None else {"default": value})}
            for name, (text, value) in known.items()
        }

    def _extras(self) -> list[str]:
        extra = "" if self.url is None else extra_of(self.url)
        return ["cli", "lake", *([extra] if extra else [])]

    @property
    def _goes_on(self) -> bool:
        return self.continuous or bool(self.every)

    def _job(self, table: str) -> dict[str, Any]:
        package, _, entry = (self.entry or f"{PACKAGE}:{PACKAGE}").partition(":")
        task: dict[str, Any] = {
            "task_key": table,
            "python_wheel_task": {
                "package_name": package,
                "entry_point": entry,
                "parameters": self._parameters(table),
            },
        }
        job: dict[str, Any] = {"name": f"${{bundle.name}} {table}", "max_concurrent_runs": 1}
        if self._goes_on:
            job["continuous"] = {"pause_status": "UNPAUSED"}
        else:
            cron = self.schedule or "${var.schedule}"
            job["schedule"] = {"quartz_cron_expression": cron, "timezone_id": self.time_zone}
        if self.serverless:
            task["environment_key"] = _KEY
            spec = {
                "environment_version": "${var.environment_version}",
                "dependencies": [self.wheel, "${var.eventfold}"],
            }
            job["environments"] = [{"environment_key": _KEY, "spec": spec}]
        else:
            task["job_cluster_key"] = _KEY
            task["libraries"] = [{"whl": self.wheel}, {"pypi": {"package": "${var.eventfold}"}}]
            job["job_clusters"] = [{"job_cluster_key": _KEY, "new_cluster": self._cluster()}]
        return {**job, "tasks": [task]}

    def _parameters(self, table: str) -> list[str]:
        place = "/Volumes/${var.catalog}/${var.schema}/${var.volume}/${bundle.target}"
        option = {"store": ["--store"], "bus": ["--bus"]}.get(self.source)
        where = [*option, self.url] if option is not None and self.url is not None else []
        return [
            *("--app", self.app, "--lake", f"{place}/lake", *where),
            *("spark", "run", table, "--from", self.source, "--checkpoints", f"{place}/checkpoints"),
            *(["--every", self.every] if self.every else []),
        ]

    def _cluster(self) -> Mapping[str, Any]:
        cluster: dict[str, Any] = {
            "spark_version": "${var.spark_version}",
            "node_type_id": "${var.node_type_id}",
            "num_workers": "${var.workers}",
            "data_security_mode": "DATA_SECURITY_MODE_DEDICATED",
        }
        if self.secrets:
            cluster["spark_env_vars"] = {
                name: "{{secrets/${var.secret_scope}/" + name.lower().replace("_", "-") + "}}"
                for name in self.secrets
            }
        return cluster


def _wrong(option: str, value: str, wanted: str) -> ConfigInvalid:
    return _refused(option, f"{value!r:.60} cannot stand in a bundle: --{option} takes {wanted}")


def _refused(option: str, sentence: str) -> ConfigInvalid:
    return ConfigInvalid(f"{sentence}.", key=option)
