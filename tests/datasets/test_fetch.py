"""Downloading from a local server and unpacking: cuts, wrong hashes, web pages and hostile archives."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from benchmark.core.errors import BadData
from benchmark.datasets import describe, get_dataset
from benchmark.datasets.fetch import ByHand, fetch
from benchmark.datasets.unpack import unpack
from tests.datasets.trees import TREES

PIECE = 1 << 14


class Server(ThreadingHTTPServer):
    """Serves `files`; `cuts` holds after how many bytes each of the next answers breaks off."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, tuple[bytes, str]] = {}
        self.cuts: list[int] = []
        self.ranges: list[str | None] = []
        self.sent: list[int] = []
        self.ranged = True
        self.address = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """Answers for its `Server`."""

    server: Server

    def do_GET(self) -> None:
        server = self.server
        body, kind = server.files.get(self.path, (None, ""))
        server.ranges.append(self.headers.get("Range"))
        if body is None:
            self.send_error(404)
            return
        tag = f'"{hashlib.sha256(body).hexdigest()[:8]}"'
        wanted = self.headers.get("Range")
        start = 0
        if wanted and server.ranged and self.headers.get("If-Range") in (None, tag):
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= len(body):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(body)}")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(body) - start))
        self.send_header("Content-Type", kind)
        self.send_header("ETag", tag)
        self.end_headers()
        piece = body[start:]
        if server.cuts:
            piece = piece[: server.cuts.pop(0)]
            server.sent.append(len(piece))
            self.wfile.write(piece)
            self.wfile.flush()
            self.close_connection = True
            return
        server.sent.append(len(piece))
        self.wfile.write(piece)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def archive(tmp_path: Path) -> tuple[bytes, str]:
    """A zip of a small Rain100L, and its hash."""
    TREES["rain100l", "input-target"](tmp_path / "made/Rain100L")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        for path in sorted((tmp_path / "made").rglob("*.png")):
            packed.write(path, path.relative_to(tmp_path / "made"))
        packed.writestr("Rain100L/noise.bin", np.random.default_rng(0).bytes(300_000))
    return stream.getvalue(), hashlib.sha256(stream.getvalue()).hexdigest()


def get(server: Server, tmp_path: Path, path: str = "/set.zip", sha256: str = "", name: str = "rain100l") -> list[str]:
    return fetch(describe(name), tmp_path / "data" / name, server.address + path, sha256, progress=False)


def test_fetch_checks_and_unpacks(
    server: Server, tmp_path: Path, archive: tuple[bytes, str], expect: Callable[..., None]
) -> None:
    body, digest = archive
    server.files["/set.zip"] = (body, "application/zip")
    lines = get(server, tmp_path, sha256=digest.upper())
    assert any(digest in line and "(checked)" in line for line in lines)
    expect("rain100l", 2)
    assert get_dataset("rain100l", root=tmp_path / "data").names() == ["norain-1", "norain-2"]
    assert not (tmp_path / "data/rain100l/.downloads").exists()


def test_without_a_hash_it_says_so(server: Server, tmp_path: Path, archive: tuple[bytes, str]) -> None:
    server.files["/set.zip"] = (archive[0], "application/zip")
    assert any(archive[1] in line and "no published checksum" in line for line in get(server, tmp_path))


def test_a_cut_transfer_goes_on_at_once(server: Server, tmp_path: Path, archive: tuple[bytes, str]) -> None:
    body, digest = archive
    server.files["/set.zip"] = (body, "application/zip")
    server.cuts = [6 * PIECE, 3 * PIECE]
    get(server, tmp_path, sha256=digest)
    assert server.ranges == [None, f"bytes={6 * PIECE}-", f"bytes={9 * PIECE}-"]
    assert sum(server.sent) == len(body)


def test_a_cut_command_goes_on_the_next_time(server: Server, tmp_path: Path, archive: tuple[bytes, str]) -> None:
    body, digest = archive
    server.files["/set.zip"] = (body, "application/zip")
    server.cuts = [6 * PIECE, PIECE, PIECE]
    with pytest.raises(BadData, match=rf"{8 * PIECE:,} bytes.*goes on from there"):
        get(server, tmp_path, sha256=digest)
    server.sent.clear()
    get(server, tmp_path, sha256=digest)
    assert server.ranges[-1] == f"bytes={8 * PIECE}-"
    assert sum(server.sent) == len(body) - 8 * PIECE


