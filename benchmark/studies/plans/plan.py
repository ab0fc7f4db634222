"""The plan of a study as a TOML file: which rows are trained on what budget, with which seeds, and what counts as failed."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError, model_validator

from benchmark.core import paths
from benchmark.core.errors import BadData, SlkdBenchError, UnknownName
from benchmark.core.types import Scale, Task
from benchmark.datasets import dataset_ids
from benchmark.methods.catalogue import methods
from benchmark.methods.find import get_method
from benchmark.methods.method import Method
from benchmark.methods.variants import labelled
from benchmark.training.recipe import RecipeOverrides

Seed = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(gt=0)]
TaskName = Annotated[Task, PlainValidator(Task)]
Rate = Annotated[float, Field(gt=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Budget(_Strict):
    """What every student gets: optimisation steps, images a step, side of a patch in pixels."""

    iterations: Positive
    batch: Positive = 8
    patch: Annotated[int, Field(ge=16)] = 64


class Rates(_Strict):
    """The search for a row's learning rate: the same values and budget for every row, on validation, with a seed apart."""

    values: Annotated[tuple[Rate, ...], Field(min_length=1)]
    iterations: Positive
    seed: Seed = 100


class Health(_Strict):
    """What counts as failed, in dB of validation PSNR.

    A run is collapsed when it gains less than `collapsed` over its input, still learning when its last quarter gains
    `flat` or more. A teacher must gain `teacher_gain` over its input (0 or less: whatever it gains) before anybody learns
    from it, reach `on_clean` on clean images (0: told alone), and be better than each of its students on every test set
    by `teacher_margin` (0 or less: told alone). Imported weights must be `printed_within` of what their authors print.
    """

    collapsed: float = 0.1
    flat: float = 0.15
    teacher_gain: float = 0.5
    teacher_margin: float = 0.3
    on_clean: float = 0.0
    printed_within: float = 0.01


class Teachers(_Strict):
    """A teacher and its seeds; what its own recipe is to change stands in `recipe`."""

    method: str
    tasks: tuple[TaskName, ...] = ()
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1)] = (0,)
    recipe: dict[str, Any] = {}


class Imported(_Strict):
    """A teacher whose weights its authors give away: their `files`, and the PSNR that they print for it by test set."""

    method: str
    task: TaskName
    files: Annotated[tuple[str, ...], Field(min_length=1)]
    printed: dict[str, float] = {}


class Views(_Strict):
    """What is written when everything is scored: tables and verdicts of a `paper` (empty: the default one)."""

    paper: str = ""
    tables: tuple[str, ...] = ()
    verdict: bool = False


class Row(_Strict):
    """A row of the study: a method under a `name` of its own, on the plan's budget but for `recipe`.

    `same_seconds_as` names the row whose measured seconds a run of this one gets, in place of its number of steps.
    With `own_budget` batch, patch, rate and steps are those of its own recipe. `demonstration` rows are shown and never
    judged. The method "*" stands for every row that is no teacher, as it does for every teacher among the teachers.
    """

    method: str
    name: str = ""
    tasks: tuple[TaskName, ...] = ()
    seeds: tuple[Seed, ...] = ()
    recipe: dict[str, Any] = {}
    same_seconds_as: str = ""
    own_budget: bool = False
    demonstration: bool = False

    @property
    def label(self) -> str:
        """What the row is called in the plan."""
        return self.name or self.method

    def resolved(self) -> Method:
        """The method behind the row; a renamed row has an id, weights and results of its own."""
        method = get_method(self.method)
        return labelled(method, self.name) if self.name else method


