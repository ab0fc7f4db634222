"""The authors' checkpoints by one command: from where their repositories publish them, imported for their sets."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from benchmark.core import paths
from benchmark.core.errors import BadData
from benchmark.core.types import Task
from benchmark.datasets.fetch import ByHand, fetch_file
from benchmark.datasets.passport import Download
from benchmark.methods.method import Method
from benchmark.methods.weights.importing import Keep, import_weights

ADDRESSES = Path(__file__).with_name("addresses.toml")
UNSEEN = "unverified: this suite knows no checksum of it, compare it with what the authors tell"


@dataclass(frozen=True)
class Checkpoint:
    """A published checkpoint: whose, for which task and data set (empty: all), its files, or the page for a person."""

    method: str
    task: str = ""
    dataset: str = ""
    files: tuple[Download, ...] = ()
    page: str = ""
    how: str = ""


def checkpoints(method: str, task: Task | str = "", dataset: str = "") -> list[Checkpoint]:
    """The published checkpoints of `method` that fit a task and a data set, where these are given."""
    table = tomllib.loads(ADDRESSES.read_text(encoding="utf-8"))["checkpoint"]
    known = [
        Checkpoint(**{**entry, "files": tuple(Download(**file) for file in entry.get("files", ()))}) for entry in table
    ]
    return [
        one
        for one in known
        if one.method == method and one.task in ("", task or one.task) and (not dataset or one.dataset in ("", dataset))
    ]


def fetch_weights(
    method: Method, task: Task, keep: Keep | None = None, url: str = "", sha256: str = ""
) -> list[tuple[Path, str, str]]:
    """Download the authors' checkpoints of `method` for `task` and import them; a cut transfer goes on the next time.

    Gives, for each, the path of the weights, the data set they are for (empty: the whole task) and the files' SHA-256.
    Raises ByHand where only a page exists, and what fetching and importing raise.

    Args:
        method: whose checkpoints.
        task: what they were trained for.
        keep: one data set alone, and whether other weights may be replaced.
        url: an address in place of the known ones.
        sha256: the hash that the file at `url` must have.
    """
    keep = keep or Keep()
    found = checkpoints(method.id, task, keep.dataset)
    if url:
        found = [Checkpoint(method.id, task, keep.dataset, (Download(url, sha256, unpack=False),))]
    folder = paths.home() / "downloads" / method.id / task
    if not found:
        remedy = f"Look at its authors' page, then run `slkd-bench weights import {method.id} FILE --task {task}`."
        raise BadData(f"a published checkpoint of {method.title} for {task}", "no address on record", remedy)
    done = []
    for one in found:
        if not one.files:
            raise ByHand("a direct address", f"the page {one.page}", by_hand(method, task, one, folder))
        place, files, sums = folder / (one.dataset or "all"), [], []
        for download in one.files:
            path, digest = fetch_file(download, place, by_hand(method, task, one, folder))
            files.append(path)
            sums.append(f"{path.name} {digest} ({'checked' if download.sha256 else UNSEEN})")
        kept = Keep(one.dataset or keep.dataset, keep.replace, " ".join(file.url for file in one.files))
        done.append((import_weights(method, files, task, keep=kept), kept.dataset, "; ".join(sums)))
        for file in files:
            file.unlink(missing_ok=True)
    return done


def by_hand(method: Method, task: Task | str, one: Checkpoint, folder: Path) -> str:
    """What a person has to click and where to put what comes."""
    page = one.page or " ".join(file.url for file in one.files)
    how = f" ({one.how})" if one.how else ""
    target = folder / "FILE.pth"
    command = f"slkd-bench weights import {method.id} '{target}' --task {task}"
    save = f"save the file as '{target}', then run `{command}` (--for DATASET for one set alone)"
    return f"Open {page} in a browser{how}, {save}."
