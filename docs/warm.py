"""One interpreter with the heavy libraries in it, which forks for each command: many commands, one import of torch.

`with served(folder) as interpreter:` gives a program that takes `-m MODULE ...`, `FILE ...` or `-` as python does. Each call
is a process of its own with the caller's folder, environment and streams; nothing of this project is imported before.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HEAVY = (
    *("torch", "torch._inductor.config", "scipy.signal", "scipy.stats", "scipy.ndimage", "PIL.Image", "cv2"),
    *("rich.table", "typer", "pydantic", "pandas", "tabulate", "matplotlib.figure", "onnxruntime"),
)
_CLIENT = """\
import json, os, socket, sys
line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
line.connect(sys.argv[1])
call = {"words": sys.argv[2:], "folder": os.getcwd(), "environment": dict(os.environ)}
socket.send_fds(line, [json.dumps(call).encode()], [0, 1, 2])
code = line.recv(1)
sys.exit(code[0] if code else 137)
"""


@contextlib.contextmanager
def served(folder: Path) -> Iterator[Path]:
    """A program like python in `folder`, while this lasts. Raises RuntimeError where it does not come up."""
    place, client, program = folder / "line", folder / "client.py", folder / "warm-python"
    client.write_text(_CLIENT, encoding="utf-8")
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -S -I {client} {place} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen([sys.executable, "-P", __file__, str(place)], env=environment) as server:
        try:
            deadline = time.monotonic() + 600  # importing takes minutes on a machine with much to do
            while not place.exists():
                if server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"expected a socket at {place}; found none. Run {__file__} by hand.")
                time.sleep(0.02)
            yield program
        finally:
            server.terminate()


def serve(place: str) -> None:
    """Answers calls at the socket `place` until it is ended."""
    for name in HEAVY:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forked
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
        line.bind(f"{place}.new")
        line.listen()
        Path(f"{place}.new").rename(place)
        while True:
            caller, _ = line.accept()
            message, streams, _, _ = socket.recv_fds(caller, 1 << 20, 3)
            if os.fork() == 0:
                _answer(caller, json.loads(message), streams)
            caller.close()
            for stream in streams:
                os.close(stream)


def _answer(caller: socket.socket, call: dict[str, Any], streams: list[int]) -> None:
    """Never returns: ends the forked process with the exit code of the call, or when the caller is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    threading.Thread(target=lambda: (caller.recv(1), os._exit(1)), daemon=True).start()
    for number, given in enumerate(streams):
        os.dup2(given, number)
    os.chdir(call["folder"])
    os.environ.clear()
    os.environ.update(call["environment"])
    sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    code = 1
    try:
        _run(call["words"])
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    caller.send(bytes([code & 255]))
    os._exit(code)


def _run(words: list[str]) -> None:
    first, *rest = words
    folder = str(Path.cwd()) if first.startswith("-") else str(Path(first).resolve().parent)
    sys.path[:0] = [folder, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    importlib.invalidate_caches()
    sys.argv = rest if first == "-m" else words
    if first == "-m":
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    elif first == "-":
        with tempfile.TemporaryDirectory() as place:
            program = Path(place) / "stdin.py"
            program.write_bytes(sys.stdin.buffer.read())
            runpy.run_path(str(program), run_name="__main__")
    else:
        runpy.run_path(first, run_name="__main__")


if __name__ == "__main__":
    serve(sys.argv[1])
