"""The page on guarding a private set, followed on real pairs: Rain100L stands for the folder that nobody may see."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from docs.follow import TOP, Block, blocks

PAGE = TOP / "docs" / "tutorials" / "guard-a-private-set.md"
COUNT = 4  # pairs


def with_files(folder: Path) -> list[Block]:
    """Writes the page's files into `folder`; gives its blocks that are run."""
    found = blocks(PAGE.read_text(encoding="utf-8"))
    for block in found:
        if block.kind == "file":
            (folder / next(iter(block.options))).write_text(block.text, encoding="utf-8")
    return [block for block in found if block.kind == "run"]


def take(real: Path, folder: Path) -> None:
    for side in ("input", "target"):
        (folder / "data" / "private" / side).mkdir(parents=True)
        for path in sorted((real / "rain100l" / side).iterdir())[:COUNT]:
            shutil.copy2(path, folder / "data" / "private" / side / path.name)


@pytest.mark.real
def test_the_commands_of_the_page_on_real_pairs(real: Path, tmp_path: Path) -> None:
    take(real, tmp_path)
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, command in (("slkd-bench", f"{sys.executable} -m benchmark"), ("python", sys.executable)):
        (tools / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
        (tools / name).chmod(0o755)
    (tmp_path / "work").mkdir()
    shutil.move(tmp_path / "data", tmp_path / "work" / "data")
    work = tmp_path / "work"
    environment = {
        **os.environ,
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(TOP),
        "SLKD_BENCH_HOME": str(tmp_path / "home"),
        "COLUMNS": "100",
        "NO_COLOR": "1",
        "OMP_NUM_THREADS": "1",
    }
    printed = []
    for block in with_files(work):
        text = block.text.replace("python collect.py\n", "")  # the folder is real and there already
        done = subprocess.run(
            ["bash", "-c", f"set -eo pipefail\n{text}"],
            cwd=work,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        better = "train.py 0.3" in text  # on these pairs it is better on every image, and passes without being asked
        expected = 0 if better else int(block.options.get("exit", 0))
        assert done.returncode == expected, (text, done.stdout, done.stderr)
        assert not better or "1 better, 0 failed" in done.stdout
        printed.append(done.stdout)
    whole = "\n".join(printed)
    assert f"({COUNT} images" in whole
    assert re.search(r"3 checked in \d+ s: 3 as in the reference", whole)
    assert re.search(r"PSNR fell by \d\.\d+ dB on private@rain13k-y", whole)
    assert "norain-" in whole  # the worst images by their names
    failures = ElementTree.parse(work / "check.xml").getroot().findall(".//failure")
    assert failures
    summary = (work / "summary.md").read_text(encoding="utf-8")
    assert "| failed | mynet on private@rain13k-y |" in summary
    cell = next((work / "reference" / "cells" / "folders").rglob("mynet.json")).read_text(encoding="utf-8")
    assert str(tmp_path) not in cell  # a reference that is committed names no place outside of the project
