"""`slkd-bench data ...`: what data sets there are, where they go, and whether what lies there is right."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from benchmark.cli.options import AS_JSON
from benchmark.core.errors import BadData
from benchmark.core.files import write_atomically
from benchmark.core.terminal import print_json, show_table
from benchmark.core.types import ALL_TASKS, Scale, Task
from benchmark.datasets import dataset_ids, describe, get_dataset, place, resolve
from benchmark.datasets import verify as checks
from benchmark.datasets.draft import Draft, write_passport
from benchmark.datasets.fetch import ByHand
from benchmark.datasets.fetch import fetch as fetch_data
from benchmark.datasets.layouts import says
from benchmark.datasets.pairs import PairsOnDisk
from benchmark.datasets.passport import known_task
from benchmark.datasets.prepare import prepare as write
from benchmark.datasets.sheet import contact_sheet

if TYPE_CHECKING:
    from rich.progress import TaskID

    from benchmark.datasets.pairs import PairsOnDisk

MINI_TRAIN = "mini-train"  # what `data prepare` makes for training at scale mini
_ROOT = typer.Option(None, help="The folder that holds the official sets, as ROOT/ID; SLKD_BENCH_DATA otherwise.")
_ID = typer.Argument(help="The id of a data set; see `data list`.")
_ID_OR_FOLDER = typer.Argument(help="The id of a data set, or a folder with input and target.")


def register(app: typer.Typer) -> None:
    """Adds the group of commands to `app`."""
    data = typer.Typer(help="Data sets: what there is, where it goes, and whether it is right.", no_args_is_help=True)
    for command in (list_, where, new, fetch, prepare, verify, show):
        data.command(command.__name__.rstrip("_"))(command)
    app.add_typer(data, name="data")


def list_(root: Path | None = _ROOT, json: bool = AS_JSON) -> None:
    """List every data set: for testing or training, its protocol, how many pairs, and whether it is on this machine."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("data set", "for", "task", "protocol", "pairs", "here"):
        table.add_column(title, justify="right" if title == "pairs" else "left", no_wrap=True)
    for id in dataset_ids():
        record = describe(id)
        here = "embedded" if record.scale is Scale.MINI else "yes" if place(record, root).is_dir() else "-"
        count = f"{record.count:,}" if record.count else "?"
        table.add_row(id, record.role, record.task, record.protocol, count, here)
    show_table(Console(), table, json)


def where(id: str = _ID, root: Path | None = _ROOT, json: bool = AS_JSON) -> None:
    """Say where a data set is looked for, what to put there and what is known of it."""
    from rich.console import Console

    record = describe(resolve(id))
    base = place(record, root)
    console = Console(highlight=False)
    if json:
        embedded = record.scale is Scale.MINI
        here = {"place": None if embedded else str(base), "present": embedded or base.is_dir(), "embedded": embedded}
        print_json(console, here | asdict(record))
        return
    if record.scale is Scale.MINI:
        _line(f"{record.id} is embedded in the package: nothing to put anywhere.")
        return
    console.print(str(base), markup=False, soft_wrap=True)
    facts = [("present", "yes" if base.is_dir() else "no"), ("title", record.title), ("task", str(record.task))]
    facts += [("for", "training" if record.role == "train" else "testing")]
    facts += [("protocol", record.protocol), ("pairs", " or ".join(f"{count:,}" for count in record.counts) or "?")]
    facts += [("sizes", ", ".join(record.sizes) or "various"), ("source", record.source), ("licence", record.licence)]
    facts += [("cite", record.citation), ("trained on", record.trained_on or "-")]
    facts += [(f"overlap {other}", what) for other, what in record.overlap.items()]
    facts += [("layout", says(layout)) for layout in record.layouts]
    facts += [("download", download.url) for download in record.downloads]
    facts += [("by hand", record.by_hand), ("note", record.note)]
    for name, what in facts:
        if what:
            console.print(f"{name:>12}  {what}", markup=False, soft_wrap=True)


def new(
    folder: Path = typer.Argument(help="A folder with input and target."),
    task: Task = typer.Option(..., "--task", "-t", parser=Task, help="What a network is asked to do with it."),
    protocol: str = typer.Option(..., "--protocol", help="How it is scored; see `list protocols`."),
    id: str = typer.Option("", "--id", help="Its id; the folder's name otherwise."),
    title: str = typer.Option("", help="Its name in tables; the folder's otherwise."),
) -> None:
    """Write a passport of a folder into your own folder: it is then a data set like the shipped ones."""
    path = write_passport(folder, Draft(task, protocol, id, title))
    _line(f"{path}: edit it to say where the pictures come from; use it as -d {path.stem}")


def fetch(
    id: str = _ID,
    url: str = typer.Option("", help="Take it from this address instead (a mirror); needs --sha256 to be checked."),
    sha256: str = typer.Option("", help="The SHA-256 that the file must have."),
    root: Path | None = _ROOT,
) -> None:
    """Download and unpack a data set; exit code 3 and instructions where only a person can."""

    record = describe(resolve(id))
    if record.scale is Scale.MINI:
        _line(f"{record.id} is embedded in the package: nothing to fetch.")
        return
    if sha256 and (len(sha256) != 64 or set(sha256.lower()) - set("0123456789abcdef")):
        raise BadData("a SHA-256 of 64 hexadecimal digits", f"'{sha256}'", "Check --sha256.")
    base = place(record, root)
    try:
        for line in fetch_data(record, base, url, sha256):
            _line(line)
    except ByHand as error:
        _line(f"{record.title} cannot be fetched by a program: {error.found}.")
        _line(error.remedy)
        raise typer.Exit(3) from None
    data = get_dataset(record.id, root, keep_going=True)
    _line(f"{len(data):,} pairs in '{base}'. Check them all: slkd-bench data verify {record.id}")
    for problem in getattr(data, "problems", ())[:5]:
        _line(str(problem))


