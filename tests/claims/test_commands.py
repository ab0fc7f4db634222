"""The commands: readable at 80 columns, and the same verdicts in every form."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmark.claims.judge import verdicts
from benchmark.claims.ledger import read_ledger
from benchmark.claims.verdict import Status, Verdict, vocabulary
from benchmark.cli import app
from benchmark.core import paths
from benchmark.costs.records import read_complexity
from benchmark.views.verdicts.forms import to_html, to_latex, to_markdown
from tests.claims.conftest import around, put


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


def run(*words: str) -> str:
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


@pytest.mark.parametrize(
    "words",
    [
        ("verdict", "I", "--scale", "paper"),
        ("verdict", "III", "--scale", "paper"),
        ("verdict", "all", "--scale", "paper"),
        ("verdict", "--scale", "mini"),
        ("verdict", "--help"),
        ("audit", "paper"),
        ("audit", "paper", "restormer"),
        ("claims", "list", "III"),
        ("claims", "validate"),
        ("claims", "papers"),
        ("claims", "--help"),
        ("audit", "--help"),
    ],
)
def test_it_fits_eighty_columns(words: tuple[str, ...]) -> None:
    assert max(map(len, run(*words).splitlines())) <= 80


def test_terminal_shows_the_table_and_the_reasons() -> None:
    shown = run("verdict", "III", "--scale", "paper")
    assert re.search(r"PReNet +31\.75 \? +31\.36 \? +176\.7G ✗ +0\.0589s \?", shown)
    assert shown.index("Rain1400") < shown.index("SIDD") < shown.index("FLOPs") < shown.index("Infer time")
    assert "176.7 = 4 stages" in shown
    assert "5 reproduced (2 independent, 3 repeated), 1 close, 4 contradicted" in " ".join(shown.split())


def test_terminal_marks_mini_and_counts_noise(tmp_path: Path) -> None:
    for dataset in ("rain1400", "test1200", "gopro", "hide", "sidd"):
        for student in ("res-sl", "ufor-sl", "drs-sl"):
            for seed, distiller in enumerate(("slkd", "dfkd", "dckd-cross")):
                put(tmp_path, f"{student}-{distiller}", f"mini-{dataset}", around(30, 24, seed=seed), per_scene=3)
    shown = " ".join(run("verdict", "text", "--scale", "mini", "--out", str(tmp_path)).split())
    assert "Scale mini: SLKD beats DFKD for every teacher on every set" in shown
    assert "undecided ·" in shown
    assert "0 agrees, 45 undecided, 0 disagrees" in shown


def test_every_form_tells_every_claim(tmp_path: Path) -> None:
    found = verdicts(tmp_path)
    ledger = read_ledger()
    numbers = len(ledger.claims)
    rows = list(csv.DictReader(io.StringIO(run("verdict", "all", "--scale", "paper", "--csv"))))
    assert [r["id"] for r in rows] == [v.claim.id for v in found]
    assert [r["status"] for r in rows] == [v.status for v in found]
    assert to_html(ledger, found).count("<tr class=") == numbers
    assert len(re.findall(r"^\| [^:]", to_markdown(ledger, found), re.M)) == numbers + len(ledger.tables)


def test_html_is_escaped_and_marked(tmp_path: Path) -> None:
    page = to_html(read_ledger(), verdicts(tmp_path, table="III"))
    assert 'data-status="contradicted"' in page
    assert "&amp;&amp;" in page
    assert "<script" not in page


def test_latex_is_balanced(tmp_path: Path) -> None:
    text = to_latex(read_ledger(), verdicts(tmp_path))
    assert text.count("{") == text.count("}")
    for environment in set(re.findall(r"\\begin\{(.+?)\}", text)):
        assert text.count(rf"\end{{{environment}}}") == text.count(rf"\begin{{{environment}}}")
    for line in text.splitlines():
        if line.endswith(r"\\") and "multicolumn" not in line and "toprule" not in line:
            assert len(re.findall(r"(?<!\\)&", line)) == 4, line
    assert "34.18/0.944" in text  # PSNR and SSIM share a line where their verdicts agree
    document = run("verdict", "I", "--scale", "paper", "--latex", "--document")
    assert document.startswith(r"\documentclass")
    assert document.rstrip().endswith(r"\end{document}")


def test_saving_and_the_folder_of_results(tmp_path: Path) -> None:
    put(tmp_path / "mine", "restormer", "test2800", around(34.18, 2800))
    run(
        "verdict", "II", "--scale", "paper", "--out", str(tmp_path / "mine"), "--markdown", "-o", str(tmp_path / "v.md")
    )
    assert "34.18 dB" in (tmp_path / "v.md").read_text()


def test_two_forms_at_once_are_an_error() -> None:
    done = CliRunner().invoke(app, ["verdict", "I", "--csv", "--html"])
    assert "--html and --csv" in str(done.exception)


def test_audit_as_markdown() -> None:
    lines = run("audit", "paper", "--markdown").splitlines()
    assert len(lines) >= 12
    assert all(line.startswith("|") for line in lines)


def test_a_wrong_ledger_ends_the_validation(reference: Path) -> None:
    path = reference / "paper" / "slkd" / "table-i.json"
    raw = json.loads(path.read_text())
    raw["rows"][0]["method"] = "nobody"
    path.write_text(json.dumps(raw))
    done = CliRunner().invoke(app, ["claims", "validate"])
    assert done.exit_code != 0
    assert "row Restormer, field method" in str(done.exception)


def test_the_recorded_audit_is_that_of_the_recorded_counts() -> None:
    counted = read_complexity("paper")
    readings = json.loads((paths.results() / "costs" / "readings.json").read_text())["slkd"]
    claims = [c for c in read_ledger().numbers if c.metric == "gmacs"]
    assert {r["row"].partition(", ")[0] for r in readings} == {c.row for c in claims}
    for reading in readings:
        assert reading["gmacs"] == pytest.approx(counted[reading["network"], reading["task"]].gmacs)


def test_verdict_is_frozen(tmp_path: Path) -> None:
    verdict: Verdict = verdicts(tmp_path, table="I")[0]
    with pytest.raises(AttributeError):
        verdict.status = Status.REPRODUCED  # type: ignore[misc]


STUDY = set(vocabulary("mini")) - {"untestable"}
PAPER = set(vocabulary("paper")) - {"untestable"}


def test_readme_keeps_the_two_vocabularies_below_a_rule_of_their_own() -> None:
    """Every line of a table of verdicts speaks one vocabulary, and no count joins them."""
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    made = readme.partition("<!-- made: claimed -->")[2].partition("<!-- end -->")[0]
    above, rule, below = made.partition("\n---\n")
    assert rule
    assert not _spoken(above) & STUDY
    assert _spoken(above) >= {"reproduced", "contradicted"}
    assert {"agrees", "undecided", "disagrees"} <= _spoken(below)
    tables = [line for line in below.splitlines() if line.startswith("|")]
    assert not set().union(*map(_spoken, tables)) & PAPER
    numbers = re.search(r"All 240 numbers.*", above)
    assert numbers
    assert "14 independent" in numbers[0]
    assert "steps of" in below
    assert "losses" in below


@pytest.mark.parametrize("form", ["markdown", "latex", "html"])
def test_every_form_of_the_study_has_a_rule_and_words_of_its_own(form: str) -> None:
    out = str(paths.results() / "mini")
    study = run("verdict", "text", "--scale", "mini", "--out", out, f"--{form}")
    whole = run("verdict", "all", "--scale", "paper", "--out", out, f"--{form}")
    rule = {"markdown": "---\n", "latex": r"\noindent\rule", "html": "<hr>"}[form]
    assert study.lstrip().startswith(rule)
    assert not whole.lstrip().startswith(rule)
    assert "steps of" in study
    assert "read as" in study
    told = {"markdown": r"\| (\w+) [^ ]+ +\|", "latex": r" & (\w+) & ", "html": r'data-status="(\w+)"'}[form]
    assert set(re.findall(told, study)) & (STUDY | PAPER) <= STUDY
    assert set(re.findall(told, whole)) & (STUDY | PAPER) <= PAPER
    assert set(re.findall(told, study)) & STUDY
    assert set(re.findall(told, whole)) & PAPER


def test_the_terminal_shows_the_study_below_a_rule_of_its_own() -> None:
    out = str(paths.results() / "mini")
    study = run("verdict", "text", "--scale", "mini", "--out", out)
    whole = run("verdict", "all", "--scale", "paper", "--out", out)
    assert re.match(r"\s*─+ scale mini ─+", study)
    assert "never" in study.split("Scale mini")[0]
    assert not re.search(r"\d+ (reproduced|close|contradicted)", study)
    assert not re.search(r"\d+ (agrees|undecided|disagrees)", whole)


def _spoken(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))
