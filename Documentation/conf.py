# SPDX-License-Identifier: MIT
# The manual: built by "make htmldocs" from a copy of this directory that has
# the generated parts in generated/.
project = "Veridian"
author = "The Veridian authors"
copyright = "The Veridian authors"  # noqa: A001
html_theme = "alabaster"
html_theme_options = {"description": "A capability microkernel", "page_width": "1200px",
                      "code_font_size": "0.8em"}
html_show_copyright = False
exclude_patterns = ["generated/*"]
highlight_language = "none"
pygments_style = "sphinx"
