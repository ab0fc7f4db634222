"""Figures 1, 3 and 4 of the paper as data: which sets are the rows, which methods the columns."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmark.methods.method import Method
from benchmark.views.tables.specs import TABLES


@dataclass(frozen=True)
class FigureSpec:
    """A qualitative comparison: `datasets` from top to bottom, `methods` from left to right where they are for its task.

    `titles` are the columns' where they differ from the method's own.
    """

    id: str
    caption: str
    datasets: tuple[str, ...]
    methods: tuple[str, ...]
    titles: dict[str, str] = field(default_factory=dict, hash=False)

    def title(self, method: Method) -> str:
        """What stands above the column of `method`."""
        return self.titles.get(method.id, method.title)


_TASKS = ("rain1400", "gopro", "sidd")

FIGURES: dict[str, FigureSpec] = {
    "1": FigureSpec(
        "1",
        "Distillation methods on deraining, deblurring and denoising.",
        _TASKS,
        TABLES["II"].sections[0].rows,
        TABLES["II"].titles,
    ),
    "3": FigureSpec(
        "3", "Lightweight networks on deraining, deblurring and denoising.", _TASKS, TABLES["III"].sections[1].rows
    ),
    "4": FigureSpec(
        "4",
        "Ablation of the decoder's source and of the two feature losses.",
        ("rain1400",),
        TABLES["IV"].sections[0].rows,
        dict(
            zip(
                TABLES["IV"].sections[0].rows,
                (
                    "(a) degraded\nsource",
                    "(b) clean\nsource",
                    "(c) clean\n+ $L_{NC}$",
                    "(d) clean\n+ $L_{ET}$",
                    "(e) clean +\n$L_{NC}$ + $L_{ET}$",
                ),
                strict=True,
            )
        ),
    ),
}
