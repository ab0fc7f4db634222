"""Downloading: pooch checks the hash and names the file, and a transfer that was cut goes on where it stopped."""

from __future__ import annotations

import filecmp
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from benchmark.core.errors import BadData, BadOutput
from benchmark.core.files import cannot_write, sha256_of
from benchmark.datasets.passport import Download, Passport
from benchmark.datasets.transfer import Resuming
from benchmark.datasets.unpack import is_archive, unpack

_BY_HAND = ("drive.google.com", "docs.google.com", "pan.baidu.com", "1drv.ms", "onedrive.live.com", "mega.nz")


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
    if (base / ".downloads").is_file():
        raise BadOutput(f"a folder '{base / '.downloads'}' for what arrives", "a file", "Move it away.")
    done = []
    for download in downloads:
        path, digest = fetch_file(download, base / ".downloads", instructions(passport, base), progress)
        sure = "checked" if download.sha256 else "no published checksum to compare it with"
        done.append(f"{path.name}: SHA-256 {digest} ({sure})")
        if download.unpack and is_archive(path):
            done += [f"unpacked {entry}" for entry in unpack(path, base)]
        elif path.suffix.lower() == ".mat" or not download.unpack:
            done.append(f"placed {_placed(path, base / path.name)}")
        else:
            unpack(path, base)  # says what the file is instead
        path.unlink()
    folder = base / ".downloads"
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
    return done


def _placed(path: Path, target: Path) -> Path:
    """Copy a file into place. Raises BadData where another one is there."""
    if target.exists() and not (target.is_file() and filecmp.cmp(path, target, shallow=False)):
        found = "a folder" if target.is_dir() else "another file"
        raise BadData(f"a free place '{target}' for what was fetched", found, "Move it away, and fetch again.")
    return Path(shutil.copy2(path, target))


def fetch_file(download: Download, folder: Path, by_hand: str, progress: bool = True) -> tuple[Path, str]:
    """Download one file into `folder` and give its path and SHA-256; `by_hand` is what ByHand tells a person to do.

    Raises like `fetch`, and BadOutput where another process fetches into the same folder.
    """
    import pooch

    try:
        parts = urlsplit(download.url)
        host = parts.hostname or ""
    except ValueError as error:
        raise BadData("an address", f"'{download.url}' ({error})", "Check --url.") from error
    if host in _BY_HAND:
        raise ByHand("a direct address", f"the drive page {download.url}", by_hand)
    if parts.scheme not in ("http", "https") or not host:
        raise BadData("an address that starts with http:// or https://", f"'{download.url}'", "Check --url.")
    folder.mkdir(parents=True, exist_ok=True)
    pooch.get_logger().setLevel("ERROR")
    known = f"sha256:{download.sha256.lower()}" if download.sha256 else None
    name = _name(parts.path)
    with _alone(folder):
        for left in folder.glob("tmp*"):  # of a fetch that was killed
            left.unlink(missing_ok=True)
        try:
            downloader = Resuming(folder / f"{name}.part", progress)
            path = Path(pooch.retrieve(download.url, known, name, folder, downloader=downloader))
        except ValueError as error:  # pooch's word for a hash that differs
            found, remedy = f"another file at {download.url}", "Ask for the right hash, or take another mirror."
            raise BadData(f"SHA-256 {download.sha256}", found, remedy) from error
        except OSError as error:
            raise cannot_write(folder / name, error) from error
        return path, sha256_of(path)


def instructions(passport: Passport, base: Path) -> str:
    """What to download by hand and where to put it."""
    how = passport.by_hand or f"Download it from {passport.source}."
    return f"{how} Here means '{base}'; then run 'slkd-bench data verify {passport.id}'."


def _name(path: str) -> str:
    """A file name made from the path of an address, whatever stands in it."""
    name = Path(unquote(path, errors="replace").replace("\0", "")).name
    name = "" if name in (".", "..") else name
    stem, dot, ending = name.rpartition(".")
    short = f"{stem[:80]}{dot}{ending[:20]}" if dot else name[:100]
    return short or "download"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keeps other processes from fetching into `folder` meanwhile. Raises BadOutput where one does already."""
    lock = folder / ".lock"
    with lock.open("wb") as file:
        try:
            import fcntl

            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:
            pass
        except OSError as error:
            remedy = "Wait until it is done, or stop it."
            raise BadOutput(f"'{folder}' for this fetch alone", "another fetch at work in it", remedy) from error
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)
