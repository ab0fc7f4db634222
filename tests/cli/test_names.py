"""Names that people give: brackets, spaces, markup, and bytes that are no letters, in every command that takes a path."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

NAMES = ["runs[/final]", "[red]x", "a b  c", "[[", "%s{}$HOME'\"", os.fsdecode(b"\xd3\xea"), "cafe\u0301", "-x"]


def slkd(*words: str, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run([sys.executable, "-m", "benchmark", *words], cwd=cwd, capture_output=True, check=False)
    assert b"Traceback" not in done.stderr, done.stderr.decode(errors="replace")
    return done


def fill(folder: Path, name: str) -> Path:
    values = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    for side in ("input", "target"):
        (folder / side).mkdir(parents=True)
        Image.fromarray(values).save(folder / side / f"{name}.png")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_command_takes_the_name(name: str, tmp_path: Path) -> None:
    fill(tmp_path / name, name.replace("/", "_") if "/" in name else name)
    data = ["-d", f"./{name}", "--protocol", "rgb"]
    out = f"--out=o/{name}"
    for words in (
        ["run", "-m", "identity", *data, "--task", "denoising", out],
        ["score", f"./{name}/input", *data, "--name", "mine", out],
        ["data", "verify", f"./{name}", f"--sums=s{name.replace('/', '_')}"],
        ["data", "verify", f"./{name}", f"--sums=s{name.replace('/', '_')}"],
        ["report", out, f"--to=r/{name}.html", "--no-images"],
        ["table", "all", out],
        ["status", out],
    ):
        done = slkd(*words, cwd=tmp_path)
        assert done.returncode in (0, 1), (words, done.stdout, done.stderr)
    assert (tmp_path / "r" / f"{name}.html").is_file()
    assert list((tmp_path / "o" / name).rglob("*.json"))
    assert name.encode("utf-8", "backslashreplace") in slkd("run", "-m", "identity", *data, out, cwd=tmp_path).stdout


def test_brackets_and_bytes_survive_a_run(tmp_path: Path) -> None:
    name = "[/x]" + os.fsdecode(b"\xd3")
    fill(tmp_path / "set", os.fsdecode(b"\xd3\xea_1"))
    done = slkd(
        "run",
        "-m",
        "identity",
        "-d",
        "./set",
        "--protocol",
        "rgb",
        "--task",
        "denoising",
        f"--out=o/{name}",
        cwd=tmp_path,
    )
    assert done.returncode == 0
    assert b"[/x]\\udcd3" in done.stdout
    assert len(list((tmp_path / "o").rglob("*.json"))) == 1
