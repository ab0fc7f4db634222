"""The photographs of Debian packages: whole, reduced, with package, version and licence told."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from benchmark.datasets.mini.photographs import embedded

SCRIPT = Path(__file__).resolve().parents[2] / "tools/training_photographs.py"


@pytest.fixture
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("training_photographs", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="needs dpkg")
def test_debian_photographs_are_collected_with_their_licences(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: ModuleType
) -> None:
    tree = tmp_path / "build" / "pack"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN/control").write_text(
        "Package: pack\nVersion: 1.2-3\nArchitecture: all\nMaintainer: N <n@example.org>\nDescription: x\n"
    )
    pictures = tree / "usr/share/backgrounds"
    pictures.mkdir(parents=True)
    colours = np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8)
    Image.fromarray(colours).resize((3000, 2000)).save(pictures / "hill.jpg")
    Image.open(embedded()[2].path).convert("RGB").save(pictures / "cup.jpg")
    told = tree / "usr/share/doc/pack"
    told.mkdir(parents=True)
    (told / "copyright").write_text("Files: *\nLicense: GPL-2+\n\nFiles: art/a.png\n art/hill.jpg\nLicense: CC0-1.0\n")
    subprocess.run(["dpkg-deb", "--build", str(tree), str(tmp_path / "pack_1.2-3_all.deb")], check=True)
    names = ("usr/share/backgrounds/hill.jpg", "usr/share/backgrounds/cup.jpg")
    monkeypatch.setattr(tool, "PACKAGES", {"pack": names})
    out = tmp_path / "out"
    assert tool.main([str(out), "--debs", str(tmp_path)]) == 0
    (row,) = json.loads((out / "manifest.json").read_text())  # the cup is a test photograph
    assert (row["version"], row["licence"]) == ("1.2-3", "CC0-1.0")
    assert Image.open(out / row["file"]).size == (1024, 683)
    monkeypatch.setattr(tool, "PACKAGES", {"other": names})
    assert tool.main([str(out), "--debs", str(tmp_path)]) == 2
