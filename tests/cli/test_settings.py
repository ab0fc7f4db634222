"""What holds for every command: defaults from a file and from variables, how much is said, strangers in the way."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmark.cli import app
from benchmark.cli.settings import defaults_from, set_up_logging
from benchmark.core.errors import BadData, UnknownName
from tests.cli.test_cli import slkd


def written(folder: Path, text: str) -> Path:
    path = folder / "defaults.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_gives_defaults_that_an_option_overrides(tmp_path: Path) -> None:
    config = written(tmp_path, f'[status]\nout = "{tmp_path / "nowhere"}"\n')
    of_file = CliRunner().invoke(app, ["--config", str(config), "status"])
    assert "nowhere" in of_file.output + str(of_file.exception)
    of_option = CliRunner().invoke(app, ["--config", str(config), "status", "--out", str(tmp_path / "elsewhere")])
    assert "elsewhere" in of_option.output + str(of_option.exception)


def test_a_variable_gives_a_default(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["status"], env={"SLKD_BENCH_STATUS_OUT": str(tmp_path / "of-variable")})
    assert "of-variable" in done.output + str(done.exception)


def test_inner_commands_and_dashes_are_read(tmp_path: Path) -> None:
    config = written(tmp_path, '[run]\nkeep-going = true\nmethod = ["identity"]\n[data.verify]\nfull = true\n')
    assert defaults_from(config)["run"] == {"keep_going": True, "method": ["identity"]}
    assert list(defaults_from(config)["data"]) == ["verify"]


@pytest.mark.parametrize(
    ("text", "error", "told"),
    [
        ("[rnu]\n", UnknownName, "Did you mean run"),
        ("[run]\ndevcie = 'cpu'\n", UnknownName, "device"),
        ("run = 3\n", BadData, r"a table \[run\]"),
        ("[run\n", BadData, "TOML"),
    ],
)
def test_a_wrong_file_is_one_message(tmp_path: Path, text: str, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        defaults_from(written(tmp_path, text))
    with pytest.raises(BadData, match="TOML file"):
        defaults_from(tmp_path / "missing.toml")


def test_how_much_is_said() -> None:
    log = logging.getLogger("benchmark")
    before = (log.handlers[:], log.level, log.propagate)
    try:
        for verbosity, level in ((-1, logging.ERROR), (0, logging.WARNING), (1, logging.INFO), (5, logging.DEBUG)):
            set_up_logging(verbosity)
            assert log.level == level
            assert len(log.handlers) == 1
    finally:
        log.handlers[:], log.level, log.propagate = before[0], before[1], before[2]


def test_a_package_of_the_users_with_our_name_is_named(tmp_path: Path) -> None:
    (tmp_path / "baselines").mkdir()
    (tmp_path / "baselines/__init__.py").write_text("")
    done = slkd("--version", cwd=tmp_path)
    assert done.returncode == 2
    assert "another one of that name" in done.stderr
    assert str(tmp_path) in done.stderr
    assert "Traceback" not in done.stderr
