"""A headless Chromium driven over WebDriver, with the standard library alone."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


def chromium() -> tuple[str, str] | None:
    """The paths of Chromium and of ChromeDriver, or None where one is missing."""
    browser = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
    )
    driver = shutil.which("chromedriver")
    return (browser, driver) if browser and driver else None


class Browser:
    """One session: what a person does with a page (look, click, type, press keys), and what the page then says."""

    def __init__(self, address: str, session: str) -> None:
        self._base = f"{address}/session/{session}"

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return call(method, self._base + path, body)

    def open(self, page: Path) -> None:
        self._call("POST", "/url", {"url": page.resolve().as_uri()})

    def run(self, script: str, *arguments: Any) -> Any:
        return self._call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def find(self, selector: str) -> str:
        result: str = self._call("POST", "/element", {"using": "css selector", "value": selector})[_ELEMENT]
        return result

    def click(self, selector: str) -> None:
        self._call("POST", f"/element/{self.find(selector)}/click", {})

    def type(self, selector: str, text: str) -> None:
        self._call("POST", f"/element/{self.find(selector)}/value", {"text": text})

    def press(self, *keys: str) -> None:
        """Presses keys where the focus is, by their WebDriver codes or as characters."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._call("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def texts(self, selector: str) -> list[str]:
        """The visible text of all that match."""
        result: list[str] = self.run(
            "return [...document.querySelectorAll(arguments[0])].filter(e => e.offsetParent !== null)"
            ".map(e => e.innerText.trim())",
            selector,
        )
        return result

    def attribute(self, selector: str, name: str) -> str | None:
        result: str | None = self._call("GET", f"/element/{self.find(selector)}/attribute/{name}")
        return result

    def emulate(self, width: int, height: int, scheme: str = "light", media: str = "") -> None:
        """A screen of this size in CSS pixels, in light or dark mode."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self._devtools("Emulation.setDeviceMetricsOverride", **size)
        wishes = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}  # a click waits for no scrolling
        features = [{"name": name, "value": value} for name, value in wishes.items()]
        self._devtools("Emulation.setEmulatedMedia", media=media, features=features)

    def log(self) -> list[str]:
        """What the page's console said so far."""
        return [entry["message"] for entry in self._call("POST", "/se/log", {"type": "browser"})]

    def picture(self, to: Path, whole: bool = False) -> None:
        taken = self._devtools(
            "Page.captureScreenshot",
            captureBeyondViewport=whole,
            **(
                {
                    "clip": {
                        "x": 0,
                        "y": 0,
                        **self.run(
                            "const d = document.documentElement;return {width: d.clientWidth, height: d.scrollHeight}"
                        ),
                        "scale": 1,
                    }
                }
                if whole
                else {}
            ),
        )
        to.write_bytes(base64.b64decode(taken["data"]))

    def _devtools(self, command: str, **parameters: Any) -> Any:
        return self._call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})


def call(method: str, address: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]
    except urllib.error.HTTPError as problem:
        raise RuntimeError(json.load(problem)["value"]["message"]) from problem


@contextmanager
def started(browser: str, driver: str) -> Iterator[Browser]:
    """A browser for the time of the context, with a profile of its own that is thrown away."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [driver, f"--port={port}", "--silent"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        with tempfile.TemporaryDirectory() as profile:
            _wait(address)
            options = {"binary": browser, "args": [*ARGUMENTS, f"--user-data-dir={profile}"]}
            wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
            session = call("POST", f"{address}/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
            try:
                yield Browser(address, session)
            finally:
                call("DELETE", f"{address}/session/{session}")
    finally:
        process.terminate()
        process.wait(10)


def _wait(address: str) -> None:
    for _ in range(150):
        try:
            if call("GET", f"{address}/status")["ready"]:
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("ChromeDriver did not answer within 15 seconds")
