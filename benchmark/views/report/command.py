"""What `slkd-bench report` does: read results and claims, gather the pictures, write the page and the LaTeX document."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from benchmark.core.errors import SlkdBenchError
from benchmark.core.files import write_atomically
from benchmark.core.types import Scale
from benchmark.methods.find import row_method
from benchmark.papers.read import get_paper
from benchmark.views.report.chosen import INPUT, only, sentence_of, specs_of
from benchmark.views.report.document import to_document
from benchmark.views.report.page import Contents, render
from benchmark.views.report.pictures import Album, make_album
from benchmark.views.report.verdict_lines import VerdictGroup, sentence, verdict_group
from benchmark.views.tables.grid import Results, read_results


@dataclass(frozen=True)
class Request:
    """The options of one call; `images` is how many examples a data set, 0 for none; `latex` None for no document.

    `only` are the methods that it is about, `own` for all of somebody's own; every method and the claims where it is empty.
    """

    scale: Scale
    out: Path
    to: Path
    title: str = ""
    images: int = 3
    restored: Path | None = None
    latex: Path | None = None
    card: str | None = None
    paper: str = ""
    only: tuple[str, ...] = ()


def write_report(request: Request) -> None:
    """Writes the page, and the LaTeX document where one is asked for. Raises SlkdBenchError when there are no results."""
    console = Console(highlight=False, soft_wrap=True)
    size = get_paper(request.paper).complexity.image_size
    results = read_results(request.out, request.scale, request.card, size=size)
    if not results.cells:
        raise SlkdBenchError(
            f"result files below {request.out / 'cells' / request.scale}",
            "none",
            f"Run `slkd-bench run --all --scale {request.scale} --out {request.out} "
            f"--save-images {request.out / 'images'}` first.",
        )
    results = only(results, request.only)
    group = None if request.only else verdict_group(request.out, Scale.PAPER, request.paper)
    with_mini = group is not None and request.scale == Scale.MINI
    mini = verdict_group(request.out, Scale.MINI, request.paper) if with_mini else None
    shown = contents(request, results, group, mini)
    page = render(shown)
    write_atomically(request.to, page)
    console.print(f"{escape(str(request.to))}: {len(page) / 1e6:.1f} MB, one file that loads nothing else")
    if request.latex is not None:
        groups = [one for one in (group, mini) if one is not None]
        document = to_document(results, shown.specs, groups, shown.title, shown.statement)
        write_atomically(request.latex, document)
        console.print(f"{escape(str(request.latex))}: compile it with pdflatex or tectonic")


def contents(request: Request, results: Results, group: VerdictGroup | None, mini: VerdictGroup | None) -> Contents:
    """What the page shows, with the pictures found for `request`."""
    folder = request.restored or request.out / "images"
    album = make_album(results, folder, request.images) if request.images else Album()
    why = mend = ""
    if not request.images:
        why = "The report was asked for without pictures."
    elif not album.sets:
        why = f"There are no restored images in {folder} that belong to these results. This command writes them:"
        mend = _picture_command(request, results, folder)
    return Contents(
        _title(request, results),
        sentence(group) if group else sentence_of(results),
        results,
        tuple(specs_of(results, request.only, request.paper)),
        group,
        mini,
        album,
        no_pictures=why,
        picture_command=mend,
        made_with=_spoken(request),
        paper=request.paper,
    )


def _picture_command(request: Request, results: Results, folder: Path) -> str:
    what = ["--all"]
    if request.only:
        methods = dict.fromkeys(method for method, _ in results.cells if method != INPUT)
        sets = dict.fromkeys(dataset for _, dataset in results.cells)
        what = [word for name in methods for word in ("--method", name)]
        what += [word for name in sets for word in ("--dataset", name)]
    where = ["--scale", request.scale, "--out", str(request.out), "--save-images", str(folder)]
    return shlex.join(["slkd-bench", "run", *what, *where])


def _title(request: Request, results: Results) -> str:
    if request.only and not request.title:
        names = dict.fromkeys(method for method, _ in results.cells if method != INPUT)
        titles = [row_method(name).title for name in names]
        return f"Results of {', '.join(titles[:4])}{f' and {len(titles) - 4} more' if len(titles) > 4 else ''}"
    return request.title or f"What is true of {get_paper(request.paper).title}"


def _spoken(request: Request) -> str:
    words = ["slkd-bench", "report", "--scale", request.scale, "--out", str(request.out), "--to", str(request.to)]
    words += ["--paper", request.paper] if request.paper else []
    return shlex.join([*words, *(word for name in request.only for word in ("--only", name))])
