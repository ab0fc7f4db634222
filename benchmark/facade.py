"""The laboratory in four calls, for notebooks and scripts: `import benchmark as lab`, then `lab.evaluate` and so on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from benchmark.core.devices import resolve
from benchmark.core.errors import SlkdBenchError
from benchmark.core.precision import exact
from benchmark.core.types import Scale, Task
from benchmark.methods.own import own_network
from benchmark.protocols import get_protocol
from benchmark.runs.batches import Stretch
from benchmark.runs.cells import Cell
from benchmark.runs.choose import FolderOptions, open_dataset
from benchmark.runs.code import made_by, series
from benchmark.runs.key import scoring_code, shelf
from benchmark.runs.plan import total_of
from benchmark.runs.restore import Course, restore_and_score
from benchmark.runs.score_folder import ScoreRequest, scored
from benchmark.views.tables.command import TableRequest, results_for
from benchmark.views.tables.frame import grids_frame, grids_json, images_frame
from benchmark.views.tables.grid import make_grid
from benchmark.views.tables.html import to_html
from benchmark.views.tables.latex import to_latex
from benchmark.views.tables.markdown import to_markdown
from benchmark.views.tables.own import OwnTable, own_tables
from benchmark.views.tables.specs import get_tables

if TYPE_CHECKING:
    import pandas
    from torch import Tensor

Form = Literal["markdown", "latex", "csv", "html", "json"]


@dataclass(frozen=True)
class How:
    """How `evaluate` runs: device, padding and range of values of the network, the first images alone, and a folder's facts.

    `protocol` and `task` are for folders; a registered data set has its own.
    """

    device: str = "auto"
    multiple: int = 1
    value_range: str = "0..1"
    limit: int | None = None
    keep_going: bool = False
    protocol: str = ""
    task: Task | None = None
    scale: Scale = Scale.MINI


def evaluate(
    network: Callable[[Tensor], Tensor], dataset: str | Path, how: How | None = None, name: str = "own"
) -> Cell:
    """PSNR and SSIM of `network` on every image of a data set, under its own protocol.

    The result is returned and not kept in a folder: what stands behind a callable cannot be known, so it could not be
    told whether it is still true. `slkd-bench run -m NAME=package.module:Class` keeps results.
    Raises SlkdBenchError for an unknown set or protocol, an image that cannot be read, and an output that is no restored
    image of the same shape.

    Args:
        network: from (N, 3, H, W) in [0, 1], any H and W, to restored images of that shape. A module is put into
            evaluation mode, moved to the device, and given back in the mode it had.
        dataset: a name of `slkd-bench list datasets`, or a folder with `input` and `target`.
        how: everything else; `How()` when it is not given.
        name: what the result calls the network.

    >>> import benchmark as lab
    >>> cell = lab.evaluate(lambda image: image, "mini-rain1400", lab.How(limit=2))
    >>> len(cell.scores), cell.dataset, 15 < cell.psnr < 40
    (2, 'mini-rain1400', True)
    """
    import torch

    from benchmark.methods.outside_network import Checked

    how = how or How()
    device = resolve(how.device)
    data = open_dataset(str(dataset), how.scale, None, FolderOptions(how.protocol, how.task, how.keep_going))
    own = own_network({"multiple": str(how.multiple), "range": how.value_range}, name)
    module = network if isinstance(network, torch.nn.Module) else None
    training = module is not None and module.training
    try:
        if module is not None:
            module.eval().to(device)
        with exact(device):
            found = restore_and_score(
                Checked(network, name, own).eval(),
                data,
                get_protocol(data.protocol),
                Course(device, Stretch(0, how.limit, how.keep_going)),
            )
    finally:
        if module is not None:
            module.train(training)
    protocol = get_protocol(data.protocol)
    key = {
        "method": name,
        "data": data.fingerprint(),
        "protocol": f"{protocol.id}@{protocol.version}",
        "code": scoring_code(data),
        "libraries": series(),
        "device": device.partition(":")[0],
        "limit": how.limit,
        "unknown": "a callable, of which nothing is known",
    }
    where = shelf(data, how.scale)
    scores = tuple(found.scores)
    return Cell(name, data.id, where, 0, key, made_by(device), scores, found.failures, total_of(data))


def score(
    folder: str | Path, dataset: str, out: str | Path = "runs", scale: Scale = Scale.MINI, keep_going: bool = False
) -> Cell:
    """PSNR and SSIM of images that were restored elsewhere, under the data set's protocol; the result is kept below `out`.

    Images are matched by name. Raises SlkdBenchError for an unknown set, missing or unreadable images.

    Args:
        folder: the restored images.
        dataset: a name of `slkd-bench list datasets`.
        out: the folder of result files.
        scale: the scale of the data set's name: "mini" or "paper".
        keep_going: leave out images that are missing or broken.
    """
    return scored(ScoreRequest(Path(folder), dataset, out=Path(out), scale=Scale(scale), keep_going=keep_going)).cell


def results(out: str | Path = "runs", scale: Scale | str = Scale.MINI) -> pandas.DataFrame:
    """Every image of every result below `out`, a line each.

    Columns: method, dataset, seed, image, scene, psnr (dB), ssim, and further metrics where there are some.

    >>> import benchmark as lab
    >>> list(lab.results("nowhere").columns)
    ['method', 'dataset', 'seed', 'image', 'scene', 'psnr', 'ssim']
    """
    return images_frame(Path(out), str(Scale(scale)))


def table(name: str, form: Form = "markdown", request: TableRequest | None = None, own: OwnTable | None = None) -> str:
    """A paper's table called `name` ("II"), or "own" with its rows and columns, as text in the form that is asked for.

    Raises SlkdBenchError for an unknown table or form.

    Args:
        name: of the table, or "own".
        form: "markdown", "latex", "csv", "html" or "json".
        request: which results, paper and marks; `TableRequest()` when it is not given.
        own: rows, columns and texts of a table of one's own.
    """
    request = request or TableRequest()
    found = results_for(request)
    specs = (
        own_tables(own or OwnTable(), found, request.paper)
        if name.lower() == "own"
        else get_tables(name, request.paper)
    )
    grids = [make_grid(spec, found, request.marks, request.spread) for spec in specs]
    if form == "markdown":
        return "\n".join(map(to_markdown, grids))
    if form == "latex":
        return "\n".join(map(to_latex, grids))
    if form == "csv":
        return str(grids_frame(grids).to_csv(index=False))
    if form == "html":
        return to_html(grids)
    if form == "json":
        return grids_json(grids)
    raise SlkdBenchError("a form: markdown, latex, csv, html or json", f"'{form}'", "Choose one of them.")
