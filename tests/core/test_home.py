"""The user's own folder follows the environment, however often it was asked for before."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.core import paths


def test_the_platforms_folder_is_remembered_for_its_variables_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SLKD_BENCH_HOME", raising=False)
    for name in ("one", "two"):
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / name))
        monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / name))
        first = paths.home()
        assert paths.home() == first
        paths._platform_home.cache_clear()
        assert paths.home() == first
