"""One training to do, as data that can be handed to another process, and which ones a command asks for.

Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmark.core import paths
from benchmark.core.errors import TrainingStopped
from benchmark.core.types import Scale, Task
from benchmark.datasets.passport import known_task
from benchmark.methods.catalogue import methods
from benchmark.methods.distillers import with_readings
from benchmark.methods.find import get_method
from benchmark.methods.method import Method
from benchmark.methods.variants import varied
from benchmark.methods.weights import store
from benchmark.training.data.source import DataSource
from benchmark.training.recipe import Recipe, RecipeOverrides
from benchmark.training.recipes import recipe_for

RUNS = Path("training")  # checkpoints and logs of unfinished and finished runs, below the working directory


@dataclass(frozen=True)
class Outputs:
    """Where a training writes: `weights` and their cards (None: the user's own), `runs` for checkpoints and logs."""

    weights: Path | None = field(
        default=None,
        metadata={"help": "Where weights and cards go; otherwise your own weights folder.", "flags": ("--out",)},
    )
    runs: Path = field(default=RUNS, metadata={"help": "Where checkpoints and logs go."})
    fresh: bool = field(
        default=False,
        metadata={
            "help": "Forget checkpoints and finished weights, or go on from them.",
            "flags": ("--fresh/--resume",),
        },
    )
    force: bool = field(
        default=False,
        metadata={"help": "Learn even from a teacher that hardly improves its input.", "flags": ("--force",)},
    )

    @property
    def folder(self) -> Path:
        """The folder of the weights."""
        return self.weights or paths.user_weights()


@dataclass(frozen=True)
class TrainJob:
    """One training: methods that learn side by side from one recipe (its seed too) and one source of data.

    `teacher_seed` says which training of a teacher they learn from. `own_recipes`, one a method where they differ, share
    with `recipe` all that decides the batches.
    Raises TrainingStopped for own recipes that do not.
    """

    methods: tuple[Method, ...]
    task: Task
    scale: Scale
    recipe: Recipe
    data: DataSource = DataSource()
    outputs: Outputs = Outputs()
    teacher_seed: int = 0
    own_recipes: tuple[Recipe, ...] = ()

    def __post_init__(self) -> None:
        shared = self.recipe.of_batches()
        own = [recipe.of_batches() for recipe in self.own_recipes]
        if own and (len(own) != len(self.methods) or any(recipe != shared for recipe in own)):
            raise TrainingStopped(
                "one recipe a method, all with the same batches",
                f"{len(own)} recipes for {len(self.methods)} methods",
                "Train what differs in more than rate and optimiser on its own.",
            )

    def recipe_of(self, method: Method) -> Recipe:
        """The recipe of `method`, one of the job's."""
        return self.own_recipes[self.methods.index(method)] if self.own_recipes else self.recipe

    def only(self, methods: Sequence[Method]) -> TrainJob:
        """The same training of some of its methods."""
        own = tuple(self.recipe_of(method) for method in methods) if self.own_recipes else ()
        return replace(self, methods=tuple(methods), own_recipes=own)

    @property
    def seed(self) -> int:
        """The recipe's seed."""
        return self.recipe.seed

    @property
    def title(self) -> str:
        """What a person sees while it runs."""
        return self.title_of(self.methods[0], len(self.methods) - 1)

    def title_of(self, method: Method, beside: int = 0) -> str:
        """The same of one of its methods, and of how many it trains beside."""
        what = f"{method.id} and {beside} more," if beside else method.id
        return f"{what} {self.task} {self.scale} seed {self.seed}"

    def weights_path(self, method: Method) -> Path:
        """Where the weights of `method`, one of the job's, are written."""
        return self.outputs.folder / store.relative_path(method.id, self.task, self.scale, self.seed)

    def run_folder(self, method: Method) -> Path:
        """Where the checkpoint and the log of `method` lie."""
        return self.outputs.runs / str(self.scale) / str(self.task) / f"{method.id}-seed{self.seed}"


@dataclass(frozen=True)
class Selection:
    """Which methods a command asks for, on which tasks, with which seeds.

    With `together` the students of one teacher train side by side in one process; None: at scale mini.
    """

    method: tuple[str, ...] = field(
        default=(), metadata={"help": "Methods to train; see `list methods`.", "argument": True}
    )
    everything: bool = field(
        default=False,
        metadata={
            "help": "Every method on each of its tasks, teachers first: the trainings of the study `zoo`.",
            "flags": ("--all",),
        },
    )
    task: tuple[Task, ...] = field(
        default=(),
        metadata={
            "help": "Only these tasks; otherwise all of each method.",
            "flags": ("--task", "-t"),
            "parser": known_task,
        },
    )
    scale: Scale = field(
        default=Scale.MINI,
        metadata={"help": "mini: small networks. paper: full-size networks.", "envvar": "SLKD_BENCH_SCALE"},
    )
    seed: tuple[int, ...] = field(default=(0,), metadata={"help": "Training seeds; may be repeated."})
    reading: str | None = field(
        default=None,
        metadata={"help": "Reading of a paper's losses, where its distiller has some; see `list readings`."},
    )
    together: bool | None = field(
        default=None,
        metadata={
            "help": "Train the students of one teacher side by side, on batches and teacher features made once. The "
            "weights are the same. Default: together at scale mini.",
            "flags": ("--together/--one-by-one",),
        },
    )

    def rows(self) -> list[tuple[Method, Task]]:
        """The methods and their tasks, teachers first; in another `reading` where one is given.

        With `everything` the rows of distillers without readings stay as they are.

        Raises UnknownName, BadMethod for a reading of a method without one, TrainingStopped for none.
        """
        wanted = [m for m in methods() if m.network] if self.everything else [get_method(name) for name in self.method]
        if self.reading is not None:
            change = f"reading={self.reading}"
            known = {spec.id for spec in with_readings()}
            wanted = [varied(m, change) for m in wanted if m.distiller in known or not self.everything]
        rows = [(m, t) for m in wanted for t in (self.task or m.tasks) if t in m.tasks or not self.everything]
        if not rows:
            raise TrainingStopped(
                "methods to train", "none", "Name some, or give --all. See `slkd-bench list methods`."
            )
        return sorted(rows, key=lambda row: row[0].kind != "teacher")


def make_jobs(
    selection: Selection,
    overrides: RecipeOverrides = RecipeOverrides(),
    data: DataSource = DataSource(),
    outputs: Outputs = Outputs(),
) -> list[TrainJob]:
    """The trainings that a selection asks for. Raises as `Selection.rows`."""
    return jobs_of(selection.rows(), selection, overrides, data, outputs)


def jobs_of(
    rows: Sequence[tuple[Method, Task]],
    selection: Selection,
    overrides: RecipeOverrides = RecipeOverrides(),
    data: DataSource = DataSource(),
    outputs: Outputs = Outputs(),
) -> list[TrainJob]:
    """The trainings of `rows` with the selection's scale and seeds: a job a method, or one for all students of a teacher.

    Args:
        rows: methods and the tasks that they are trained for.
        selection: gives scale, seeds and whether students train side by side; its methods and tasks are not looked at.
        overrides: what a person changes in the recipes.
        data: where the pairs come from.
        outputs: where everything is written.
    """
    together = selection.scale is Scale.MINI if selection.together is None else selection.together
    groups: dict[tuple[str, Task, int], list[Method]] = {}
    for method, task in rows:
        for seed in selection.seed:
            key = f"students of {method.teacher}" if together and method.teacher else method.id
            groups.setdefault((key, task, seed), []).append(method)
    jobs = []
    for (_, task, seed), group in groups.items():
        recipe = replace(overrides.apply(recipe_for(group[0], selection.scale, task)), seed=seed)
        jobs.append(TrainJob(tuple(group), task, selection.scale, recipe, data, outputs))
    return jobs
