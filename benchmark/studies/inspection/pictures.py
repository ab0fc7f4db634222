"""The pictures of `slkd-bench inspect`: features and extracted maps of teacher and student, level by level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from baselines.diagnostics import feature_maps
from benchmark.studies.inspection.measure import teacher_b
from benchmark.studies.inspection.probing import probed
from benchmark.views.figures.style import SMALL, TEXT, TWO_COLUMNS

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from baselines.distillation.probe import Probe, Sheet
    from baselines.objective import Objective

Maps = Mapping[str, "Tensor"]
LEFT, GAP, APART, HEAD, LINE = 0.72, 0.03, 0.1, 0.3, 0.16  # inches: row names, panels, pairs, column names, ranges


@dataclass(frozen=True)
class PairOfMaps:
    """The same map of teacher and student, (h, w) each, on one colour scale."""

    teacher: NDArray[np.float64]
    student: NDArray[np.float64]

    @property
    def limits(self) -> tuple[float, float]:
        """The 1st and 99th percentile of both together: what the colours span."""
        import numpy as np

        both = np.concatenate([self.teacher.ravel(), self.student.ravel()])
        both = both[np.isfinite(both)]
        return (float(np.percentile(both, 1)), float(np.percentile(both, 99))) if both.size else (0.0, 1.0)


def mean_map(values: Tensor) -> NDArray[np.float64]:
    """The mean over channels of one image's map (1, C, h, w)."""
    found: NDArray[np.float64] = values[0].double().mean(0).cpu().numpy()
    return found


def strongest(values: Tensor) -> NDArray[np.float64]:
    """The channel with the largest variance of one image's map (1, C, h, w)."""
    channels = values[0].double().cpu()
    found: NDArray[np.float64] = channels[channels.flatten(1).var(1).argmax()].numpy()
    return found


@dataclass(frozen=True)
class Views:
    """What teacher and student make of one image: features by level, and what `probe` extracts by level and name.

    The teacher's decoder saw `source`, "clean" or "degraded".
    """

    features: dict[str, tuple[Tensor, Tensor]]
    extracted: dict[str, tuple[Maps, Maps]]
    source: str
    probe: Probe


def look(
    objective: Objective, student: nn.Module, degraded: Tensor, clean: Tensor, probe: Probe | None = None
) -> Views:
    """Runs teacher and student on one image (1, 3, H, W); a second teacher sees the image that its objective gives it.

    Without a `probe` it is the one of `probed()`.
    """
    probe = probe or probed().load_probe()
    source = getattr(objective, "decoder_source", "degraded")
    teacher = cast("nn.Module", objective.teacher)  # a method without one is refused before
    seen = clean if source == "clean" else degraded
    student.eval()
    by_half = {"encoder": (teacher, degraded), "decoder": (teacher_b(objective), seen)}
    ours, ours_extracted = feature_maps(student, degraded), probe.extracted(student, degraded)
    features: dict[str, tuple[Tensor, Tensor]] = {}
    extracted: dict[str, tuple[Maps, Maps]] = {}
    for half, (network, image) in by_half.items():
        theirs, theirs_extracted = feature_maps(network, image), probe.extracted(network, image)
        features |= {name: (theirs[name], ours[name]) for name in theirs if name.startswith(half) and name in ours}
        extracted |= {
            name: (theirs_extracted[name], ours_extracted[name])
            for name in theirs_extracted
            if name.startswith(half) and name in ours_extracted
        }
    return Views(features, extracted, source, probe)


def feature_figure(views: Views, caption: str) -> Figure:
    """Features and the map beside them of every level: teacher and student side by side."""
    beside, rows = views.probe.beside, {}
    for level, both in views.features.items():
        sizes = [mean_map(views.probe.normalised(x).abs()) for x in both]
        rows[level] = [PairOfMaps(*sizes), PairOfMaps(*(strongest(maps[beside]) for maps in views.extracted[level]))]
    titles = ["mean |feature| over channels, RMS 1", f"{beside} of the channel of largest variance"]
    return draw(rows, titles, caption)


def sheet_figures(views: Views, sheet: Sheet, caption: str) -> dict[str, Figure]:
    """The pictures of a sheet by the name of their file: one a level, or one of all levels. Channels are averaged."""
    levels = {name: both for name, both in views.extracted.items() if name.startswith(sheet.half)}
    if not sheet.of_every_level:
        rows = {name: _pairs(views, both, sheet.rows[""]) for name, both in levels.items()}
        return {sheet.stem: draw(rows, sheet.columns, f"{sheet.caption}. {caption}")}
    return {
        f"{sheet.stem}-{name.replace(' ', '-')}": draw(
            {row: _pairs(views, both, names) for row, names in sheet.rows.items()},
            sheet.columns,
            f"{sheet.caption}, {name}. {caption}",
        )
        for name, both in levels.items()
    }


