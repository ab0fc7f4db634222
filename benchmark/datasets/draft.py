"""Writing a passport from a folder of pairs: what can be counted is counted, the rest is for its owner to say."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from benchmark.core import paths
from benchmark.core.errors import BadData
from benchmark.core.files import write_atomically
from benchmark.core.types import Task
from benchmark.datasets.pairs import open_folder
from benchmark.datasets.passport import passports, read_passport


@dataclass(frozen=True)
class Draft:
    """What a folder does not say of itself: its task and protocol, and the id and title wanted (empty: its name's)."""

    task: Task
    protocol: str
    id: str = ""
    title: str = ""


def write_passport(folder: Path, draft: Draft) -> Path:
    """Write the passport of a folder with `input` and `target` into the user's own folder, and give its path.

    Raises BadData for a folder that is no set of pairs, and for an id that is taken.
    """
    data = open_folder(folder, draft.protocol, draft.task)
    id = draft.id or re.sub(r"[^a-z0-9._-]+", "-", folder.resolve().name.lower()).strip("-._") or "own"
    path = paths.user_passports() / f"{id}.toml"
    if id in passports() or path.exists():
        raise BadData(f"a new id, not '{id}'", f"a data set of that name ({path})", "Give another with --id.")
    sizes = sorted({f"{w}x{h}" for w, h in (entry.clean.size() for entry in data.entries if entry.clean is not None)})
    lines = [
        f"title = {_text(draft.title or folder.resolve().name)}",
        f"task = {_text(draft.task)}",
        f"protocol = {_text(draft.protocol)}",
        f"counts = [{len(data)}]",
        *([f"sizes = [{', '.join(map(_text, sizes))}]"] if len(sizes) <= 4 else []),
        f"folder = {_text(str(folder.resolve()))}",
        'source = "unknown"  # where it comes from',
        'licence = "unknown"  # on what terms',
        "",
        "[[layouts]]",
        'id = "input-target"',
        'kind = "pairs"',
        'degraded = ["input/*"]',
        'clean = ["target/*"]',
        'rule = "equal"',
        "",
    ]
    write_atomically(path, "\n".join(lines))
    try:
        read_passport(path)
    except BadData:
        path.unlink()
        raise
    return path


def _text(value: str) -> str:
    """A TOML string."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
