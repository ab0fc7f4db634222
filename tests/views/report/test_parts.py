from __future__ import annotations

import math
import re
import shlex
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmark.claims.ledger import read_ledger
from benchmark.claims.verdict import Status, Verdict
from benchmark.core.mathematics import html, plain
from benchmark.core.types import Scale
from benchmark.methods.find import get_method
from benchmark.papers.read import get_paper
from benchmark.runs.cells import Cell, ImageScore, read_cell, write_cell
from benchmark.views.figures.pareto import Point
from benchmark.views.report.comparison import anchor, per_image
from benchmark.views.report.drawing import RUG_LIMIT, span, strip
from benchmark.views.report.pareto import _drawn, figures
from benchmark.views.report.pictures import make_album
from benchmark.views.report.provenance import command, environments, estimator, reproductions
from benchmark.views.report.verdict_lines import grouped, line, sentence
from benchmark.views.tables.grid import Results, read_results
from tests.views.report.conftest import SETS, fabricate


def test_a_strip_has_a_tick_an_image_at_its_place() -> None:
    drawn = strip([0.0, 5.0, 10.0], 0.0, 10.0)
    assert re.findall(r"M([\d.]+) 5v6", drawn) == ["2.0", "52.0", "102.0"]
    assert 'class="median" d="M52.0' in drawn
    assert "3 images, 0.00 to 10.00 dB, median 5.00" in drawn


def test_many_images_become_box_and_whiskers_and_exact_ones_are_counted() -> None:
    drawn = strip([float(i) for i in range(RUG_LIMIT + 1)], 0, RUG_LIMIT)
    assert "v6" not in drawn
    assert 'class="box"' in drawn
    assert "1 restored exactly" in strip([30.0, math.inf], 20, 40)
    assert strip([math.inf], 0, 1) == "" == strip([], 0, 1)
    assert strip([3.0], 0, 6).count("v6") == 1


def test_span() -> None:
    assert span([3.0, 1.0, math.inf]) == (1.0, 3.0)
    assert span([2.0]) == (1.5, 2.5)
    assert span([]) == (0.0, 1.0)


def panel(found: list[Point], prefix: str = "p-") -> str:
    methods = {p.method: get_method(p.method) for p in found}
    return str(_drawn(found, methods, (prefix, "gmacs", "A set: PSNR against <cost>"), get_paper().figures))


POINTS = [
    Point("restormer", "restormer", 20.0, 33.0),
    Point("uformer", "uformer", 7.0, 31.0),
    Point("res-sl-slkd", "res-sl", 3.0, 31.5),
    Point("res-sl-at", "res-sl", 3.0, 31.0),
    Point("prenet", "prenet", 9.0, 31.5),
]


def test_a_panel_of_the_page_is_the_figures_own_with_points_that_tell_themselves() -> None:
    drawn = panel(POINTS)
    assert "var(--hair, #eeeeee)" in drawn  # a grid as faint on a dark page
    assert "#eeeeee" not in drawn.lower().replace("var(--hair, #eeeeee)", "")
    root = ElementTree.fromstring(drawn)
    marks = [e for e in root.iter() if e.attrib.get("class") == "point"]
    marks.sort(key=lambda e: int(e.attrib["data-place"]))  # the arrow keys' order; drawn are those of the front last
    assert [e.attrib["aria-label"] for e in marks] == [
        "Res-SL: 31.50 dB at 3 GMACs",
        "Res-SL (AT): 31.00 dB at 3 GMACs",
        "Uformer: 31.00 dB at 7 GMACs",
        "PReNet: 31.50 dB at 9 GMACs",
        "Restormer: 33.00 dB at 20 GMACs",
    ]
    assert [e.attrib["tabindex"] for e in marks] == ["0", *["-1"] * 4]
    assert all(float(e.attrib["data-x"]) > 0 < float(e.attrib["data-y"]) for e in marks)
    shown = {e.text for e in root.iter() if e.tag.endswith("}text")}
    assert {"Res-SL", "Restormer"} <= shown  # the front carries names, and nothing else does
    assert not {"Uformer", "PReNet", "Res-SL (AT)"} & shown
    assert root.attrib["aria-label"] == "A set: PSNR against <cost>"
    assert "#000000" not in drawn  # black follows the page's colour
    assert "<style" not in drawn
    assert "<metadata" not in drawn


