"""Whole valid files of the kinds that made-up ones hardly get past, each changed in one small place or in none."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import torch

from benchmark.core import paths
from benchmark.runs.cell_file import digest
from benchmark.runs.cells import Cell, ImageScore, as_json, write_cell
from tests.fuzz.made import CARD, PASSPORT, jsonish
from tests.networks.fixtures import fixture


def lightly(data: bytes, random: Random) -> bytes:
    """`data` with one small change: a bit, a byte, a digit, a line left out or doubled, a value replaced, or its end."""
    place, kind = random.randrange(len(data)), random.randrange(7)
    if kind == 0:
        return data[:place] + bytes([data[place] ^ 1 << random.randrange(8)]) + data[place + 1 :]
    if kind == 1:
        return data[:place] + data[place + 1 :]
    if kind == 2:
        digits = [found.start() for found in re.finditer(rb"[0-9]", data[:100_000])] or [place]
        place = random.choice(digits)
        return data[:place] + random.choice((b"0", b"9", b"-1", b"1e999", b'"x"')) + data[place + 1 :]
    if kind in (3, 4):
        lines = data.splitlines(keepends=True)
        number = random.randrange(len(lines))
        return b"".join(lines[:number] + lines[number : number + 1] * (2 * kind - 6) + lines[number + 1 :])
    if kind == 5:
        values = list(re.finditer(rb"(?<=[=:] )[^\n]+", data[:100_000]))
        if values:
            found = random.choice(values)
            value = random.choice((b"[]", b"{}", b'""', b'"[/x]"', b"-1", b"true", b"nan", b"[[[1]]]", b'"../../x"'))
            return data[: found.start()] + value + data[found.end() :]
    return data[: len(data) - random.randint(1, 8)]


@cache
def _prenet() -> dict[str, torch.Tensor]:
    return dict(fixture("prenet").state())


def checkpoint(random: Random, folder: Path, small: bool) -> Path:
    """A whole checkpoint of a network in a form that people save, as it is or with a byte, a key or a shape changed."""
    state = dict(_prenet())
    if small and random.random() < 0.4:
        key = random.choice(list(state))
        change = random.randrange(4)
        if change == 0:
            del state[key]
        elif change == 1:
            state[key] = state[key].flatten()
        elif change == 2:
            state[key] = state[key].to(random.choice((torch.float16, torch.float64, torch.int32, torch.bool)))
        else:
            state[f"{key}{random.choice(('.x', '[/x]', chr(0)))}"] = torch.ones(2)
    forms: list[Any] = [
        state,
        {"params": state},
        {"state_dict": {f"module.{key}": value for key, value in state.items()}, "epoch": 3},
        {"params": {}, "params_ema": state},
        {"model": {f"_orig_mod.{key}": value for key, value in state.items()}, "losses": [1.0], "args": {"lr": 1e-3}},
    ]
    stream = io.BytesIO()
    torch.save(random.choice(forms), stream, _use_new_zipfile_serialization=random.random() < 0.7)
    data = stream.getvalue()
    if small and random.random() < 0.6:
        cut = random.choice((len(data), 4096))  # anywhere, or near the start, where names and shapes stand
        data = lightly(data[:cut], random) + data[cut:]
    path = folder / "a.pth"
    path.write_bytes(data)
    return path


def card(random: Random, folder: Path, small: bool) -> Path:
    """A whole card."""
    path, data = folder / "a.json", json.dumps(CARD, indent=1).encode()
    path.write_bytes(lightly(data, random) if small else data)
    return path


def cell(random: Random, folder: Path, small: bool) -> Path:
    """A whole result file of the present form; changed in a value under a right digest, or in its bytes."""
    path = folder / "a.json"
    scores = tuple(ImageScore(f"i{k}", f"s{k % 2}", 30.0 + k, 0.9, {"lpips": 0.1}) for k in range(4))
    key = {"data": "0" * 64, "weights": "", "code": {"network": "0" * 16}, "limit": None}
    whole = Cell("identity", "mini-sidd", "mini", 0, key, {"torch": "2.13"}, scores, total=4)
    write_cell(path, whole)
    if not small:
        return path
    if random.random() < 0.6:
        content = as_json(whole)
        place: Any = random.choice((content, content, content["scores"][1], content["key"], content["mean"]))
        place[random.choice([*place, "other"])] = random.choice((jsonish(random), 29.0, "x", 3, {}, "inf"))
        content = {"schema": random.choice((1, 2, 2, 2, 3)), "digest": digest(content), **content}
        path.write_bytes(json.dumps(content).encode("utf-8", "backslashreplace"))
    else:
        path.write_bytes(lightly(path.read_bytes(), random))
    return path


def passport(random: Random, folder: Path, small: bool) -> Path:
    """A passport with the pictures that it speaks of beside it."""
    from PIL import Image

    for side in ("input", "target"):
        (folder / side).mkdir()
        for number in (1, 2):
            Image.new("RGB", (8, 6), (9 * number, 0, 0)).save(folder / side / f"a{number}.png")
    path = folder / "a.toml"
    path.write_bytes(lightly(PASSPORT, random) if small else PASSPORT)
    return path


def paper(random: Random, folder: Path, small: bool) -> Path:
    """The folder of a paper, one of its files changed; an eighth of the time into a file without end to its brackets."""
    name = random.choice(("slkd", "restormer", "dckd-dynamic")) if small else "slkd"
    path = folder / "paper" / name
    shutil.copytree(paths.results() / "paper", folder / "paper")  # a ledger refers to those of other papers
    if small:
        file = random.choice(sorted(path.iterdir()))
        file.write_bytes(_deep(random, file) if random.random() < 0.125 else lightly(file.read_bytes(), random))
    return path


def plan(random: Random, folder: Path, small: bool) -> Path:
    """The plan of a study."""
    path, data = folder / "a.toml", (paths.results() / "studies" / "mini-deraining.toml").read_bytes()
    if small:
        data = _deep(random, path) if random.random() < 0.125 else lightly(data, random)
    path.write_bytes(data)
    return path


def _deep(random: Random, file: Path) -> bytes:
    start = b"a = " if file.suffix == ".toml" else b""
    return start + random.choice((b"[" * 50_000, b"{" * 50_000, b'{"a":' * 20_000, b"{a = " * 20_000))


Whole = Callable[[Random, Path, bool], Path]
WHOLE: dict[str, Whole] = {
    "checkpoints": checkpoint,
    "cards": card,
    "cells": cell,
    "passports": passport,
    "papers": paper,
    "plans": plan,
}
"""How a whole file of a kind comes into a folder, as it is or with one small change; gives what is read."""