class Plan(_Strict):
    """A study: `seeds` and `tasks` hold for rows that name none of their own.

    The training and test sets that `verify` names are looked at file by file before anything is trained.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    title: str
    scale: Scale = Scale.MINI
    question: str = ""
    claims: tuple[str, ...] = ()
    tasks: Annotated[tuple[TaskName, ...], Field(min_length=1)]
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1)]
    sets: tuple[str, ...] = ()
    reference: str = ""
    budget: Budget
    rates: Rates | None = None
    health: Health = Health()
    verify: tuple[str, ...] = ()
    imported: tuple[Imported, ...] = ()
    teachers: tuple[Teachers, ...] = ()
    views: Views = Views()
    rows: Annotated[tuple[Row, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        labels = [row.label for row in self.rows]
        twice = sorted({label for label in labels if labels.count(label) > 1})
        if twice:
            raise ValueError(f"rows of one name: {', '.join(twice)}; give one of them a name")
        for row in self.rows:
            if row.same_seconds_as and row.same_seconds_as not in labels:
                raise ValueError(f"{row.label} is to get the seconds of '{row.same_seconds_as}', which is no row")
        if self.reference and self.reference not in labels:
            raise ValueError(f"reference '{self.reference}' is no row")
        if self.imported and self.scale is not Scale.PAPER:
            raise ValueError("imported weights are of scale paper")
        return self

    def row(self, label: str) -> Row:
        """The row called `label`."""
        return next(row for row in self.rows if row.label == label)

    def tasks_of(self, row: Row | Teachers) -> tuple[Task, ...]:
        """The tasks on which a row or a teacher is trained."""
        own = get_method(row.method).tasks
        return tuple(task for task in (row.tasks or self.tasks) if task in own)

    def seeds_of(self, row: Row) -> tuple[int, ...]:
        """The training seeds of a row."""
        return row.seeds or self.seeds

    def teacher_seed(self, method: Method, task: Task, seed: int) -> int:
        """The seed of the teacher that a student of `seed` learns from: the teacher's seeds in turn."""
        for entry in self.teachers:
            if entry.method == method.teacher and task in self.tasks_of(entry):
                return entry.seeds[seed % len(entry.seeds)]
        return 0


def plans_here() -> dict[str, Path]:
    """The shipped plans by id."""
    return {path.stem: path for path in sorted((paths.results() / "studies").glob("*.toml"))}


def read_plan(name: str) -> Plan:
    """The plan in the file `name`, or the shipped one called so.

    Raises UnknownName for neither, BadData for a file that is no plan, with every key that is wrong.
    """
    path = Path(name)
    if path.suffix != ".toml":
        known = plans_here()
        if name not in known:
            raise UnknownName("study (or the path of a .toml file)", name, known)
        path = known[name]
    try:
        plan = Plan.model_validate(_expanded(tomllib.loads(path.read_text(encoding="utf-8"))))
    except ValidationError as error:
        told = "; ".join(f"{_place(entry['loc'])}: {entry['msg']}" for entry in error.errors())
        raise BadData("the plan of a study", f"{path}: {told}", "Correct these keys.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise BadData("the plan of a study as TOML", f"{path}: {error}", "Correct the file.") from error
    _check_names(plan, path)
    return plan


def _expanded(data: dict[str, Any]) -> dict[str, Any]:
    """The plan with an entry a method where one names "*"."""
    trained = [method for method in methods() if method.network]
    for key, of_teachers in (("teachers", True), ("rows", False)):
        names = [method.id for method in trained if (method.kind == "teacher") is of_teachers]
        entries = data.get(key)
        if isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries):
            data[key] = [
                entry | {"method": name}
                for entry in entries
                for name in (names if entry.get("method") == "*" else [entry.get("method")])
            ]
    return data


def _check_names(plan: Plan, path: Path) -> None:
    entries: list[Teachers | Row | Imported] = [*plan.teachers, *plan.rows, *plan.imported]
    for entry in entries:
        try:
            method = get_method(entry.method)
            RecipeOverrides(**({} if isinstance(entry, Imported) else entry.recipe))
        except SlkdBenchError as error:
            raise BadData(error.expected, f"{path}, method {entry.method}: {error.found}", error.remedy) from error
        except TypeError as error:
            raise BadData(
                "numbers of a recipe", f"{path}, method {entry.method}: {error}", "Correct `recipe`."
            ) from error
        if not method.network:
            raise BadData("methods that can be trained", f"{path}: {entry.method}", "Leave it out.")
    for name in (*plan.sets, *(name for entry in plan.imported for name in entry.printed)):
        if name not in dataset_ids("test"):
            raise UnknownName(f"test set in {path}", name, dataset_ids("test"))
    for name in plan.verify:
        if name not in dataset_ids():
            raise UnknownName(f"data set in {path}", name, dataset_ids())


def _place(where: tuple[int | str, ...]) -> str:
    return ".".join(f"[{part + 1}]" if isinstance(part, int) else part for part in where) or "the plan"