def test_panels_share_no_id_and_are_the_same_every_time() -> None:
    ids = [re.findall(r' id="([^"]+)"', panel(POINTS, prefix)) for prefix in ("p-", "q-")]
    assert len(ids[0]) == len(set(ids[0]))
    assert not set(ids[0]) & set(ids[1])
    for target in re.findall(r'(?:url\(|href=")#([^)"]+)', panel(POINTS)):
        assert target in ids[0]
    assert panel(POINTS) == panel(POINTS)


def test_no_recorded_cost_is_told_with_its_command(out: Path) -> None:
    results = read_results(out, Scale.MINI)
    results.latency.clear()
    latency = figures(results)[-1]
    assert not latency.panels
    assert latency.remedy == "slkd-bench profile --all --scale mini --device cpu --save"


def test_titles() -> None:
    assert plain("clean + $L_{NC}$") == "clean + L_NC"
    assert html("<b> $L_{ET}$") == "&lt;b&gt; <i>L</i><sub>ET</sub>"


def test_images_of_several_seeds_are_averaged(tmp_path: Path) -> None:
    cells = [fabricate(tmp_path, "prenet", SETS[0], psnr, 0.9, seed) for seed, psnr in enumerate((30.0, 32.0))]
    assert per_image(cells) == pytest.approx([31 + i - 3.5 for i in range(8)])


def cell(method: str, dataset: str, scale: str = "mini", seed: int = 0, **key: object) -> Cell:
    facts = {"network": method, "weights": "ab", "protocol": "rain13k-y@1", "code": "c", "device": "cpu", "limit": None}
    return Cell(method, dataset, scale, seed, {**facts, **key}, {}, (ImageScore("a", "a", 30.0, 0.9),))


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (cell("prenet", "mini-rain1400"), "run --method prenet --dataset rain1400 --scale mini"),
        (cell("prenet", "rain100l", "paper"), "run --method prenet --dataset rain100l --scale paper"),
        (cell("res-sl-slkd", "mini-gopro", seed=2), "run --method res-sl-slkd --dataset gopro --scale mini --seed 2"),
        (
            cell("prenet", "rain100l", "paper", limit=5, device="cuda", tiled_within_gib=8.0),
            "run --method prenet --dataset rain100l --scale paper --limit 5 --device cuda --memory 8",
        ),
        (cell("prenet", "mine"), "run --method prenet --dataset PATH/TO/mine --protocol rain13k-y --scale mini"),
        (
            cell("theirs", "rain100l", "paper", network=""),
            "score PATH/TO/theirs --name theirs --dataset rain100l --scale paper",
        ),
        (
            cell("theirs", "rain100l@rgb", "paper", network="", protocol="rgb@1"),
            "score PATH/TO/theirs --name theirs --dataset rain100l --protocol rgb --scale paper",
        ),
        (
            cell("own", "mini-gopro", network="", code="c+d"),
            "run --method own=PACKAGE.MODULE:FACTORY --dataset gopro --scale mini",
        ),
        (cell("identity", "mini-gopro", network="", weights=""), "run --method identity --dataset gopro --scale mini"),
    ],
)
def test_the_command_of_a_cell(made: Cell, expected: str) -> None:
    assert command(made) == f"slkd-bench {expected}"


def test_a_command_is_safe_in_a_shell() -> None:
    made = cell("x; rm -rf ~", "$(boom)")
    assert "x; rm -rf ~" in shlex.split(command(made))


def test_the_commands_are_ones_that_the_command_line_takes() -> None:
    import inspect

    import benchmark.cli.run
    import benchmark.cli.score

    run = ("method", "dataset", "scale", "seed", "limit", "device", "memory", "protocol")
    score = ("dataset", "protocol", "name", "scale")
    for module, options in ((benchmark.cli.run, run), (benchmark.cli.score, score)):
        source = inspect.getsource(module.register)
        assert all(re.search(rf"\b{option}: ", source) for option in options)


def test_environments_are_told_apart_and_lettered() -> None:
    one, other = (replace(cell("prenet", "mini-gopro"), made_by={"torch": v, "empty": ""}) for v in ("2.4", "2.13"))
    third = replace(one, seed=1)
    found, letters = environments([other, one, third])
    assert [(e.letter, e.cells, e.facts) for e in found] == [
        ("E1", 2, (("torch", "2.4"),)),
        ("E2", 1, (("torch", "2.13"),)),
    ]
    assert [line.environment for line in reproductions([other, one, third], letters)] == ["E2", "E1", "E1"]


