"""Sphinx settings of ctxemb's documentation; `make docs` builds it without a network."""

from __future__ import annotations

import os
from pathlib import Path

import ctxemb

project = "ctxemb"
author = "The ctxemb developers"
copyright = "The ctxemb developers"  # noqa: A001
version = release = ctxemb.__version__

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "sphinx_click",
]
source_suffix = {".md": "myst-nb", ".rst": "restructuredtext"}
exclude_patterns = ["_build", "_generated"]
html_theme = "furo"
html_title = "ctxemb"
html_show_copyright = False
nitpicky = False

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "cache"
nb_execution_timeout = 600
nb_execution_raise_on_error = True
nb_merge_streams = True

numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"

# The tutorials run as they are read: one thread, a cache of their own, no bars.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["CTXEMB_CACHE"] = str(Path(__file__).parent / "_build" / "cache")
