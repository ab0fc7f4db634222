"""`slkd-bench list methods|datasets|protocols|readings`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import typer

from benchmark.cli.options import AS_JSON
from benchmark.core.errors import BadMethod
from benchmark.core.terminal import show_table
from benchmark.core.types import ALL_TASKS, Scale
from benchmark.datasets import dataset_ids, describe
from benchmark.methods import catalogue, outside
from benchmark.methods.distillers import with_readings
from benchmark.methods.weights import store
from benchmark.protocols import get_protocol, protocol_ids

if TYPE_CHECKING:
    from rich.table import Table


class What(StrEnum):
    """What can be listed."""

    methods = "methods"
    datasets = "datasets"
    protocols = "protocols"
    readings = "readings"


def register(app: typer.Typer) -> None:
    """Adds the command to `app`."""

    @app.command("list")
    def list_(
        what: What = typer.Argument(help="methods, datasets, protocols or readings"), json: bool = AS_JSON
    ) -> None:
        """List the methods, data sets, protocols or readings of the losses that the suite knows."""
        from rich.console import Console

        tables = {
            What.methods: _methods,
            What.datasets: _datasets,
            What.protocols: _protocols,
            What.readings: _readings,
        }
        table = tables[what]()
        table.columns[0].no_wrap = True  # an id is to be copied
        show_table(Console(), table, json)


def _methods() -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table("method", "printed as", "kind", "tasks", "weights", box=None, pad_edge=False)
    for method in catalogue.methods():
        ready = [str(scale) for scale in Scale for task in method.tasks if store.any_for(method.id, task, scale)]
        weights = (
            "-"
            if not method.network
            else ", ".join(f"{s} {ready.count(s)}/{len(method.tasks)}" for s in dict.fromkeys(ready)) or "none"
        )
        tasks = "all" if set(ALL_TASKS) <= set(method.tasks) else ", ".join(method.tasks)
        table.add_row(f"[bold]{method.id}[/]", method.title, method.kind, tasks, weights)
    for name, value in outside.plug_ins().items():  # only read here: a plug-in is imported when it is used
        try:
            table.add_row(f"[bold]{outside.checked_id(name)}[/]", escape(value), "outside", "its own", "its own")
        except BadMethod as problem:
            table.add_row(escape(name), f"{escape(value)}: unusable, {problem.found}", "outside", "", "")
    return table


def _datasets() -> Table:
    from rich.table import Table

    table = Table("data set", "printed as", "task", "protocol", "pairs", box=None, pad_edge=False)
    for name in dataset_ids():
        record = describe(name)
        table.add_row(f"[bold]{name}[/]", record.title, str(record.task), record.protocol, str(record.count or "?"))
    return table


def _protocols() -> Table:
    from rich.table import Table

    table = Table("protocol", "version", "what it is", box=None, pad_edge=False)
    for name in protocol_ids():
        protocol = get_protocol(name)
        table.add_row(f"[bold]{name}[/]", str(protocol.version), protocol.title)
    return table


def _readings() -> Table:
    from rich.table import Table

    table = Table("reading", "what it is", box=None, pad_edge=False)
    for spec in with_readings():
        for name, reading in spec.known_readings().items():
            table.add_row(f"[bold]{name}[/]", reading.summary)
    return table
