"""The built-in rows: networks as their files declare them, trained as the known papers compare. Importing this is light."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from baselines.distillation.spec import DistillerSpec
from baselines.networks.spec import NetworkSpec
from benchmark.core.errors import BadFile
from benchmark.core.types import Task
from benchmark.datasets.passport import tasks
from benchmark.methods.declared import is_own
from benchmark.methods.distillers import distillers
from benchmark.methods.method import Method
from benchmark.methods.networks import networks
from benchmark.papers.model import Ablation, DistillerRow, Paper
from benchmark.papers.read import every_paper, known_papers


def methods() -> tuple[Method, ...]:
    """All built-in methods, in the order of the papers' tables; the user's own networks last."""
    return tuple(registered().values())


def registered() -> dict[str, Method]:
    """The built-in methods, and those of the user's own networks, distillers and papers, by id.

    Raises BadMethod for a network or a distiller that is badly declared, BadFile for a paper's file that is not sound.
    """
    return _registered(known_papers(), tuple(networks().items()), tuple(distillers().values()))


def own_rows() -> dict[str, str]:
    """By the name of a student alone the row that it means: the student as its paper trains it."""
    found: dict[str, str] = {}
    for paper in every_paper():
        for family in paper.methods.family:
            if family.own:
                found.setdefault(family.student, f"{family.student}-{family.own}")
        for name, spec in networks().items():
            if spec.kind == "student" and paper.methods.own:
                found.setdefault(name, f"{name}-{paper.methods.own}")
    return found


def short_titles(paper: Paper) -> dict[str, str]:
    """What a table of `paper` calls a student whose network it names already, by method id."""
    called = {}
    for family in paper.methods.family:
        for name in family.distillers:
            row = _row(paper, name)
            called[f"{family.student}-{name}"] = row.short or row.title
    return {name: title for name, title in called.items() if title}


@cache
def _registered(
    papers: tuple[str, ...], known: tuple[tuple[str, NetworkSpec], ...], distilling: tuple[DistillerSpec, ...]
) -> dict[str, Method]:
    read = every_paper()
    found = {"identity": Method("identity", "Degraded input", "", tasks(), "control", "the degraded image itself")}
    for name, spec in known:
        if spec.kind == "teacher":
            found[name] = _plain(spec)
        elif spec.kind == "student":
            found |= {method.id: method for method in _students(spec, read)}
    for paper in read:
        for ablation in paper.methods.ablation:
            _add(found, _ablation(ablation, found, paper), paper)
    return found | {name: _plain(spec) for name, spec in known if spec.kind == "lightweight"}


def _plain(spec: NetworkSpec) -> Method:
    """A network trained by the recipe of its own paper."""
    return Method(spec.id, spec.title, spec.id, tuple(map(Task, spec.tasks)), spec.kind, spec.paper)


def _students(spec: NetworkSpec, papers: list[Paper]) -> Iterator[Method]:
    """The rows of a student: one for each distiller that a paper trains it by, or else that the first paper has, and one
    for each of the user's own."""
    families = [(paper, f) for paper in papers for f in paper.methods.family if f.student == spec.id]
    named: dict[str, Paper] = {}
    for paper, family in families:
        for name in family.distillers:
            named.setdefault(name, paper)
    named = named or dict.fromkeys(papers[0].methods.distillers, papers[0])
    own = {name: papers[0] for name, distiller in distillers().items() if is_own(distiller.file)}
    for name, paper in (named | {name: paper for name, paper in own.items() if name not in named}).items():
        row = _row(paper, name)
        title = f"{spec.title} ({row.title})" if row.title else spec.title
        trained = tuple(map(Task, spec.tasks))
        yield Method(f"{spec.id}-{name}", title, spec.id, trained, str(row.kind), str(row.source), name, spec.teacher)


def _row(paper: Paper, name: str) -> DistillerRow:
    """How `paper` calls the distiller `name`: as it is declared, where the paper says nothing else.

    Raises BadFile for a distiller that nobody declares.
    """
    spec = distillers().get(name)
    if spec is None:
        known = ", ".join(distillers())
        raise BadFile(
            f"distillers that are declared in {paper.folder / 'methods.toml'} ({known})",
            f"'{name}'",
            "Name one, or declare it: a file that ends with SPEC = DistillerSpec(...).",
        )
    said = next((row for row in paper.methods.distiller if row.id == name), DistillerRow(name))
    title = said.title if said.title is not None else spec.row or spec.title
    short = said.short if said.short is not None else spec.short
    return DistillerRow(name, said.kind or spec.kind, said.source or spec.citation, title, short)


def _ablation(row: Ablation, known: dict[str, Method], paper: Paper) -> Method:
    if row.of not in known:
        place = paper.folder / "methods.toml"
        raise BadFile(f"in {place}, key ablation of {row.id}: a row that is there", f"'{row.of}'", "Name one.")
    try:
        of_tasks = tuple(map(Task, row.tasks))
    except ValueError as problem:
        raise BadFile(
            f"in {paper.folder / 'methods.toml'}, tasks of {row.id}", str(problem), "Correct them."
        ) from problem
    return replace(
        known[row.of],
        id=row.id,
        title=row.title,
        tasks=of_tasks,
        kind="ablation",
        source=row.source,
        options=row.options,
    )


def _add(found: dict[str, Method], method: Method, paper: Paper) -> None:
    if found.setdefault(method.id, method) != method:
        raise BadFile(
            f"in {paper.folder / 'methods.toml'}, a row '{method.id}' as in the other papers",
            f"another one: {method.title} beside {found[method.id].title}",
            "Give it an id of its own.",
        )
