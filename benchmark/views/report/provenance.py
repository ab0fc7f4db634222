"""Where every number comes from: environments, device cards, protocols, and the command that gives each cell again."""

from __future__ import annotations

import hashlib
import json
import math
import posixpath
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmark.core.numbers import decimal
from benchmark.core.types import Scale
from benchmark.costs.records import read_latencies
from benchmark.datasets import dataset_ids, describe
from benchmark.methods import outside
from benchmark.protocols import get_protocol, protocol_ids, without_protocol
from benchmark.protocols.choices import Channel, Rounding
from benchmark.protocols.definition import Protocol
from benchmark.runs.cells import Cell
from benchmark.views.report.comparison import anchor


@dataclass(frozen=True)
class Environment:
    """The versions, commit and device that some cells were made with; `letter` is how their lines name it."""

    letter: str
    facts: tuple[tuple[str, str], ...]
    cells: int


@dataclass(frozen=True)
class Reproduction:
    """One cell: what decided it, what it gave, and the command that gives it again."""

    anchor: str
    method: str
    dataset: str
    seed: int
    images: int
    psnr: str
    ssim: str
    weights: str
    data: str
    protocol: str
    code: str
    environment: str
    command: str
    failures: int


@dataclass(frozen=True)
class DeviceCard:
    """One device card with its networks' times in milliseconds: (network, task, median, 10 %, 90 %, peak MiB)."""

    id: str
    facts: tuple[tuple[str, str], ...]
    times: tuple[tuple[str, str, str, str, str, str], ...]


def environments(cells: Iterable[Cell]) -> tuple[list[Environment], dict[int, str]]:
    """The different environments, lettered in order of use, and the letter of each cell by its `id()`."""
    found: dict[tuple[tuple[str, str], ...], list[Cell]] = {}
    for cell in cells:
        facts = tuple((name, str(value)) for name, value in cell.made_by.items() if str(value))
        found.setdefault(facts, []).append(cell)
    ordered = sorted(found.items(), key=lambda item: -len(item[1]))
    letters = [f"E{number}" for number in range(1, len(ordered) + 1)]
    by_cell = {id(cell): letter for letter, (_, made) in zip(letters, ordered, strict=True) for cell in made}
    return [Environment(letter, *made) for letter, made in zip(letters, _counted(ordered), strict=True)], by_cell


def _counted(
    ordered: Sequence[tuple[tuple[tuple[str, str], ...], list[Cell]]],
) -> list[tuple[tuple[tuple[str, str], ...], int]]:
    return [(facts, len(cells)) for facts, cells in ordered]


def reproductions(cells: Iterable[Cell], letters: dict[int, str], out: str = "runs") -> list[Reproduction]:
    """A line for every cell, by data set, method and seed; `out` is the name of the folder of results."""
    lines = []
    for cell in sorted(cells, key=lambda c: (c.dataset, c.method, c.seed)):
        psnr = cell.psnr
        lines.append(
            Reproduction(
                anchor(cell.method, cell.dataset, cell.seed),
                cell.method,
                cell.dataset,
                cell.seed,
                len(cell.scores),
                f"{psnr:.4f}" if math.isfinite(psnr) else "inf",
                f"{cell.ssim:.5f}",
                str(cell.key.get("weights", "")),
                str(cell.key.get("data", "")),
                str(cell.key.get("protocol", "")),
                code_word(cell.key.get("code", "")),
                letters.get(id(cell), ""),
                command(cell, out),
                len(cell.failures),
            )
        )
    return lines


def command(cell: Cell, out: str = "runs") -> str:
    """The command that computes `cell` again, to be pasted into a POSIX shell beside the folder of results called `out`.

    A network and a folder of somebody's own are given as the result file remembers them. What it does not know is
    written in capitals: PATH/TO of a folder, PACKAGE.MODULE:FACTORY of a network.
    """

    key, set_id = cell.key, without_protocol(cell.dataset)
    scored_as = cell.dataset != set_id
    protocol = str(key.get("protocol", "")).partition("@")[0]
    known = set_id in dataset_ids()
    dataset = set_id.removeprefix("mini-") if known and cell.scale == Scale.MINI else set_id
    folder = cell.origin.get("folder")
    elsewhere = f"{set_id}={_beside(out, str(folder))}" if folder else f"PATH/TO/{set_id}"
    where = ["--dataset", dataset if known else elsewhere]
    where += ["--protocol", protocol] if scored_as or not known else []
    where += ["--task", str(cell.origin["task"])] if not known and cell.origin.get("task") else []
    scale = key.get("scale") or (cell.scale if cell.scale in tuple(Scale) else "")
    where += ["--scale", str(scale)] if scale else []
    if _restored_elsewhere(cell):
        return shlex.join(["slkd-bench", "score", f"PATH/TO/{cell.method}", "--name", cell.method, *where])
    words = ["slkd-bench", "run", "--method", _spoken(cell, out), *where]
    if cell.seed:
        words += ["--seed", str(cell.seed)]
    if key.get("limit"):
        words += ["--limit", str(key["limit"])]
    if key.get("device") not in (None, "cpu"):
        words += ["--device", str(key["device"])]
    bound = dict(key.get("divided", {})).get("within_gib", key.get("tiled_within_gib"))
    if bound:
        words += ["--memory", f"{bound:g}"]
    return shlex.join(words)


