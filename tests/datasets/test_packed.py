"""Packed pairs: the same bytes by any number of processes and after any kill, and nothing but whole folders is opened."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from benchmark.core.errors import BadData, BadImage, BadOutput
from benchmark.core.types import Task
from benchmark.datasets import get_dataset
from benchmark.datasets.packed import MANIFEST, PAIRS, Bytes, Manifest, open_packed
from benchmark.datasets.packing import CHUNK, JOURNAL, pack, partial_folder, refuse_half_made

COUNT, KEPT, SIDE = 3 * CHUNK + 5, 4, 12
PLAN = Manifest(
    title="noise", task=Task.DENOISING, count=COUNT, validation=KEPT, height=SIDE, width=SIDE, made_by={"seed": 1}
)


@dataclass(frozen=True)
class Noise:
    """Random pairs; the clean image holds the pair's number in its first bytes. Sleeps `pause` seconds a pair."""

    pause: float = 0.0
    failing: int = -1

    def pairs(self, first: int, last: int) -> Bytes:
        made = []
        for number in range(first, last):
            time.sleep(self.pause)
            if number == self.failing:
                raise BadImage("a whole photograph", "half of one", "Get it again.")
            pair = np.random.default_rng(number).integers(0, 256, (2, 3, SIDE, SIDE), dtype=np.uint8)
            pair[1, 0, 0, :2] = divmod(number, 256)
            made.append(pair)
        return np.stack(made)


def expected() -> Bytes:
    return Noise().pairs(0, COUNT + KEPT)


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_pairs_are_the_makers_for_any_number_of_processes(tmp_path: Path, jobs: int) -> None:
    steps: list[tuple[int, int]] = []
    data = pack(tmp_path / "out", PLAN, Noise(), jobs, lambda made, of: steps.append((made, of)))
    assert np.array_equal(data.images, expected())
    assert data.fingerprint() == hashlib.sha256(expected().tobytes()).hexdigest()
    assert steps[0] == (0, COUNT + KEPT)
    assert steps[-1] == (COUNT + KEPT, COUNT + KEPT)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [MANIFEST, PAIRS]
    assert not partial_folder(tmp_path / "out").exists()


def test_it_is_a_data_set(tmp_path: Path) -> None:
    pack(tmp_path / "out", PLAN, Noise(), 1)
    data = get_dataset(tmp_path / "out")
    assert len(data) == len(data.names()) == COUNT
    assert (data.task, data.protocol) == (Task.DENOISING, "rgb-float-volumetric")
    pair = data[7]
    assert pair.name == "00008"
    assert (pair.clean * 255).round().byte().numpy().tolist() == expected()[7, 1].tolist()
    assert (pair.degraded * 255).round().byte().numpy().tolist() == expected()[7, 0].tolist()
    with pytest.raises(IndexError):
        data[COUNT]


def test_the_last_pairs_are_for_validation_and_are_cut_in_the_middle(tmp_path: Path) -> None:
    degraded, clean = pack(tmp_path / "out", PLAN, Noise(), 1).validation(8)
    assert np.array_equal(degraded, expected()[COUNT:, 0, :, 2:10, 2:10])
    assert np.array_equal(clean, expected()[COUNT:, 1, :, 2:10, 2:10])


def _slowly(out: Path) -> None:
    pack(out, PLAN, Noise(0.01), 1)


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_a_killed_making_goes_on_to_the_same_bytes(tmp_path: Path, after: int) -> None:
    out = tmp_path / "out"
    process = multiprocessing.get_context("fork").Process(target=_slowly, args=(out,))
    process.start()
    journal = partial_folder(out) / JOURNAL
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not (journal.is_file() and len(journal.read_text().splitlines()) >= after):
        time.sleep(0.002)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert not out.exists()
    with pytest.raises(BadData, match="their making was stopped"):
        refuse_half_made(out)
    steps: list[int] = []
    data = pack(out, PLAN, Noise(), 1, lambda made, of: steps.append(made))
    assert steps[0] >= after * CHUNK  # what was made is kept
    assert np.array_equal(data.images, expected())
    refuse_half_made(out)


def test_a_chunk_that_was_spoilt_after_a_kill_is_made_again(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(BadImage, match="half of one"):
        pack(out, PLAN, Noise(failing=2 * CHUNK + 1), 1)
    file = partial_folder(out) / PAIRS
    content = bytearray(file.read_bytes())
    content[200] ^= 1  # within the first pair
    file.write_bytes(content)
    steps: list[int] = []
    data = pack(out, PLAN, Noise(), 1, lambda made, of: steps.append(made))
    assert steps[0] == CHUNK
    assert np.array_equal(data.images, expected())


def test_what_is_whole_is_opened_and_what_is_another_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    pack(out, PLAN, Noise(), 1)
    again = pack(out, PLAN, Noise(failing=0), 1)  # nothing is made
    assert np.array_equal(again.images, expected())
    other = PLAN.model_copy(update={"made_by": {"seed": 2}})
    with pytest.raises(BadOutput, match="pairs made otherwise"):
        pack(out, other, Noise(), 1)
    (tmp_path / "full").mkdir()
    (tmp_path / "full/notes.txt").write_text("mine")
    with pytest.raises(BadOutput, match="something in it"):
        pack(tmp_path / "full", PLAN, Noise(), 1)


def test_half_made_pairs_of_another_plan_are_not_mixed_in(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(BadImage):
        pack(out, PLAN.model_copy(update={"made_by": {"seed": 2}}), Noise(failing=40), 1)
    steps: list[int] = []
    pack(out, PLAN, Noise(), 1, lambda made, of: steps.append(made))
    assert steps[0] == 0


@pytest.mark.parametrize("kind", ["cut off", "one bit", "no pairs", "no manifest", "other size", "typo"])
def test_a_damaged_folder_is_told(tmp_path: Path, kind: str) -> None:
    out = tmp_path / "out"
    pack(out, PLAN, Noise(), 1)
    pairs, manifest = out / PAIRS, out / MANIFEST
    content = bytearray(pairs.read_bytes())
    told = json.loads(manifest.read_text())
    if kind == "cut off":
        pairs.write_bytes(content[:5000])
    elif kind == "one bit":
        content[-900] ^= 4
        pairs.write_bytes(content)
    elif kind == "no pairs":
        pairs.unlink()
    elif kind == "no manifest":
        manifest.unlink()
    elif kind == "other size":
        manifest.write_text(json.dumps(told | {"count": COUNT - 1}))
    else:
        manifest.write_text(json.dumps(told | {"counts": 3}))
    words = {"one bit": "SHA-256", "no manifest": "manifest", "other size": "bytes in", "typo": "counts"}
    with pytest.raises(BadData, match=words.get(kind, r"pairs\.npy")):
        open_packed(out)


def test_two_processes_that_want_the_same_folder_make_it_once(tmp_path: Path) -> None:
    out = tmp_path / "out"
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_slowly, args=(out,)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert np.array_equal(open_packed(out).images, expected())


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(BadOutput, match="to write to"):
        pack(tmp_path / "file/out", PLAN, Noise(), 1)
