"""What a person sees while a network trains: a rich panel on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

PLAIN_EVERY = 15.0  # seconds


class LiveView:
    """Losses by term, PSNR, images a second and time left of one run.

    Plain lines come `PLAIN_EVERY` seconds apart, on a terminal too when `plain`. Nothing is shown when `quiet`.
    """

    def __init__(self, title: str, total: int, quiet: bool = False, plain: bool = False) -> None:
        self.title, self.total, self.plain = title, total, plain
        self.psnr: float | None = None
        self.notes: dict[str, str] = {}
        self._quiet, self._last = quiet, 0.0
        self._live: Any = None
        self._marks: list[tuple[float, int]] = []

    def __enter__(self) -> LiveView:
        if not self._quiet and not self.plain and sys.stdout.isatty():
            from rich.live import Live

            self._live = Live(refresh_per_second=4, transient=True)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def update(self, step: int, images: int, rate: float, terms: Mapping[str, float], loss: float) -> None:
        """Show the state after `step` steps; `images` are seen by one step of all processes together."""
        now = time.monotonic()
        self._marks = [*self._marks[-200:], (now, step)]
        if self._quiet or (self._live is None and now - self._last < PLAIN_EVERY and step < self.total):
            return
        self._last = now
        begin, first = self._marks[0]
        speed = (step - first) / (now - begin) if now > begin else 0.0
        left = _clock((self.total - step) / speed) if speed else "?"
        facts = {"loss": f"{loss:.4f}"} | ({k: f"{v:.4g}" for k, v in terms.items()} if len(terms) > 1 else {})
        facts |= {"PSNR": f"{self.psnr:.2f} dB"} if self.psnr is not None else {}
        facts |= {"rate": f"{rate:.2e}", "images/s": f"{speed * images:.1f}", "left": left} | self.notes
        if self._live is None:
            print(f"{self.title}  {step}/{self.total}  " + "  ".join(f"{k} {v}" for k, v in facts.items()), flush=True)
            return
        self._live.update(_panel(self.title, step, self.total, facts))


def _clock(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


def _panel(title: str, step: int, total: int, facts: Mapping[str, str]) -> Any:
    from rich.console import Group
    from rich.panel import Panel
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    for name, value in facts.items():
        table.add_row(name, value)
    return Panel(Group(ProgressBar(total=total, completed=step), f"{step} of {total} steps", table), title=title)