def _restored_elsewhere(cell: Cell) -> bool:
    """Whether images made elsewhere were scored: then there is a hash of them, and neither network nor factory."""
    key = cell.key
    return not key.get("network") and bool(key.get("weights")) and not _own_code(cell)


def _own_code(cell: Cell) -> bool:
    """Whether code of somebody's own made the images."""
    code = cell.key.get("code", "")
    return "own" in code if isinstance(code, dict) else "+" in str(code)


def code_word(code: object) -> str:
    """One short hash for the code of a cell, whatever its parts."""
    if not isinstance(code, dict):
        return str(code)
    return hashlib.sha256(json.dumps(code, sort_keys=True).encode()).hexdigest()[:16]


def _beside(out: str, said: str) -> str:
    """A path that a result file below the folder `out` remembers, as seen from beside that folder."""
    return posixpath.normpath(posixpath.join(out, said))


def _spoken(cell: Cell, out: str) -> str:
    """The method as `run --method` takes it: a factory of somebody's own is no plug-in unless it is installed as one."""

    said = dict(cell.origin.get("method", {}))
    kind, _, target = str(said.pop("loader", "")).partition(":")
    if target:
        target = target if kind == "python" else _beside(out, target)
        said |= {"weights": _beside(out, str(said["weights"]))} if "weights" in said else {}
        behind = ",".join(f"{name}={value}" for name, value in said.items())
        return f"{cell.method}={target}" + (f"@{behind}" if behind else "")
    own = _own_code(cell) and cell.method not in outside.plug_ins()
    return f"{cell.method}=PACKAGE.MODULE:FACTORY" if own else cell.method


def device_cards(scale: Scale) -> list[DeviceCard]:
    """The recorded device cards with the times at `scale`."""

    return [
        DeviceCard(
            id,
            tuple((name, str(value)) for name, value in times.facts.items()),
            tuple(
                (
                    r.network,
                    r.task,
                    decimal(r.median_ms, 1),
                    decimal(r.p10_ms, 1),
                    decimal(r.p90_ms, 1),
                    "" if r.peak_mib is None else f"{r.peak_mib:.0f}",
                )
                for r in times.records
            ),
        )
        for id, times in read_latencies(scale).items()
    ]


@dataclass(frozen=True)
class ProtocolLine:
    """A protocol in words, with the data sets that are scored by it."""

    id: str
    title: str
    channel: str
    rounding: str
    peak: str
    ssim: str
    sets: str
    note: str
    used: bool


def protocol_lines(used: set[str]) -> list[ProtocolLine]:
    """Every registered protocol; `used` are the ids with versions that the shown cells were scored by."""

    sets: dict[str, list[str]] = {}
    for id in dataset_ids("test"):
        sets.setdefault(describe(id).protocol, []).append(id)
    lines = []
    for id in protocol_ids():
        protocol = get_protocol(id)
        name = f"{protocol.id}@{protocol.version}"
        lines.append(
            ProtocolLine(
                name,
                protocol.title,
                _CHANNELS[protocol.channel],
                _ROUNDINGS[protocol.rounding],
                f"{protocol.peak:g}",
                estimator(protocol),
                ", ".join(sets.get(id, [])) or protocol.used_by,
                protocol.note,
                name in used,
            )
        )
    return lines


_CHANNELS = {Channel.RGB: "R, G, B", Channel.Y: "Y, real", Channel.Y_ROUNDED: "Y, byte"}
_ROUNDINGS = {Rounding.NONE: "none", Rounding.UINT8: "to bytes"}


def estimator(protocol: Protocol) -> str:
    """The SSIM estimator in words: window, dimensions, border, data range, covariance, down-sampling."""
    ssim = protocol.ssim
    window = f"{ssim.size}×{ssim.size}" + (f"×{ssim.size}" if ssim.volumetric else "")
    facts = [
        f"{window} " + (f"Gaussian, σ {ssim.sigma:g}" if ssim.sigma is not None else "uniform"),
        {"valid": "inside only", "replicate": "edges repeated"}[ssim.border],
        f"L\u00a0=\u00a0{ssim.data_range:g}",
    ]
    if ssim.sample_covariance:
        facts.append("sample covariance")
    if ssim.downsampled:
        facts.append("down-sampled by round(min(H,\u00a0W)/256)")
    return "; ".join(facts)
