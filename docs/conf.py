"""How the pages become a site: Sphinx reads this file. `./dev docs` builds; everything it needs is on this machine."""

import sys
from importlib.metadata import version as installed
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from docs.site import pages

project = "eventfold"
author = "the eventfold authors"
version = release = installed("eventfold")
copyright = author  # noqa: A001 - Sphinx asks for this name

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["site"]
suppress_warnings = ["ref.python"]  # `type` in a signature is Python's, although two classes have one too
nitpicky = True
nitpick_ignore_regex = pages.NOT_OURS

myst_heading_anchors = 3
myst_enable_extensions = ["deflist"]
myst_links_external_new_tab = False

default_role = "literal"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_default_options = {"members": True}
python_use_unqualified_type_names = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = "eventfold"
html_static_path = ["site/static"]
html_css_files = ["eventfold.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_show_sphinx = True
html_theme_options = {"navigation_with_keys": True}
pygments_style = "friendly"
pygments_dark_style = "monokai"

setup = pages.setup
