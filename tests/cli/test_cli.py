from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark import cli
from benchmark.cli.lazy import COMMANDS, load
from benchmark.core.errors import AskedToStop
from tests.typed import typed

TOP = Path(__file__).parent.parent.parent


def slkd(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmark", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": str(TOP), "COLUMNS": "80", **environment},
    )


def processor_seconds(*arguments: str, cwd: Path) -> float:
    """User and system time of one call: what it takes on a quiet machine, however busy this one is."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    slkd(*arguments, cwd=cwd)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_help_names_the_commands_and_fits_80_columns(tmp_path: Path) -> None:
    done = slkd("--help", cwd=tmp_path)
    assert done.returncode == 0
    for command in ("run", "table", "list"):
        assert command in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_the_program_says_what_the_command_says(name: str) -> None:
    assert load(name).help.split("\n\n")[0].replace("\n", " ") == COMMANDS[name].summary


def test_a_flag_shows_no_type(tmp_path: Path) -> None:
    shown = slkd("run", "--help", cwd=tmp_path).stdout
    assert [line for line in shown.splitlines() if "bool" in line and "--help" not in line] == []


def imports_of_a_program() -> float:
    """What Python takes for typer, rich and pydantic: the unit of the times below, as machines differ by more than twice."""
    took = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", "import typer, rich.table, pydantic"], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(took)


@pytest.mark.parametrize("arguments", [("--help",), ("list", "methods")])
def test_answers_at_once(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """Some .6 s on a quiet machine that takes .2 s for those imports; with torch it would be 2 s."""
    slkd(*arguments, cwd=tmp_path)  # warms the file cache
    assert min(processor_seconds(*arguments, cwd=tmp_path) for _ in range(3)) < 6 * imports_of_a_program()


@pytest.mark.parametrize(
    ("arguments", "offered"),
    [
        (("run", "--method", "restromer"), "restormer"),
        (("run", "--method", "identity", "--dataset", "rain1440"), "rain1400"),
        (("table", "VI"), "IV"),
    ],
)
def test_a_misspelt_name_offers_the_nearest(arguments: tuple[str, ...], offered: str, tmp_path: Path) -> None:
    done = typed(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert offered in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_to_run_and_nothing_to_print(tmp_path: Path) -> None:
    assert "--all" in typed("run", cwd=tmp_path).stderr
    done = typed("table", "II", cwd=tmp_path)
    assert done.returncode == 2
    assert "slkd-bench run --all" in done.stderr


def test_an_unwritable_out_is_told_before_anything_is_computed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = typed("run", "--method", "identity", "--dataset", "rain1400", "--out", "file", cwd=tmp_path)
    assert done.returncode == 2
    assert "--out" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_device(tmp_path: Path) -> None:
    done = typed("run", "--method", "identity", "--device", "tpu9", cwd=tmp_path)
    assert done.returncode == 2
    assert "tpu9" in done.stderr


def test_a_training_that_was_asked_to_stop_ends_with_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped() -> None:
        raise AskedToStop("to train to the end", "a signal to stop", "Give the same command again.")

    monkeypatch.setattr(cli, "app", stopped)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 130
    assert "Give the same command again" in capsys.readouterr().err


def test_identity_on_one_set_then_a_table(tmp_path: Path) -> None:
    first = typed("run", "--method", "identity", "--dataset", "gopro", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "1 cells computed" in first.stdout
    again = typed("run", "--method", "identity", "--dataset", "gopro", cwd=tmp_path)
    assert "0 cells computed, 1 were done already" in again.stdout
    for form in ("--markdown", "--latex", "--csv", "--html"):
        table = typed("table", "III", form, cwd=tmp_path)
        assert table.returncode == 0, table.stderr
        assert "Degraded input" in table.stdout
    assert processor_seconds("table", "III", "--latex", cwd=tmp_path) < 16 * imports_of_a_program()


def test_two_runs_at_once_leave_whole_and_equal_files(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmark", "run", "-m", "identity", "-d", "gopro", "-d", "sidd"]
    environment = {**os.environ, "PYTHONPATH": str(TOP)}
    both = [subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait(timeout=300) for process in both] == [0, 0]
    written = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file())
    assert written == ["runs/cells/mini/mini-gopro/identity.json", "runs/cells/mini/mini-sidd/identity.json"]
    alone = typed(*command[3:], "--out", "alone", cwd=tmp_path)
    assert alone.returncode == 0
    for name in written:
        assert (tmp_path / name).read_bytes() == (tmp_path / name.replace("runs", "alone", 1)).read_bytes()
