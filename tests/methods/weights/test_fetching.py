"""The authors' checkpoints from a local server: fetched, resumed, checked, imported for the set they are for."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from benchmark.cli import app
from benchmark.core.errors import BadData
from benchmark.core.types import Scale, Task
from benchmark.methods.catalogue import methods
from benchmark.methods.find import get_method
from benchmark.methods.weights import fetching, store
from benchmark.methods.weights.card import read_card
from benchmark.methods.weights.fetching import checkpoints, fetch_weights
from benchmark.methods.weights.importing import Keep
from tests.networks.fixtures import fixture


class Handler(BaseHTTPRequestHandler):
    """Serves `server.files`; the first answer breaks off in the middle."""

    def do_GET(self) -> None:
        server: Any = self.server
        body = server.files.get(self.path)
        if body is None:
            self.send_error(404)
            return
        wanted = self.headers.get("Range")
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        server.starts.append(start)
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body) - start))
        self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()[:8]}"')
        self.end_headers()
        self.wfile.write(body[start : len(body) // 2 if len(server.starts) == 1 else None])
        self.close_connection = True

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    stream = io.BytesIO()
    torch.save({"params": dict(fixture("prenet").state())}, stream)
    server.files, server.starts = {"/net_latest.pth": stream.getvalue(), "/page.pth": b"<html>sign in</html>"}, []
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    server.address = f"http://127.0.0.1:{server.server_address[1]}"
    digest = hashlib.sha256(stream.getvalue()).hexdigest()
    table = tmp_path / "addresses.toml"
    entry = '[[checkpoint]]\nmethod = "prenet"\ntask = "deraining"\ndataset = "{}"\nfiles = [{{ url = "{}", sha256 = "{}" }}]\n'
    url = f"{server.address}/net_latest.pth"
    table.write_text(entry.format("rain100l", url, digest) + entry.format("rain100h", url, "0" * 64))
    monkeypatch.setattr(fetching, "ADDRESSES", table)
    yield server
    server.shutdown()
    server.server_close()


def test_a_checkpoint_is_fetched_resumed_checked_and_kept_for_its_set(server: Any) -> None:
    done = CliRunner().invoke(app, ["weights", "fetch", "prenet", "--for", "rain100l"])
    assert done.exit_code == 0, done.output
    assert "(checked)" in done.output
    assert server.starts[0] == 0
    assert server.starts[1] > 0
    file = store.require("prenet", Task.DERAINING, Scale.PAPER, 0, "rain100l")
    assert file.dataset == "rain100l"
    assert read_card(file.path)["address"] == f"{server.address}/net_latest.pth"
    assert store.find("prenet", Task.DERAINING, Scale.PAPER, 0, "rain1400") is None


def test_a_wrong_hash_keeps_nothing(server: Any) -> None:
    with pytest.raises(BadData, match="SHA-256"):
        fetch_weights(get_method("prenet"), Task.DERAINING, Keep("rain100h"))
    assert store.datasets("prenet", Task.DERAINING, Scale.PAPER) == []


def test_another_address_and_a_page_in_its_place(server: Any) -> None:
    method = get_method("prenet")
    fetch_weights(method, Task.DERAINING, url=f"{server.address}/net_latest.pth")
    assert store.find("prenet", Task.DERAINING, Scale.PAPER) is not None
    ((_, _, told),) = fetch_weights(method, Task.DERAINING, url=f"{server.address}/net_latest.pth")
    assert "unverified" in told  # no checksum of it is known
    with pytest.raises(BadData, match="web page"):
        fetch_weights(method, Task.DERAINING, url=f"{server.address}/page.pth")


def test_what_only_a_person_can_fetch() -> None:
    done = CliRunner().invoke(app, ["weights", "fetch", "mprnet", "--task", "deraining"])
    assert done.exit_code == 3
    assert "https://github.com/swz30/MPRNet" in done.output
    assert "weights import mprnet" in done.output


def test_every_published_network_has_an_address() -> None:
    for method in methods():
        if method.network and method.kind in ("teacher", "lightweight"):
            assert checkpoints(method.id), method.id
    known = {method.id: method for method in methods()}
    for method_id in known:
        for one in checkpoints(method_id):
            assert bool(one.files) != bool(one.page)
            assert one.page or one.task in known[method_id].tasks
            assert all(file.url.startswith("https://") for file in one.files)
