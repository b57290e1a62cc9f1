"""Judges a bundle without Databricks: each job by the classes of its SDK, the frame around them by what we read of it.

The settings of a job in a bundle are those of a request that creates one
(https://docs.databricks.com/aws/en/dev-tools/bundles/resources), for which `databricks-sdk` has classes, with types. Of
the frame around them there is no code under a free licence, so it is stated here, after
https://docs.databricks.com/aws/en/dev-tools/bundles/settings: the members that we print, and no others.
"""

import re
from typing import Any, Literal

import msgspec
from databricks.sdk.service.jobs import JobSettings

SET: dict[str, Any] = {
    **dict.fromkeys(("catalog", "schema", "volume", "service_principal", "secret_scope"), "shop"),
    "schedule": "0 0/15 * * * ?",
    "environment_version": "5",
    "spark_version": "19.x-scala2.13",
    "node_type_id": "Standard_D4ds_v5",
    "workers": 2,
}
"""What who deploys it may say for the variables that have no default."""


class _Frame(msgspec.Struct, forbid_unknown_fields=True):
    bundle: "_Named"
    variables: dict[str, "_Variable"]
    resources: "_Resources"
    targets: dict[str, "_Target"]


class _Named(msgspec.Struct, forbid_unknown_fields=True):
    name: str


class _Variable(msgspec.Struct, forbid_unknown_fields=True):
    description: str
    default: str | None = None


class _Resources(msgspec.Struct, forbid_unknown_fields=True):
    jobs: dict[str, dict[str, Any]]


class _Target(msgspec.Struct, forbid_unknown_fields=True):
    mode: Literal["development", "production"]
    default: bool = False
    variables: dict[str, str] = {}
    run_as: "_RunAs | None" = None


class _RunAs(msgspec.Struct, forbid_unknown_fields=True):
    service_principal_name: str


def check(document: object) -> list[JobSettings]:
    """The jobs, as they would be created.

    Raises:
        msgspec.ValidationError: a member is missing, of another type, or of no form that is known.
    """
    frame = msgspec.convert(document, _Frame)
    values: dict[str, Any] = {name: variable.default for name, variable in frame.variables.items()}
    values |= {name: value for name, value in SET.items() if values.get(name, "") is None}
    return [_created(_filled(job, values)) for job in frame.resources.jobs.values()]


def _created(job: Any) -> JobSettings:
    try:
        found = JobSettings.from_dict(job)
    except (KeyError, ValueError, AttributeError, TypeError) as error:
        raise msgspec.ValidationError(str(error)) from error
    if (kept := found.as_dict()) != job:
        raise msgspec.ValidationError(f"only {kept} is known of {job}")
    return msgspec.convert(job, JobSettings)


def _filled(value: Any, values: dict[str, Any]) -> Any:
    """As Databricks does it: a variable that is all of a text keeps its type."""
    if isinstance(value, dict):
        return {name: _filled(member, values) for name, member in value.items()}
    if isinstance(value, list):
        return [_filled(member, values) for member in value]
    if not isinstance(value, str):
        return value
    if (whole := re.fullmatch(r"\$\{var\.(\w+)\}", value)) is not None:
        return values[whole[1]]
    filled = re.sub(r"\$\{var\.(\w+)\}", lambda found: str(values[found[1]]), value)
    return re.sub(r"\$\{bundle\.(name|target)\}", r"\1", filled)
