"""The log of a run: metrics.jsonl always, TensorBoard where it is installed and asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Log:
    """One JSON object a line in `folder`/metrics.jsonl; what a killed run wrote after step `from_step` is cut off."""

    def __init__(self, folder: Path, from_step: int, tensorboard: bool = False) -> None:
        self.path = folder / "metrics.jsonl"
        kept = [row for row in read_log(self.path) if _steps_needed(row) <= from_step] if from_step else []
        self.path.write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")
        self._file = self.path.open("a", encoding="utf-8")
        self._writer: Any = None
        if tensorboard:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError:
                return
            self._writer = SummaryWriter(str(folder / "tensorboard"), purge_step=from_step or None)

    def write(self, kind: str, step: int, **values: Any) -> None:
        """Append one row: `kind` (train, gradients, validation), step, and numbers or dicts of numbers by name."""
        self._file.write(json.dumps({"kind": kind, "step": step, **values}) + "\n")
        self._file.flush()
        if self._writer is not None:
            for name, value in values.items():
                for tag, number in value.items() if isinstance(value, dict) else [("", value)]:
                    if isinstance(number, int | float):
                        self._writer.add_scalar(f"{kind}/{name}{'/' if tag else ''}{tag}", number, step)

    def close(self) -> None:
        """Close the files."""
        self._file.close()
        if self._writer is not None:
            self._writer.close()


def _steps_needed(row: dict[str, Any]) -> int:
    """How many steps a run has done when it writes `row`: gradients are logged within their step, the rest after it."""
    return int(row.get("step", 0)) + (row.get("kind") == "gradients")


def read_log(path: Path) -> list[dict[str, Any]]:
    """The rows of a metrics.jsonl; a last line that was cut off by a kill is left out, a missing file is empty."""
    rows: list[dict[str, Any]] = []
    if path.is_file():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                rows.append(json.loads(line))
            except (ValueError, RecursionError):
                continue
    return rows
