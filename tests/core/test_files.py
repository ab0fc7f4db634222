"""Writing whole or not at all: links, devices, leftovers, full disks, and bytes that are no letters."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmark.core import unfinished
from benchmark.core.errors import BadOutput
from benchmark.core.files import is_web_page, opened_atomically, sha256_of, write_atomically
from benchmark.core.unfinished import sweep


def test_a_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    target = tmp_path / "real" / "a.txt"
    target.write_text("old")
    link = tmp_path / "link.txt"
    link.symlink_to("real/a.txt")
    write_atomically(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    dangling = tmp_path / "dangling"
    dangling.symlink_to("real/made")
    write_atomically(dangling, "made")
    assert (tmp_path / "real" / "made").read_text() == "made"


def test_a_loop_of_links_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(BadOutput):
        write_atomically(tmp_path / "a", "x")


def test_a_device_and_a_pipe_are_written_to(tmp_path: Path) -> None:
    write_atomically(Path("/dev/null"), "gone")
    assert Path("/dev/null").is_char_device()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE)
    write_atomically(pipe, "through")
    assert reader.communicate(timeout=10)[0] == b"through"
    assert pipe.is_fifo()


def test_standard_output_keeps_what_was_printed(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from benchmark.core.files import write_atomically\n"
        "print('before', flush=True); write_atomically(Path('/dev/stdout'), 'middle\\n'); print('after')"
    )
    with (tmp_path / "out").open("ab") as out:
        subprocess.run([sys.executable, "-c", code], stdout=out, check=True)
    assert (tmp_path / "out").read_text().split() == ["before", "middle", "after"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_is_one_message() -> None:
    with pytest.raises(BadOutput, match="Free some space"):
        write_atomically(Path("/dev/full"), "x" * 100)
    assert Path("/dev/full").is_char_device()


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", "old")
    for problem, seen in (
        (OSError(errno.ENOSPC, "No space left"), BadOutput),
        (ZeroDivisionError(), ZeroDivisionError),
    ):
        with pytest.raises(seen):
            _fail(tmp_path / "a", problem)
    assert (tmp_path / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def _fail(path: Path, problem: Exception) -> None:
    with opened_atomically(path) as file:
        file.write(b"half")
        raise problem


def test_permissions_of_the_old_file_stay(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", "old")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644
    (tmp_path / "a").chmod(0o600)
    write_atomically(tmp_path / "a", "new")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600


_KILLED = """
import sys, time
from pathlib import Path
from benchmark.core.files import opened_atomically
with opened_atomically(Path(sys.argv[1]) / 'a') as file:
    file.write(b'half'); file.flush(); print('writing', flush=True); time.sleep(60)
"""


def _writer(folder: Path) -> subprocess.Popen[str]:
    writer = subprocess.Popen([sys.executable, "-c", _KILLED, str(folder)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "writing\n"
    return writer


def _left(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name.endswith(".part")]


def test_what_a_killed_process_left_is_swept_at_once_and_a_living_ones_stays(tmp_path: Path) -> None:
    dead, alive = _writer(tmp_path), _writer(tmp_path)
    try:
        dead.send_signal(signal.SIGKILL)
        dead.wait()
        assert len(_left(tmp_path)) == 2
        for path in _left(tmp_path):
            os.utime(path, (time.time() - 60,) * 2)  # age does not matter
        sweep(tmp_path)
        assert len(_left(tmp_path)) == 1
        alive.kill()  # dead, and not waited for
        while unfinished._began(alive.pid):
            time.sleep(0.01)
        write_atomically(tmp_path / "b", "x")
        assert [path.name for path in tmp_path.iterdir()] == ["b"]
    finally:
        alive.kill()
        alive.wait()


def test_a_number_that_another_process_took_over_keeps_no_leftover(tmp_path: Path) -> None:
    left = tmp_path / f".unfinished-{unfinished._machine()}-{os.getpid()}-1-abc.part"
    left.touch()
    own = tmp_path / f".unfinished-{unfinished._machine()}-{os.getpid()}-{unfinished._began(os.getpid())}-abc.part"
    own.touch()
    sweep(tmp_path)
    assert _left(tmp_path) == [own]


def test_a_file_of_another_machine_goes_when_it_is_old_and_nobody_holds_it(tmp_path: Path) -> None:
    young, old, held, earlier = (
        tmp_path / f".unfinished-{name}.part" for name in ("far-1-1-a", "far-1-1-b", "far-1-1-c", "abc")
    )
    for path in (young, old, held, earlier):
        path.touch()
    for path in (old, held, earlier):
        os.utime(path, (time.time() - 60,) * 2)
    with held.open("rb") as file:
        assert unfinished._lock(file)
        sweep(tmp_path)
    assert sorted(_left(tmp_path)) == sorted([young, held])


def test_a_folder_that_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from benchmark.core.unfinished import new_folder\n"
        "with new_folder(Path(sys.argv[1])) as made: (made / 'a').touch(); print('made', flush=True); time.sleep(60)"
    )
    maker = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert maker.stdout is not None
    assert maker.stdout.readline() == "made\n"
    sweep(tmp_path)
    assert len(_left(tmp_path)) == 1
    maker.kill()
    maker.wait()
    with unfinished.new_folder(tmp_path) as own:
        assert _left(tmp_path) == [own]
    assert _left(tmp_path) == []


def test_a_machine_that_says_nothing_of_its_processes_goes_by_age_and_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unfinished, "_SYSTEM", tmp_path / "none")
    unfinished._machine.cache_clear()
    try:
        file = unfinished.new_file(tmp_path)
        os.utime(file.name, (time.time() - 60,) * 2)
        sweep(tmp_path)
        assert len(_left(tmp_path)) == 1
        file.close()
        sweep(tmp_path)
        assert _left(tmp_path) == []
    finally:
        unfinished._machine.cache_clear()


def test_names_that_are_no_letters_come_back_through_json(tmp_path: Path) -> None:
    name = os.fsdecode(b"\xd3\xea_1.png")
    write_atomically(tmp_path / "a.json", json.dumps({"name": name}, ensure_ascii=False))
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["name"] == name


def test_hash_and_pages(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256_of(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert is_web_page(b"\xef\xbb\xbf\n <!DOCTYPE html>")
    assert is_web_page(b"<HEAD>")
    assert is_web_page(b"", "text/html; charset=utf-8")
    assert not is_web_page(b"\x89PNG\r\n")