def verify(
    name: str = _ID_OR_FOLDER,
    root: Path | None = _ROOT,
    full: bool = typer.Option(False, "--full", help="Also print one SHA-256 over every byte of every file."),
    sums: Path | None = typer.Option(None, help="A listing like sha256sum's: compared if it exists, written if not."),
) -> None:
    """Look at every file: count, names, strays, links, sizes, kinds, truncation. Exit code 1 if anything is wrong."""

    if (Path(name) / "pairs.npy").is_file():
        _verify_packed(Path(name))
        return
    data = _on_disk(name, root, keep_going=True)
    found = checks.problems(data)
    if full or sums is not None:
        table = checks.checksums(data)
        if sums is not None and sums.exists():
            found += checks.compare(table, sums)
        elif sums is not None:
            write_atomically(sums, checks.listing(table))
        if full:
            _line(f"sha256 of everything  {checks.summary(table)}")
    for problem in found:
        _line(str(problem))
    for note in checks.notes(data):
        _line(f"note: {note}")
    _line(f"{data.title}: {len(data):,} pairs in '{data.base}', layout {data.located.layout.id}")
    _line(f"fingerprint {data.fingerprint()}")
    _line(f"{len(found):,} problem{'' if len(found) == 1 else 's'}" if found else "all is well")
    if found:
        raise typer.Exit(1)


def _verify_packed(folder: Path) -> None:
    """Compare packed pairs with their manifest. Exit code 1 where they differ."""
    from benchmark.datasets.packed import open_packed

    try:
        data = open_packed(folder)
    except BadData as problem:
        _line(str(problem))
        raise typer.Exit(1) from None
    _line(f"{data.title}: {len(data):,} pairs in '{folder}', packed")
    _line(f"fingerprint {data.fingerprint()}")
    _line("all is well")


def prepare(
    name: str = typer.Argument(help="The id of a data set, a folder with input and target, or mini-train."),
    out: Path = typer.Option(..., help="A new folder that gets input and target, or a folder a task of mini-train."),
    patch: int = typer.Option(0, min=0, help="Cut squares of this many pixels for training; 0 keeps images whole."),
    stride: int = typer.Option(0, min=0, help="Pixels between the squares' corners; three quarters of --patch if 0."),
    root: Path | None = _ROOT,
    photos: Path | None = typer.Option(None, help="mini-train: clean photographs; without, pairs are of dead leaves."),
    task: list[Task] = typer.Option([], "--task", "-t", parser=known_task, help="mini-train: only these tasks."),
    pairs: int = typer.Option(0, min=0, help="mini-train: pairs a task; 1,024 if 0."),
    jobs: int = typer.Option(0, min=0, help="mini-train: processes at the same time; one a core if 0."),
) -> None:
    """Write a data set out as input and target folders, whole or in patches (SIDD-Medium: --patch 512).

    `mini-train` is the training set of the mini sets: its pairs are made here, once, and packed into one file a task.
    A stopped command goes on where it was when it is given again. Then: `train --data OUT`.
    """
    if name == MINI_TRAIN:
        if patch or stride:
            raise BadData("no --patch and no --stride for mini-train", "one of them", "Training cuts its crops itself.")
        _prepare_mini_train(photos, out, task or list(ALL_TASKS), pairs, jobs)
        return
    if photos is not None or task or pairs or jobs:
        found = f"one of them for {name}"
        raise BadData("--photos, --task, --pairs and --jobs for mini-train alone", found, "Leave them out.")
    data = _on_disk(name, root)
    count = write(data, out, patch, stride)
    _line(f"{count:,} pairs of {len(data):,} images in '{out}'")


def _prepare_mini_train(photos: Path | None, out: Path, tasks: list[Task], pairs: int, jobs: int) -> None:
    """Make the pairs of each task under a bar of progress, and say what they are."""
    from rich.console import Console
    from rich.progress import Progress

    from benchmark.training.data.mini_train import PAIRS, MiniTrain, prepare_mini_train

    for task in tasks:
        with Progress(console=Console(stderr=True), transient=True) as bar:
            shown = bar.add_task(str(task))

            def progress(made: int, of: int, bar: Progress = bar, shown: TaskID = shown) -> None:
                bar.update(shown, completed=made, total=of)

            data = prepare_mini_train(MiniTrain(task, photos, pairs or PAIRS), out / task, jobs, progress)
        _line(f"{len(data):,} pairs for {task} in '{out / task}': {data.title}")
        _line(f"fingerprint {data.fingerprint()}")


def show(
    name: str = _ID_OR_FOLDER,
    out: Path = typer.Option(Path("pairs.png"), help="The PNG file to write."),
    count: int = typer.Option(8, min=1, help="How many pairs, spread over the data set."),
    root: Path | None = _ROOT,
) -> None:
    """Draw a contact sheet of pairs: degraded on the left, clean on the right."""

    names = contact_sheet(get_dataset(resolve(name), root), out, count)
    _line(f"{out}: {', '.join(names)}")


def _on_disk(name: str, root: Path | None, keep_going: bool = False) -> PairsOnDisk:
    """A data set that has files, or a clear refusal for an embedded one."""

    data = get_dataset(resolve(name), root, keep_going=keep_going)
    if not isinstance(data, PairsOnDisk):
        raise BadData("a data set that lies on disk", f"{name}, which is embedded", "There is nothing to do for it.")
    return data


def _line(text: str) -> None:
    typer.echo(text)
