"""What a publication claims in words, as data: orderings, ratios and speed-ups of methods, over data sets and metrics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from benchmark.claims.claim import QUALITY, Claim, Metric
from benchmark.claims.schema import Alternative, Pair, Statement, StatementsFile
from benchmark.core.errors import BadResult, SlkdBenchError
from benchmark.core.mathematics import plain
from benchmark.core.models import read_json
from benchmark.datasets.passport import passports
from benchmark.methods.catalogue import methods
from benchmark.methods.find import get_method

TEXT = "text"  # the table that statements stand in
REMEDY = "Mend the entry; `slkd-bench claims validate`."
_METRICS = {"psnr": "PSNR", "ssim": "SSIM", "gmacs": "FLOPs", "parameters": "Param.", "latency": "Infer time"}
_SIGNS = {"ordering": "over", "ratio": "below", "speed-up": "over"}


def read_statements(paper: str, path: Path, numbers: Sequence[Claim]) -> Iterator[Claim]:
    """One claim for each reading, pair and data set of the file; each metric of a cost is a claim of its own.

    PSNR and SSIM of the same images are one claim. `numbers` are the publication's printed values: a set is really the
    one that its column really is. Raises BadResult naming the file, entry and field.
    """
    real = {c.dataset: c.true_dataset for c in numbers if c.dataset}
    for statement in read_json(path, StatementsFile, REMEDY).statements:
        _check(path, statement)
        for rank, reading in enumerate(statement.readings or (Alternative(" "),)):
            for claim in _claims(paper, statement, reading):
                claim = replace(claim, true_dataset=real.get(claim.dataset, claim.dataset), rank=rank)
                if claim.kind == "speed-up":
                    claim = _with_factor(path, claim, numbers)
                changed = not rank or claim.method in reading.methods.values() or claim.than in reading.methods.values()
                if changed:
                    yield claim


def _claims(paper: str, statement: Statement, reading: Alternative) -> Iterator[Claim]:
    for pair in statement.pairs:
        for better in pair.better:
            for than in pair.than:
                methods = reading.methods.get(better, better), reading.methods.get(than, than)
                for dataset, metric, also in _measured(statement, pair):
                    yield _claim(paper, statement, reading, methods, (dataset, metric, also))


def _measured(statement: Statement, pair: Pair) -> Iterator[tuple[str, Metric, tuple[Metric, ...]]]:
    """Set, metric and what is also measured on the same images, for each claim of a pair."""
    quality = [metric for metric in statement.metrics if metric in QUALITY]
    if quality:
        for dataset in pair.datasets or statement.datasets:
            yield dataset, quality[0], tuple(quality[1:])
    for metric in statement.metrics:
        if metric not in QUALITY:
            yield "", metric, ()


def _claim(
    paper: str,
    statement: Statement,
    reading: Alternative,
    methods: tuple[str, str],
    measured: tuple[str, Metric, tuple[Metric, ...]],
) -> Claim:
    (better, than), (dataset, metric, also), name = methods, measured, reading.name.strip()
    parts = (TEXT, statement.id, better, than, dataset, "" if dataset else metric)
    titles = [plain(get_method(one).title) for one in methods]
    return Claim(
        id=".".join(part for part in parts if part),
        paper=paper,
        table=TEXT,
        row=f"{titles[0]} {_SIGNS[statement.kind]} {titles[1]}",
        column=passports()[dataset].title if dataset else _METRICS[metric],
        metric=metric,
        value=statement.percent if statement.kind == "ratio" else 0.0,
        text=statement.says + (f" ({name})" if name else ""),
        mark="",
        method=better,
        dataset=dataset,
        true_dataset=dataset,
        protocol=None,
        provenance="measured by the authors",
        original=None,
        note=statement.where,
        kind=statement.kind,
        than=than,
        statement=statement.id,
        also=also,
        family=statement.table,
        reading=name,
        by_size=statement.depends_on == "size",
    )


def _with_factor(path: Path, claim: Claim, numbers: Sequence[Claim]) -> Claim:
    """A speed-up with its factor, which the publication's own seconds give."""
    seconds = {c.method: c.value for c in numbers if c.metric == claim.metric and c.table == claim.family}
    own, other = seconds.get(claim.method), seconds.get(claim.than)
    if not own or not other:
        expected = f"times of {claim.method} and {claim.than} in Table {claim.family}"
        raise bad(path, claim.statement, "pairs", expected, "none of one of them")
    return replace(claim, value=round(other / own, 2))


def _check(path: Path, statement: Statement) -> None:
    """What must hold beyond the form of one entry: ids that exist, sets where quality is claimed, a percentage."""
    _check_methods(path, statement)
    for dataset in (*statement.datasets, *(name for pair in statement.pairs for name in pair.datasets)):
        if dataset not in passports():
            raise bad(path, statement.id, "datasets", "an id of `slkd-bench list datasets`", f"'{dataset}'")
    if set(statement.metrics) & set(QUALITY) and not all(p.datasets or statement.datasets for p in statement.pairs):
        raise bad(path, statement.id, "datasets", "the sets on which it is claimed", "none")
    if statement.kind == "ratio" and statement.percent is None:
        raise bad(path, statement.id, "percent", "a number between 0 and 100", "none")
    if statement.kind == "speed-up" and statement.metrics != ("latency",):
        raise bad(path, statement.id, "metrics", "latency alone for a speed-up", ", ".join(statement.metrics))


def _check_methods(path: Path, statement: Statement) -> None:
    known = {method.id for method in methods()}
    named = [name for pair in statement.pairs for name in (*pair.better, *pair.than)]
    for name in named:
        if name not in known:
            raise bad(path, statement.id, "pairs", "an id of `slkd-bench list methods`", f"'{name}'")
    for name, stand_in in (item for reading in statement.readings for item in reading.methods.items()):
        if name not in named or not (stand_in in known or _is_variant(stand_in, known)):
            expected = "a method of its pairs and an id of `slkd-bench list methods`, or a variant of one"
            raise bad(path, statement.id, "readings", expected, f"'{name}': '{stand_in}'")


def _is_variant(name: str, known: set[str]) -> bool:
    """Whether a name is a row with other options, written as its result files are named."""
    try:
        return name.partition("@")[0] in known and get_method(name).id == name
    except SlkdBenchError:
        return False


def bad(path: Path, entry: str, field: str, expected: str, found: str) -> BadResult:
    """The error of a statement that is wrong."""
    return BadResult(f"in {path}, statement {entry}, field {field}: {expected}", found, REMEDY)
