"""The reference of the errors, from their one table."""

import inspect
import textwrap

from eventfold import errors


def markdown() -> str:
    """The tree, then every error with its code, HTTP status, exit code and meaning."""
    tree = (errors.__doc__ or "").split("\n\n", 2)[2].rstrip()
    rows = [
        f"| `{code}` | `{name}` | {status} | {exit_code} | {_meaning(name)} |"
        for code, status, exit_code, name in errors.table()
    ]
    return "\n".join(
        [
            "```text",
            textwrap.dedent(tree),
            "```",
            "",
            "| code | class | HTTP | exit | what it says |",
            "| --- | --- | --- | --- | --- |",
            *rows,
        ]
    )


def _meaning(name: str) -> str:
    doc = inspect.getdoc(getattr(errors, name)) or ""
    return " ".join(doc.split("\n\n")[0].split()).replace("|", r"\|")
