"""From names on the command line to methods and opened data sets."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.core.errors import SlkdBenchError
from benchmark.core.types import Scale, Task
from benchmark.datasets import dataset_ids, describe, get_dataset, is_folder, resolve
from benchmark.datasets.pairs import PairsOnDisk
from benchmark.methods.catalogue import methods
from benchmark.methods.find import get_method
from benchmark.methods.method import Method
from benchmark.protocols import get_protocol, protocol_ids

if TYPE_CHECKING:
    from benchmark.datasets.pairs import Dataset, PairsOnDisk


def choose_methods(names: Sequence[str]) -> list[Method]:
    """The named methods, built-in or from outside; all built-in ones when none is named.

    Raises SlkdBenchError when two different ones would share a name, and so their result files.
    """
    chosen = [get_method(name) for name in names] or list(methods())
    by_id: dict[str, Method] = {}
    for method in chosen:
        if by_id.setdefault(method.id, method) != method:
            remedy = "Name one of them: --method NAME=" + method.source
            raise SlkdBenchError("methods with names of their own", f"two called '{method.id}'", remedy)
    return list(by_id.values())


def choose_datasets(
    names: Sequence[str],
    scale: Scale,
    photos: Path | None = None,
    protocol: str = "",
    task: Task | None = None,
    keep_going: bool = False,
) -> list[Dataset]:
    """The named data sets opened; all of `scale` that are on this machine when none is named."""

    if names:
        opened: list[Dataset] = []
        for name in names:
            if is_folder(name):
                opened.append(open_folder(name, protocol, task, keep_going))
            else:
                opened.append(get_dataset(resolve(name, scale), photos=photos, keep_going=keep_going))
        return opened
    found = []
    for name in (name for name in dataset_ids("test") if describe(name).scale == scale):
        try:
            found.append(get_dataset(name, photos=photos, keep_going=keep_going))
        except SlkdBenchError:
            if scale == Scale.MINI:
                raise
    if not found:
        remedy = "`slkd-bench data list` shows what is known, `slkd-bench data where SET` where to put it."
        raise SlkdBenchError("at least one official data set on this machine", "none", remedy)
    return found


def open_folder(
    name: str | os.PathLike[str], protocol: str, task: Task | None = None, keep_going: bool = False
) -> PairsOnDisk:
    """A folder with `input` and `target` as a data set under the given protocol.

    A folder that is called like a registered data set gets `-folder` behind its name: its results stand in no table
    of that data set. Raises SlkdBenchError when no protocol is given.
    """

    if not protocol:
        expected = f"a protocol for the folder '{os.fspath(name)}'"
        raise SlkdBenchError(expected, "none", f"Give --protocol, one of {', '.join(protocol_ids())}.")
    get_protocol(protocol)
    data = get_dataset(Path(name), protocol=protocol, task=task, keep_going=keep_going)
    assert isinstance(data, PairsOnDisk)
    taken = data.id in dataset_ids()
    return dataclasses.replace(data, id=f"{data.id}-folder", title=f"{data.id} (folder)") if taken else data
