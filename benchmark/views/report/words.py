"""Titles of rows and captions for a page: the tables write two symbols as mathematics."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

_SYMBOL = re.compile(r"\$?L_\{([A-Za-z]+)\}\$?")


def plain(title: str) -> str:
    """A title as plain text: `$L_{NC}$` becomes `L_NC`."""
    return _SYMBOL.sub(r"L_\1", title)


def typeset(title: str) -> Markup:
    """A title as HTML, everything else in it escaped: `$L_{NC}$` becomes an L with a subscript."""
    return Markup(_SYMBOL.sub(r"<i>L</i><sub>\1</sub>", str(escape(title))))