def test_anchors_are_plain() -> None:
    assert anchor("res-sl-slkd", "mini-gopro", 1) == "cell-mini-gopro--res-sl-slkd--1"
    assert re.fullmatch(r"[a-z0-9-]+", anchor('<">', "é"))


def test_every_estimator_reads_differently() -> None:
    from benchmark.protocols import get_protocol, protocol_ids

    words = {id: estimator(get_protocol(id)) for id in protocol_ids()}
    assert words["rgb-uint8-volumetric"].startswith("11×11×11 Gaussian, σ 1.5; edges repeated")
    assert "down-sampled" in words["ddn-y"]
    assert "sample covariance" in words["uformer-float"]


def claims(**wanted: str) -> list[Verdict]:
    found = [c for c in read_ledger().claims if all(getattr(c, k) == v for k, v in wanted.items())]
    return [Verdict(c, Status("untestable"), None, None, "not run", "slkd-bench run", "paper") for c in found]


def test_what_was_measured_is_printed_in_the_claims_own_unit() -> None:
    def measured(value: float, **wanted: str) -> str:
        return line(replace(claims(**wanted)[0], measured=value, status=Status("close"))).measured

    assert measured(34.1764, metric="psnr", kind="number") == "34.176"
    assert measured(0.94449, metric="ssim", kind="number") == "0.9445"
    assert measured(619.528, metric="gmacs", kind="number") == "619.53G"
    assert measured(48.0, metric="width", kind="number") == "48"
    assert measured(-0.256, metric="psnr", kind="ordering") == "−0.26 dB"
    assert measured(86.41, kind="ratio") == "86.4 %"


def test_the_sentence_adds_up() -> None:
    found = claims(metric="psnr", kind="number")[:5]
    found = [
        replace(v, status=Status(s))
        for v, s in zip(found, ("reproduced", "close", "close", "contradicted", "untestable"), strict=True)
    ]
    told = sentence(grouped(found, Scale.PAPER))
    assert "5 claims (5 numbers and 0 comparisons), 4 could" in told
    assert "1 reproduced, 2 close, 1 contradicted; the other 1 " in told


def pictured(out: Path) -> Results:
    return read_results(out / "pictured", Scale.MINI)


def test_pictures_are_chosen_by_rule_and_hold_their_scores(out: Path, pictures: Path) -> None:
    album = make_album(pictured(out), pictures, 2)
    ((id, _, examples),) = album.sets
    assert id == SETS[0]
    assert len(examples) == 2
    assert album.notes == []
    for example in examples:
        assert [shot.id for shot in example.shots] == ["degraded", "restormer", "res-sl-slkd", "clean"]
        assert all(shot.source.startswith("data:image/") for shot in example.shots)
        degraded, best, second, clean = example.shots
        assert None not in (degraded.psnr, second.psnr, best.psnr)
        assert (degraded.psnr or 0) < (second.psnr or 0) < (best.psnr or 0)
        assert clean.psnr is None
    means = [sum(shot.psnr or 0 for shot in e.shots[1:3]) for e in examples]
    assert means == sorted(means)  # from the hardest


def test_pictures_keep_within_their_budget(out: Path, pictures: Path) -> None:
    whole = make_album(pictured(out), pictures, 2)
    small = make_album(pictured(out), pictures, 2, budget=whole.size // 2)
    assert small.size <= whole.size // 2 or any("to keep the page small" in note for note in small.notes)
    assert small.size < whole.size


def test_a_picture_that_does_not_give_its_score_is_left_out(out: Path, pictures: Path, tmp_path: Path) -> None:
    source = out / "pictured" / "cells" / "mini" / SETS[0]
    for path in source.iterdir():
        made = read_cell(path)
        if made.method == "restormer":
            made = replace(made, scores=tuple(replace(s, psnr=s.psnr + 0.1) for s in made.scores))
        write_cell(tmp_path / "cells" / "mini" / SETS[0] / path.name, made)
    album = make_album(read_results(tmp_path, Scale.MINI), pictures, 2)
    assert len([n for n in album.notes if "restormer does not give its cell's score" in n]) == 2
    assert [s.id for s in album.sets[0][2][0].shots] == ["degraded", "res-sl-slkd", "clean"]


def test_pictures_of_other_data_are_left_out(out: Path, pictures: Path) -> None:
    album = make_album(read_results(out, Scale.MINI), pictures, 2)  # fabricated cells, made on no data at all
    assert album.sets == []
    assert "not those that" in album.notes[0]