def test_a_server_without_ranges_starts_anew(server: Server, tmp_path: Path, archive: tuple[bytes, str]) -> None:
    body, digest = archive
    server.files["/set.zip"] = (body, "application/zip")
    server.ranged = False
    server.cuts = [100_000]
    get(server, tmp_path, sha256=digest)
    assert server.sent == [100_000, len(body)]


def test_a_changed_file_is_not_glued_together(server: Server, tmp_path: Path, archive: tuple[bytes, str]) -> None:
    body, digest = archive
    server.files["/set.zip"] = (bytes(len(body)), "application/zip")
    server.cuts = [100_000, 0, 0]
    with pytest.raises(BadData):
        get(server, tmp_path, sha256=digest)
    server.files["/set.zip"] = (body, "application/zip")
    get(server, tmp_path, sha256=digest)


def test_a_finished_part_is_not_fetched_again(server: Server, tmp_path: Path, archive: tuple[bytes, str]) -> None:
    body, digest = archive
    server.files["/set.zip"] = (body, "application/zip")
    folder = tmp_path / "data/rain100l/.downloads"
    folder.mkdir(parents=True)
    (folder / "set.zip.part").write_bytes(body)
    tag = {"url": f"{server.address}/set.zip", "validator": f'"{digest[:8]}"', "total": len(body)}
    (folder / "set.zip.tag").write_text(json.dumps(tag))
    get(server, tmp_path, sha256=digest)
    assert server.sent == []


def test_a_wrong_hash_keeps_nothing(server: Server, tmp_path: Path, archive: tuple[bytes, str]) -> None:
    server.files["/set.zip"] = (archive[0], "application/zip")
    with pytest.raises(BadData, match="SHA-256"):
        get(server, tmp_path, sha256="0" * 64)
    assert not [path for path in (tmp_path / "data").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<!DOCTYPE html><title>Quota exceeded</title>", "application/octet-stream"),
        (b"\n  <html><body>Sign in</body></html>", "application/zip"),
        (b"whatever", "text/html; charset=utf-8"),
    ],
)
@pytest.mark.parametrize("sha256", ["", "0" * 64])
def test_a_web_page_is_recognised(server: Server, tmp_path: Path, body: bytes, kind: str, sha256: str) -> None:
    server.files["/set.zip"] = (body, kind)
    with pytest.raises(BadData, match="web page"):
        get(server, tmp_path, sha256=sha256)
    assert not list((tmp_path / "data").rglob("*.part"))


def test_a_missing_file_and_a_bad_address(server: Server, tmp_path: Path) -> None:
    with pytest.raises(BadData, match="404"):
        get(server, tmp_path, "/none.zip")
    with pytest.raises(BadData, match="http"):
        fetch(describe("rain100l"), tmp_path, "ftp://127.0.0.1/x.zip", progress=False)
    with pytest.raises(BadData, match="cut after 0 bytes"):
        fetch(describe("rain100l"), tmp_path, "http://127.0.0.1:1/x.zip", progress=False)


def test_something_that_is_no_archive(server: Server, tmp_path: Path) -> None:
    server.files["/set.zip"] = (b"Rar!\x1a\x07\x00 and so on", "application/zip")
    with pytest.raises(BadData, match="rar archive"):
        get(server, tmp_path)


def test_a_mat_file_is_placed(server: Server, tmp_path: Path) -> None:
    body = b"MATLAB 5.0 MAT-file" + bytes(200)
    server.files["/ValidationGtBlocksSrgb.mat"] = (body, "application/octet-stream")
    get(server, tmp_path, "/ValidationGtBlocksSrgb.mat", name="sidd")
    assert (tmp_path / "data/sidd/ValidationGtBlocksSrgb.mat").read_bytes() == body


