"""Downloading: pooch checks the hash and names the file, and a transfer that was cut goes on where it stopped."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from benchmark.core.errors import BadData, BadOutput
from benchmark.core.files import sha256_of
from benchmark.datasets.passport import Download, Passport
from benchmark.datasets.unpack import is_archive, unpack

_BY_HAND = ("drive.google.com", "docs.google.com", "pan.baidu.com", "1drv.ms", "onedrive.live.com", "mega.nz")
_TRIES = 3
_TIMEOUT = 30


class ByHand(BadData):
    """Nothing that a program can fetch: the message says what to download and where to put it (exit code 3)."""


def fetch(passport: Passport, base: Path, url: str = "", sha256: str = "", progress: bool = True) -> list[str]:
    """Download an official data set's files into `base`, check and unpack them; gives what was done, a line each.

    `url` and `sha256` replace the passport's own addresses with anybody's mirror. Raises ByHand where only a drive
    page or a form exists, BadData for a wrong hash, a web page in place of a file, a cut transfer or a bad archive.
    """
    downloads = (Download(url, sha256),) if url else passport.downloads
    if not downloads:
        raise ByHand(f"a direct address of {passport.title}", "none in its passport", instructions(passport, base))
    done = []
    for download in downloads:
        path, digest = fetch_file(download, base / ".downloads", passport, base, progress)
        sure = "checked" if download.sha256 else "no published checksum to compare it with"
        done.append(f"{path.name}: SHA-256 {digest} ({sure})")
        if download.unpack and is_archive(path):
            done += [f"unpacked {entry}" for entry in unpack(path, base)]
        elif path.suffix.lower() == ".mat" or not download.unpack:
            done.append(f"placed {shutil.copy2(path, base / path.name)}")
        else:
            unpack(path, base)  # says what the file is instead
        path.unlink()
    if not any((base / ".downloads").iterdir()):
        (base / ".downloads").rmdir()
    return done


def fetch_file(
    download: Download, folder: Path, passport: Passport, base: Path, progress: bool = True
) -> tuple[Path, str]:
    """Download one file into `folder` and give its path and SHA-256. Raises like `fetch`."""
    import pooch

    parts = urlsplit(download.url)
    host = parts.hostname or ""
    if host in _BY_HAND:
        raise ByHand("a direct address", f"the drive page {download.url}", instructions(passport, base))
    if parts.scheme not in ("http", "https") or not host:
        raise BadData("an address that starts with http:// or https://", f"'{download.url}'", "Check --url.")
    name = Path(unquote(parts.path)).name or "download"
    folder.mkdir(parents=True, exist_ok=True)
    pooch.get_logger().setLevel("ERROR")
    known = f"sha256:{download.sha256.lower()}" if download.sha256 else None
    try:
        downloader = Resuming(folder / f"{name}.part", progress)
        path = Path(pooch.retrieve(download.url, known, name, folder, downloader=downloader))
    except ValueError as error:  # pooch's word for a hash that differs
        found = f"another file at {download.url}"
        raise BadData(f"SHA-256 {download.sha256}", found, "Ask for the right hash, or take another mirror.") from error
    return path, sha256_of(path)


def instructions(passport: Passport, base: Path) -> str:
    """What to download by hand and where to put it."""
    how = passport.by_hand or f"Download it from {passport.source}."
    return f"{how} Here means '{base}'; then run 'slkd-bench data verify {passport.id}'."


class Resuming:
    """A pooch downloader that keeps what arrived in a `.part` file and asks a server only for the rest (RFC 9110)."""

    def __init__(self, part: Path, progress: bool = True) -> None:
        self.part, self.progress = part, progress
        self.tag = part.with_suffix(".tag")

    def __call__(self, url: str, output_file: str, pooch: Any, check_only: bool = False) -> bool | None:
        """Download `url` to `output_file`, resuming up to three times when the transfer is cut."""
        import requests

        problem: Exception | None = None
        for _ in range(_TRIES):
            try:
                if self._attempt(url):
                    shutil.move(self.part, output_file)
                    self.tag.unlink(missing_ok=True)
                    return None
            except requests.RequestException as error:
                problem = error
        have = self.part.stat().st_size if self.part.is_file() else 0
        found = f"a transfer cut after {have:,} bytes" + (f" ({problem})" if problem else "")
        raise BadData(f"all of {url}", found, "Run the same command again: it goes on from there.") from problem

    def _attempt(self, url: str) -> bool:
        """Ask once for what is missing; True when all of it is there."""
        import requests

        have = self.part.stat().st_size if self.part.is_file() else 0
        saved = self.tag.read_text(encoding="utf-8") if self.tag.is_file() else ""
        address, _, tag = saved.partition("\n")
        if have and address != url:
            self.part.unlink()
            have = 0
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
            if tag:
                headers["If-Range"] = tag
        with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as reply:
            if reply.status_code == 416:  # nothing after what we have: whole already, or another file now
                whole = reply.headers.get("Content-Range", "").rpartition("/")[2] == str(have)
                if not whole:
                    self.part.unlink()
                return whole
            if reply.status_code not in (200, 206):
                remedy = "Check the address, or take another mirror with --url."
                raise BadData(f"{url}", f"the server's answer {reply.status_code} {reply.reason}", remedy)
            start = _first_byte(reply.headers.get("Content-Range", "")) if reply.status_code == 206 else 0
            if start != have:
                if start:
                    self.part.unlink()
                    return False
                have = 0
            return self._receive(url, reply, have)

    def _receive(self, url: str, reply: Any, have: int) -> bool:
        """Append the answer's body to what is there."""
        length = reply.headers.get("Content-Length")
        total = have + int(length) if length is not None and length.isdigit() else None
        tag = reply.headers.get("ETag") or reply.headers.get("Last-Modified") or ""
        if total is not None and total - have > shutil.disk_usage(self.part.parent).free:
            found = f"{shutil.disk_usage(self.part.parent).free / 1e9:.1f} GB free"
            raise BadOutput(f"{(total - have) / 1e9:.1f} GB of space in '{self.part.parent}'", found, "Make room.")
        self.tag.write_text(f"{url}\n{'' if tag.startswith('W/') else tag}", encoding="utf-8")
        pieces = reply.iter_content(1 << 14)  # a cut loses at most one piece
        with self.part.open("ab" if have else "wb") as out, _bar(url, total, have, self.progress) as advance:
            for piece in pieces:
                if out.tell() == 0 and _is_page(piece, reply.headers.get("Content-Type", "")):
                    out.close()
                    self.part.unlink()
                    remedy = "Open the address in a browser: it may ask for a login or a confirmation."
                    raise BadData(f"a file at {url}", "a web page in its place", remedy)
                out.write(piece)
                advance(len(piece))
            return total is None or out.tell() == total


def _first_byte(content_range: str) -> int:
    """The first byte's number in a Content-Range header, 0 where it cannot be read."""
    first = content_range.removeprefix("bytes ").partition("-")[0]
    return int(first) if first.isdigit() else 0


def _is_page(piece: bytes, kind: str) -> bool:
    start = piece[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return kind.startswith("text/html") or start.startswith((b"<!doctype html", b"<html", b"<head"))


@contextmanager
def _bar(url: str, total: int | None, have: int, wanted: bool) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error where that is a terminal; gives the function that advances it."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not wanted or not console.is_terminal) as progress:
        task = progress.add_task(Path(urlsplit(url).path).name, total=total, completed=have)
        yield lambda count: progress.advance(task, count)
