"""SQL is kept in files, one purpose each."""

from importlib.resources import files


def load(package: str) -> dict[str, str]:
    """The statements in the `sql` folder of a package, by file name without ending."""
    folder = files(package) / "sql"
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".sql")]
    return {entry.name.removesuffix(".sql"): entry.read_text() for entry in found}
