"""What Sphinx is told beyond its settings: parts of pages that are generated, and names of files over blocks of code.

A page says `<!-- generated: NAME -->` where a part stands that is made from the code, so that it cannot differ from it;
`<!-- file: NAME -->` before a block says that a reader saves it under this name.
"""

import re
from typing import TYPE_CHECKING

from docs.site import commands, dependencies, errors, figures, settings, stages

if TYPE_CHECKING:
    from sphinx.application import Sphinx

GENERATED = {
    "commands": commands.markdown,
    "dependencies": dependencies.markdown,
    "errors": errors.markdown,
    "figures": figures.markdown,
    "speed": figures.headline,
    "settings": settings.markdown,
    "stages": stages.markdown,
}

NOT_OURS = [(r"py:.*", r"(?!eventfold\.).*"), (r"py:class", r"eventfold(\.[a-z_]+)+\.\w+")]
"""What a signature may name without a page here: types of other packages, and of the rooms behind the front door."""

_PLACE = re.compile(r"^<!-- generated: (\w+) -->$", re.MULTILINE)
_FILE = re.compile(r"^<!-- file: (\S+) -->\n```(\w+)$", re.MULTILINE)
_TESTS = re.compile(r"^<!-- (?:not run|exit): .*? -->\n", re.MULTILINE)


def completed(source: str) -> str:
    """The source of a page with what is generated in its places."""
    source = _PLACE.sub(lambda place: GENERATED[place[1]](), source)
    source = _TESTS.sub("", source)
    return _FILE.sub(r"```{code-block} \2\n:caption: \1\n", source)


def setup(app: "Sphinx") -> None:
    """Called by Sphinx."""
    app.connect("source-read", _read)
    app.connect("autodoc-process-docstring", _docstring, priority=100)  # before the sections are read


def _read(_app: "Sphinx", _name: str, source: list[str]) -> None:
    source[0] = completed(source[0])


def _docstring(
    _app: "Sphinx", _what: str, _name: str, _it: object, _options: object, lines: list[str]
) -> None:
    """An indented block after an empty line is an example."""
    found: list[str] = []
    inside = False
    for line in lines:
        indented = line.startswith("    ")
        if indented and not inside and found and not found[-1].strip():
            found += [".. code-block:: python", ""]
            inside = True
        elif line.strip() and not indented:
            inside = False
        found.append(line)
    lines[:] = found