@pytest.mark.parametrize("name", ["test2800", "sidd", "rain1400"])
def test_by_hand_says_what_and_where(tmp_path: Path, name: str) -> None:
    with pytest.raises(ByHand) as caught:
        fetch(describe(name), tmp_path / name, progress=False)
    assert str(tmp_path / name) in caught.value.remedy
    assert "https://" in caught.value.remedy
    assert f"data verify {name}" in caught.value.remedy


def test_a_drive_page_as_mirror_is_by_hand(tmp_path: Path) -> None:
    with pytest.raises(ByHand, match="drive page"):
        fetch(describe("gopro"), tmp_path, "https://drive.google.com/file/d/x/view", progress=False)


def zipped(path: Path, name: str, mode: int = 0, body: bytes = b"x") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("good/a.txt", b"good")
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        packed.writestr(info, body)
    return path


def tarred(path: Path, name: str, kind: bytes = tarfile.REGTYPE, target: str = "", body: bytes = b"x") -> Path:
    with tarfile.open(path, "w:gz") as packed:
        info = tarfile.TarInfo("good/a.txt")
        info.size = 4
        packed.addfile(info, io.BytesIO(b"good"))
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.size = kind, target, len(body) if kind == tarfile.REGTYPE else 0
        packed.addfile(info, io.BytesIO(body))
    return path


HOSTILE = {
    "zip ..": lambda path: zipped(path, "../evil.txt"),
    "zip inner ..": lambda path: zipped(path, "good/../../evil.txt"),
    "zip absolute": lambda path: zipped(path, "/tmp/evil.txt"),
    "zip backslash": lambda path: zipped(path, "..\\evil.txt"),
    "zip drive": lambda path: zipped(path, "C:\\evil.txt"),
    "zip link": lambda path: zipped(path, "link", stat.S_IFLNK | 0o777, b"/etc/passwd"),
    "zip bomb": lambda path: zipped(path, "good/big.bin", body=bytes(3_000_000)),
    "tar ..": lambda path: tarred(path, "../evil.txt"),
    "tar absolute": lambda path: tarred(path, "/tmp/evil.txt"),
    "tar symlink": lambda path: tarred(path, "link", tarfile.SYMTYPE, "/etc"),
    "tar hard link": lambda path: tarred(path, "link", tarfile.LNKTYPE, "../../evil"),
    "tar device": lambda path: tarred(path, "pipe", tarfile.FIFOTYPE),
    "tar bomb": lambda path: tarred(path, "good/big.bin", body=bytes(3_000_000)),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_archives_write_nothing(tmp_path: Path, kind: str) -> None:
    path = HOSTILE[kind](tmp_path / "archive")
    with pytest.raises(BadData) as caught:
        unpack(path, tmp_path / "a/b/out", max_bytes=1_000_000)
    assert str(path) in str(caught.value)
    assert not list((tmp_path / "a/b/out").iterdir())
    assert not [p for p in tmp_path.rglob("*") if "evil" in p.name]


@pytest.mark.parametrize("make", [zipped, tarred])
def test_damaged_archives_write_nothing(tmp_path: Path, make: Callable[..., Path]) -> None:
    path = make(tmp_path / "archive", "good/b.bin", body=np.random.default_rng(0).bytes(200_000))
    whole = path.read_bytes()
    for damaged in (whole[:100_000], whole[:60_000] + bytes(2000) + whole[62_000:]):
        path.write_bytes(damaged)
        with pytest.raises(BadData):
            unpack(path, tmp_path / "out")
        assert not list((tmp_path / "out").rglob("*"))


@pytest.mark.parametrize("make", [zipped, tarred])
def test_good_archives_fill_a_folder_up(tmp_path: Path, make: Callable[..., Path]) -> None:
    path = make(tmp_path / "archive", "good/deep/b.txt", body=b"b")
    (tmp_path / "out/good").mkdir(parents=True)
    (tmp_path / "out/good/mine.txt").write_text("mine")
    assert unpack(path, tmp_path / "out") == [tmp_path / "out/good"]
    inside = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*") if p.is_file()}
    assert inside == {"good/a.txt", "good/deep/b.txt", "good/mine.txt"}


def test_too_many_files(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="1 files"):
        unpack(zipped(tmp_path / "archive", "good/b.txt"), tmp_path / "out", max_files=1)
