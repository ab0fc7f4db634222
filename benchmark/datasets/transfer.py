"""One file over the network: resumed where it was cut, never joined from two versions, never waited for without end."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmark.core.errors import BadData, BadOutput
from benchmark.core.files import is_web_page

TRIES = 3
STALL = 60.0
"""Seconds within which the next piece has to come: 16 KiB of it, so a server of less than 280 bytes a second is left."""
_PIECE = 1 << 14  # a cut loses at most one piece
_CONNECT = 30


@dataclass
class _State:
    """What one attempt has come to, seen from the thread that waits for it."""

    moved: float = field(default_factory=time.monotonic)
    stopped: bool = False
    done: bool = False
    problem: BaseException | None = None


class Resuming:
    """A pooch downloader that keeps what arrived in a `.part` file and asks a server only for the rest (RFC 9110)."""

    def __init__(self, part: Path, progress: bool = True) -> None:
        self.part, self.progress = part, progress
        self.tag = part.with_suffix(".tag")

    def __call__(self, url: str, output_file: str, pooch: Any, check_only: bool = False) -> bool | None:
        """Download `url` to `output_file`, resuming up to three times when the transfer is cut."""
        import requests

        problem: Exception | None = None
        for _ in range(TRIES):
            try:
                if self._watched(url):
                    shutil.move(self.part, output_file)
                    self.tag.unlink(missing_ok=True)
                    return None
            except (requests.RequestException, TimeoutError) as error:
                problem = error
                if isinstance(error, TimeoutError):
                    break
        have = self.part.stat().st_size if self.part.is_file() else 0
        found = f"a transfer cut after {have:,} bytes" + (f" ({problem})" if problem else "")
        raise BadData(f"all of {url}", found, "Run the same command again: it goes on from there.") from problem

    def _watched(self, url: str) -> bool:
        """One attempt in a thread of its own, left alone when nothing comes any more. Raises TimeoutError then."""
        state, result = _State(), [False]

        def work() -> None:
            try:
                result[0] = self._attempt(url, state)
            except BaseException as problem:
                state.problem = problem
            finally:
                state.done = True

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        while not state.done:
            thread.join(0.2)
            if not state.done and time.monotonic() - state.moved > STALL:
                state.stopped = True
                raise TimeoutError(f"nothing more for {STALL:.0f} s")
        if state.problem is not None:
            raise state.problem
        return result[0]

    def _attempt(self, url: str, state: _State) -> bool:
        """Ask once for what is missing; True when all of it is there."""
        import requests

        saved = self._saved(url)
        have = self.part.stat().st_size if self.part.is_file() and saved is not None else 0
        headers = {"Accept-Encoding": "identity"}
        if have and saved is not None:
            headers["Range"] = f"bytes={have}-"
            if saved["validator"]:
                headers["If-Range"] = saved["validator"]
        with requests.get(url, headers=headers, stream=True, timeout=_CONNECT) as reply:
            state.moved = time.monotonic()
            if reply.status_code == 416:  # nothing after what we have: whole already, or another file now
                whole = reply.headers.get("Content-Range", "").rpartition("/")[2] == str(have)
                if not whole:
                    self._forget()
                return whole
            if reply.status_code not in (200, 206):
                remedy = "Check the address, or take another mirror with --url."
                raise BadData(f"{url}", f"the server's answer {reply.status_code} {reply.reason}", remedy)
            if reply.status_code == 206 and not _goes_on(reply, have, saved or {}):
                self._forget()
                return False
            return self._receive(url, reply, have if reply.status_code == 206 else 0, state)

    def _saved(self, url: str) -> dict[str, Any] | None:
        """What is known of the part that is there; None where it is not to be gone on with."""
        try:
            saved = json.loads(self.tag.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            saved = None
        if isinstance(saved, dict) and saved.get("url") == url and saved.get("validator"):
            return saved
        self._forget()
        return None

    def _forget(self) -> None:
        self.part.unlink(missing_ok=True)
        self.tag.unlink(missing_ok=True)

    def _receive(self, url: str, reply: Any, have: int, state: _State) -> bool:
        """Append the answer's body to what is there."""
        length = reply.headers.get("Content-Length")
        total = have + int(length) if length is not None and length.isdigit() else None
        free = shutil.disk_usage(self.part.parent).free
        if total is not None and total - have > free:
            found = f"{free / 1e9:.1f} GB free"
            raise BadOutput(f"{(total - have) / 1e9:.1f} GB of space in '{self.part.parent}'", found, "Make room.")
        told = {"url": url, "validator": _validator(reply), "total": total}
        self.tag.write_text(json.dumps(told), encoding="utf-8")
        with self.part.open("ab" if have else "wb") as out, _bar(url, total, have, self.progress) as advance:
            for piece in reply.iter_content(_PIECE):
                if state.stopped:
                    return False
                if out.tell() == 0 and is_web_page(piece, reply.headers.get("Content-Type", "")):
                    out.close()
                    self._forget()
                    remedy = "Open the address in a browser: it may ask for a login or a confirmation."
                    raise BadData(f"a file at {url}", "a web page in its place", remedy)
                out.write(piece)
                state.moved = time.monotonic()
                advance(len(piece))
            return total is None or out.tell() == total


def _validator(reply: Any) -> str:
    """What tells this version of the file from any other byte by byte: a strong ETag, or the time of its last change."""
    tag = reply.headers.get("ETag") or ""
    return tag if tag and not tag.startswith("W/") else "" if tag else reply.headers.get("Last-Modified") or ""


def _goes_on(reply: Any, have: int, saved: dict[str, Any]) -> bool:
    """Whether a 206 answer is the rest of the very file that the part is the beginning of."""
    place, _, total = reply.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
    if place.partition("-")[0] != str(have) or _validator(reply) != saved.get("validator"):
        return False
    return saved.get("total") is None or total in ("*", str(saved["total"]))


@contextmanager
def _bar(url: str, total: int | None, have: int, shown: bool) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error where that is a terminal; gives the function that advances it."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not shown or not console.is_terminal) as progress:
        task = progress.add_task(escape(Path(urlsplit(url).path).name), total=total, completed=have)
        yield lambda count: progress.advance(task, count)
