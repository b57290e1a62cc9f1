"""What eventfold rests on, from the comments in pyproject.toml that give the reasons."""

import re
from pathlib import Path

_PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
_GROUP = re.compile(r"^(\w+) = \[\n(.*?)^\]", re.MULTILINE | re.DOTALL)
_LINE = re.compile(r'^\s*"([A-Za-z0-9_-]+)[^"]*",\s*# (.+)$', re.MULTILINE)
_TITLES = {
    "dependencies": "Always",
    "lake": "Tables: `eventfold[lake]`",
    "cli": "The command line: `eventfold[cli]`",
    "cosmos": "Azure Cosmos DB: `eventfold[cosmos]`",
    "mining": "Logs of process mining: `eventfold[mining]`",
    "handlers": "Webhooks both ways, and templates of mail: `eventfold[handlers]`",
    "kafka": "Apache Kafka: `eventfold[kafka]`",
    "eventhubs": "Azure Event Hubs: `eventfold[eventhubs]`",
    "metrics": "Figures for OpenTelemetry and Prometheus: `eventfold[metrics]`",
    "dev": "For work on eventfold itself",
}


def reasons() -> dict[str, dict[str, str]]:
    """By extra (`dependencies` = always): each package and its reason."""
    text = _PYPROJECT.read_text("utf-8").partition("[project.scripts]")[0]
    found = {name: dict(_LINE.findall(body)) for name, body in _GROUP.findall(text) if name != "classifiers"}
    for packages in found.values():
        packages.pop("eventfold", None)  # an extra that brings another one
    return {name: packages for name, packages in found.items() if packages}


def markdown() -> str:
    """A table for each extra."""
    lines: list[str] = []
    for name, packages in reasons().items():
        lines += [f"## {_TITLES.get(name, f'`eventfold[{name}]`')}", "", "| package | why |", "| --- | --- |"]
        lines += [f"| {package} | {reason} |" for package, reason in packages.items()]
        lines.append("")
    return "\n".join(lines)