def _pairs(views: Views, both: tuple[Maps, Maps], names: Sequence[str]) -> list[PairOfMaps | None]:
    """The maps called so of teacher and student: of the one beside the features the strongest channel, else the mean."""
    theirs, ours = both
    shown = {name: strongest if name == views.probe.beside else mean_map for name in names}
    return [PairOfMaps(shown[name](theirs[name]), shown[name](ours[name])) if name else None for name in names]


def gradient_figure(norms: Mapping[int, Mapping[str, float]], weights: Mapping[str, float], caption: str) -> Figure:
    """The weighted gradient norm of every term along training, on a logarithmic axis."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(TWO_COLUMNS / 2, 2.4))
    axes = figure.add_axes((0.16, 0.27, 0.81, 0.69))
    colours = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#332288")
    for turn, name in enumerate(dict.fromkeys(name for found in norms.values() for name in found)):
        steps = [step for step in sorted(norms) if name in norms[step]]
        values = [weights.get(name, 1.0) * norms[step][name] for step in steps]
        axes.plot(
            [s / 1000 for s in steps],
            values,
            "o-^-s-D-v-*-"[2 * turn : 2 * turn + 2] or "o-",
            markersize=3,
            color=colours[turn % len(colours)],
            linewidth=1.0,
            label=name,
            gid=name,
        )
    axes.set_yscale("log")
    axes.set_xlabel("iterations (thousands)")
    axes.set_ylabel("weighted gradient norm")
    axes.legend(frameon=False, ncols=2)
    figure.text(0.02, 0.03, caption, fontsize=SMALL)
    return figure


def draw(rows: Mapping[str, Sequence[PairOfMaps | None]], titles: Sequence[str], caption: str) -> Figure:
    """Pairs of maps in rows of named levels and columns of named quantities; under each pair what its colours span."""
    import textwrap

    from matplotlib.figure import Figure

    pairs = len(titles)
    side = (TWO_COLUMNS - LEFT - pairs * (GAP + APART)) / (2 * pairs)
    shapes = [next(p for p in row if p is not None).teacher.shape for row in rows.values()]
    heights = [side * shape[0] / shape[1] for shape in shapes]
    lines = textwrap.wrap(caption, 150)
    foot, head = 0.08 + 0.115 * len(lines), HEAD + 0.14
    tall = head + sum(height + LINE + 0.05 for height in heights) + foot
    figure = Figure(figsize=(TWO_COLUMNS, tall))

    def write(x: float, y: float, text: str, size: float = SMALL, **options: str) -> None:
        figure.text(x / TWO_COLUMNS, y / tall, text, fontsize=size, linespacing=1.05, **options)  # type: ignore[arg-type]

    for number, title in enumerate(titles):
        x = LEFT + number * (2 * side + GAP + APART)
        write(x + side + GAP / 2, tall - HEAD + 0.02, title, TEXT, ha="center", weight="bold")
        write(x + side / 2, tall - head + 0.03, "teacher", ha="center")
        write(x + 1.5 * side + GAP, tall - head + 0.03, "student", ha="center")
    top = tall - head
    for (name, row), height in zip(rows.items(), heights, strict=True):
        write(LEFT - 0.06, top - height / 2, name, TEXT, ha="right", va="center")
        for number, pair in enumerate(row):
            if pair is None:
                continue
            x, (low, high) = LEFT + number * (2 * side + GAP + APART), pair.limits
            for place, (who, values) in enumerate((("teacher", pair.teacher), ("student", pair.student))):
                at = (x + place * (side + GAP)) / TWO_COLUMNS, (top - height) / tall
                axes = figure.add_axes(
                    (*at, side / TWO_COLUMNS, height / tall), label=f"{name}: {titles[number]}: {who}"
                )
                axes.imshow(values, cmap="viridis", vmin=low, vmax=high, interpolation="none", aspect="auto")
                axes.set_axis_off()
            write(x + side + GAP / 2, top - height - 0.11, f"{low:.3g} to {high:.3g}", ha="center")
        top -= height + LINE + 0.05
    write(0.04, foot - 0.06, "\n".join(lines), va="top", gid="caption")
    return figure
