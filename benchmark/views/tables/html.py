"""A grid as a self-contained HTML table that follows the reader's light or dark mode."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from benchmark.views.tables.grid import Grid

_TEMPLATE = """{% macro text(title) %}{{ title | replace("$L_{NC}$", "L<sub>NC</sub>"|safe) | replace("$L_{ET}$",
 "L<sub>ET</sub>"|safe) }}{% endmacro %}
{% for grid in grids %}<figure class="slkd-table">
<figcaption><b>Table {{ grid.id }}.</b> {{ grid.caption }}</figcaption>
<div class="scroll"><table><thead>
{% if grid.groups | select | list %}<tr><td></td>{% for name, span in spans(grid.groups) %}
<th colspan="{{ span }}" scope="colgroup">{{ name }}</th>{% endfor %}</tr>{% endif %}
<tr><th scope="col">Method</th>{% for header in grid.headers %}<th scope="col">{{ header }}</th>{% endfor %}</tr>
</thead>
{% for section in grid.sections %}<tbody>{% for row in section %}
<tr><th scope="row">{{ text(row.title) }}</th>{% for entry in row.entries %}<td>
{%- if entry.parts %}{% for part in entry.parts %}{% if not loop.first %}/{% endif %}
{%- if part.mark == "best" %}<b>{{ part.text }}</b>{% elif part.mark == "second" %}<u>{{ part.text }}</u>
{%- else %}{{ part.text }}{% endif %}{% if part.after %}<small>{{ part.after }}</small>{% endif %}{% endfor %}
{%- else %}<span title="{{ entry.note }}">{{ entry.dash }}</span>{% endif %}</td>{% endfor %}</tr>{% endfor %}
</tbody>{% endfor %}</table></div>
{% for note in grid.footnotes %}<p class="note">{{ note }}</p>{% endfor %}
</figure>
{% endfor %}"""

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>slkd-bench</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
:root { color-scheme: light dark; font-family: system-ui, sans-serif; }
body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
.slkd-table { margin: 0 0 3rem; } .scroll { overflow-x: auto; margin-top: .6rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; border-top: 2px solid;
  border-bottom: 2px solid; }
th, td { padding: .3rem .8rem; text-align: right; white-space: nowrap; }
th[scope=row], thead th:first-child { text-align: left; }
th[scope=row] { font-weight: normal; } th[colspan] { text-align: center; }
tbody { border-top: 1px solid; } .note { font-size: .85rem; margin: .4rem 0; opacity: .8; }
</style></head><body>
%s</body></html>
"""


def to_html(grids: Sequence[Grid], page: bool = True) -> str:
    """The tables as one page, or as figures to be put into another page."""
    from jinja2 import Environment

    template = Environment(autoescape=True, trim_blocks=False).from_string(_TEMPLATE)
    body = template.render(grids=grids, spans=lambda groups: [(n, len(list(m))) for n, m in groupby(groups)])
    return _PAGE % body if page else body
