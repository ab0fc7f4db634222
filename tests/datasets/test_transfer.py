"""Transfers that would join two versions or never end, and archives that would replace what is there."""

from __future__ import annotations

import io
import lzma
import tarfile
import threading
import time
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from benchmark.core.errors import BadData, BadOutput, SlkdBenchError
from benchmark.datasets import transfer
from benchmark.datasets.fetch import _alone, fetch_file
from benchmark.datasets.passport import Download
from benchmark.datasets.unpack import unpack

OLD, NEW = b"o" * 100_000, b"n" * 100_000


class Handler(BaseHTTPRequestHandler):
    """The first answer is the old version cut short, later ones the new version, with the headers of `server.headers`."""

    def do_GET(self) -> None:
        server: Any = self.server
        server.asked += 1
        if self.path.startswith("/slow"):
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            for _ in range(200):
                try:
                    self.wfile.write(b"x")
                    self.wfile.flush()
                except OSError:
                    return
                time.sleep(0.05)
            return
        body = OLD if server.asked == 1 else NEW
        wanted = self.headers.get("Range")
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body) - start))
        for name, values in server.headers.items():
            self.send_header(name, values[min(server.asked, len(values)) - 1])
        self.end_headers()
        self.wfile.write(body[start : 50_000 if server.asked == 1 else None])
        self.close_connection = True

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.asked, server.headers = 0, {}
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    server.address = f"http://127.0.0.1:{server.server_address[1]}"
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"ETag": ['W/"a"']},
        {"ETag": ['"a"', '"b"']},
        {"ETag": ['"a"', 'W/"a"']},
        {"Last-Modified": ["Mon, 01 Jan 2024 00:00:00 GMT", "Tue, 02 Jan 2024 00:00:00 GMT"]},
    ],
    ids=["no tag", "weak tag", "another tag", "now weak", "another time"],
)
def test_two_versions_are_never_joined(headers: dict[str, list[str]], server: Any, tmp_path: Path) -> None:
    server.headers = headers
    path, _ = fetch_file(Download(f"{server.address}/a.bin"), tmp_path, "", progress=False)
    assert path.read_bytes() == NEW


def test_a_server_that_drips_is_left(server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "STALL", 1.0)
    started = time.monotonic()
    with pytest.raises(BadData, match="nothing more for 1 s"):
        fetch_file(Download(f"{server.address}/slow.zip"), tmp_path, "", progress=False)
    assert time.monotonic() - started < 4


@pytest.mark.parametrize("path", ["/..", "/%2e%2e", "/" + "a" * 300 + ".zip", "/%00", "/", "/a%2Fb"])
def test_names_in_addresses(path: str, server: Any, tmp_path: Path) -> None:
    server.asked = 1
    found, _ = fetch_file(Download(server.address + path), tmp_path / "x", "", progress=False)
    assert found.parent == tmp_path / "x"
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("url", ["http://[::1", "http://", "file:///etc/passwd", "http://a b/", "x"])
def test_bad_addresses_are_one_message(url: str, tmp_path: Path) -> None:
    with pytest.raises(SlkdBenchError):
        fetch_file(Download(url), tmp_path, "", progress=False)


def test_one_fetch_at_a_time(server: Any, tmp_path: Path) -> None:
    with _alone(tmp_path), pytest.raises(BadOutput, match="another fetch"):
        fetch_file(Download(f"{server.address}/a.bin"), tmp_path, "", progress=False)


def zipped(path: Path, **members: str) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        for name, body in members.items():
            packed.writestr(name.replace("__", "/"), body)
    return path


def test_nothing_is_removed_or_replaced(tmp_path: Path) -> None:
    base = tmp_path / "set"
    (base / "input").mkdir(parents=True)
    (base / "input/notes.txt").write_text("mine")
    (base / "a").write_text("mine")
    for members in ({"input": "x"}, {"a": "x"}, {"new": "y", "input__notes.txt": "x"}, {"a__b": "x"}):
        with pytest.raises(BadData, match="free place"):
            unpack(zipped(tmp_path / "a.zip", **members), base)
        assert (base / "input/notes.txt").read_text() == "mine"
        assert (base / "a").read_text() == "mine"
        assert sorted(p.name for p in base.iterdir()) == ["a", "input"]
    unpack(zipped(tmp_path / "a.zip", a="mine", input__b="new"), base)
    assert (base / "input/b").read_text() == "new"


def test_a_sparse_member_and_a_bomb_are_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "s.tar", "w", format=tarfile.PAX_FORMAT) as packed:
        info = tarfile.TarInfo("big")
        info.pax_headers = {"GNU.sparse.size": str(5 << 30), "GNU.sparse.map": f"{5 << 30},0", "GNU.sparse.major": "0"}
        packed.addfile(info)
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as packed_zip, packed_zip.open("z", "w") as out:
        for _ in range(500):
            out.write(bytes(1 << 20))
    for name, says in (("s.tar", "sparse|GiB"), ("b.zip", "GiB")):
        with pytest.raises(SlkdBenchError, match=says):
            unpack(tmp_path / name, tmp_path / "out")
        assert not list((tmp_path / "out").iterdir())


def test_damaged_xz_and_empty_names(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as packed:
        info = tarfile.TarInfo("a")
        info.size = 50_000
        packed.addfile(info, io.BytesIO(bytes(range(250)) * 200))
    whole = lzma.compress(stream.getvalue())
    for place in range(20, len(whole) - 1, max(1, len(whole) // 20)):
        (tmp_path / "a.tar.xz").write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
        with pytest.raises(BadData):
            unpack(tmp_path / "a.tar.xz", tmp_path / "out")
    with zipfile.ZipFile(tmp_path / "e.zip", "w") as packed_zip:
        packed_zip.writestr(zipfile.ZipInfo(""), "x")
    with pytest.raises(BadData):
        unpack(tmp_path / "e.zip", tmp_path / "out")
