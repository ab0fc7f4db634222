"""How the docstrings of this project become pages: their second part has one statement a line, and keeps its lines."""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension, Object

_STATEMENT = re.compile(r"^(Raises |Source: |Source of |Paper: |[a-z]\w*(, [a-z]\w*)*: )")


class KeepStatements(Extension):
    """Starts a new line of the page where a docstring starts a new statement on a line of its own."""

    def on_instance(self, *, obj: Object, **kwargs: Any) -> None:
        """Called by griffe for every object that it has read."""
        if obj.docstring is None:
            return
        lines = obj.docstring.value.split("\n")
        for place in range(1, len(lines)):
            if _STATEMENT.match(lines[place]) and lines[place - 1].strip():
                lines[place - 1] += "  "  # a hard break in markdown
        obj.docstring.value = "\n".join(lines)
