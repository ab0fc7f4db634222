"""What a publication claims in words, as data: orderings and ratios of methods, over data sets and metrics."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmark.claims.claim import QUALITY, Claim
from benchmark.core.errors import BadResult
from benchmark.core.mathematics import plain
from benchmark.datasets.passport import passports
from benchmark.methods.catalogue import methods
from benchmark.methods.find import get_method

TEXT = "text"  # the table that statements stand in
_METRICS = {"psnr": "PSNR", "ssim": "SSIM", "gmacs": "FLOPs", "parameters": "Param.", "latency": "Infer time"}


def read_statements(paper: str, path: Path, numbers: Sequence[Claim]) -> Iterator[Claim]:
    """One claim for each pair, data set and metric of the file.

    `numbers` are the publication's printed values: a set is really the one that its column really is. Raises BadResult
    naming the file, entry and field.
    """

    known = {m.id for m in methods()}
    real = {c.dataset: c.true_dataset for c in numbers if c.dataset}
    for entry in _entries(path):
        for pair in entry["pairs"]:
            for name in (*pair["better"], *pair["than"]):
                if name not in known:
                    raise _bad(path, entry["id"], "pairs", "an id of `slkd-bench list methods`", f"'{name}'")
        for better, than, dataset, metric in _expanded(entry):
            if dataset and dataset not in passports():
                raise _bad(path, entry["id"], "datasets", "an id of `slkd-bench list datasets`", f"'{dataset}'")
            title = passports()[dataset].title if dataset else ""
            ratio = entry["kind"] == "ratio"
            sign = "below" if ratio else "over"
            yield Claim(
                ".".join(part for part in (TEXT, entry["id"], better, than, dataset, metric) if part),
                paper,
                TEXT,
                f"{plain(get_method(better).title)} {sign} {plain(get_method(than).title)}",
                " ".join(part for part in (title, _METRICS[metric]) if part),
                metric,
                float(entry["percent"]) if ratio else 0.0,
                entry["says"],
                "",
                better,
                dataset,
                real.get(dataset, dataset),
                None,
                "measured by the authors",
                None,
                entry["where"],
                entry["kind"],
                than,
                statement=entry["id"],
            )


def _entries(path: Path) -> list[dict[str, Any]]:
    try:
        entries: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["statements"]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise BadResult(
            f"{path} with statements", f"{type(problem).__name__}: {problem}", "Mend the file."
        ) from problem
    for entry in entries:
        name = str(entry.get("id", "an entry without id"))
        for field in ("id", "kind", "where", "says", "metrics", "pairs"):
            if not entry.get(field):
                raise _bad(path, name, field, "a value", "none")
        if entry["kind"] not in ("ordering", "ratio"):
            raise _bad(path, name, "kind", "ordering or ratio", f"'{entry['kind']}'")
        if entry["kind"] == "ratio" and not 0 < float(entry.get("percent", 0)) < 100:
            raise _bad(path, name, "percent", "a number between 0 and 100", str(entry.get("percent")))
        for metric in entry["metrics"]:
            if metric not in _METRICS:
                raise _bad(path, name, "metrics", f"some of {', '.join(_METRICS)}", f"'{metric}'")
        if set(entry["metrics"]) & set(QUALITY) and not all(
            p.get("datasets") or entry.get("datasets") for p in entry["pairs"]
        ):
            raise _bad(path, name, "datasets", "the sets on which it is claimed", "none")
    return entries


def _expanded(entry: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    for pair in entry["pairs"]:
        for better in pair["better"]:
            for than in pair["than"]:
                sets = pair.get("datasets") or entry.get("datasets") or []
                quality = [m for m in entry["metrics"] if m in QUALITY]
                for dataset, metric in [(d, m) for d in sets for m in quality]:
                    yield better, than, dataset, metric
                for metric in entry["metrics"]:
                    if metric not in QUALITY:
                        yield better, than, "", metric


def _bad(path: Path, entry: str, field: str, expected: str, found: str) -> BadResult:
    return BadResult(
        f"in {path}, statement {entry}, field {field}: {expected}",
        found,
        "Mend the entry; `slkd-bench claims validate`.",
    )
