"""How Sphinx builds the documentation: Markdown pages, and the API from the docstrings."""

import warmup

project = "ipwarmup"
author = "The ipwarmup maintainers"
version = release = warmup.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
autodoc_typehints = "description"

html_theme = "furo"
html_title = "ipwarmup"
