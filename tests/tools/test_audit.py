"""The audit says what is vulnerable, and never calls a package safe that nobody looked up."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tools import audit

TOP = Path(__file__).resolve().parents[2]
FOUND = {"id": "PYSEC-2099-1", "fix_versions": ["1.1"], "description": "x"}
CLEAN = {"name": "numpy", "version": "2.0", "vulns": []}
BAD = {"name": "left", "version": "1.0", "vulns": [FOUND]}
MISSED = {"name": "torch", "skip_reason": "Dependency not found on PyPI and could not be audited: torch (2.13.0+cpu)"}


def told(*packages: object) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def test_a_known_vulnerability_is_named_with_what_mends_it() -> None:
    found = audit.read(told(CLEAN, BAD, MISSED))
    assert (found.looked_up, found.vulnerable) == (2, ("left 1.0: PYSEC-2099-1, mended in 1.1",))
    text = audit.tell(found, [])
    assert "2 packages looked up, 1 known" in text
    assert "not looked up: Dependency not found on PyPI and could not be audited: torch" in text


def test_data_out_of_reach_is_said_and_the_packages_listed() -> None:
    for found in (audit.read(told(MISSED)), audit.read("", "Traceback\nConnectionError: no route")):
        text = audit.tell(found, ["numpy 2.0", "torch 2.13.0"])
        assert "NOTHING WAS LOOKED UP" in text
        assert text.endswith("  numpy 2.0\n  torch 2.13.0")
    assert "ConnectionError: no route" in audit.tell(audit.read("", "Traceback\nConnectionError: no route"), [])


def test_our_own_code_is_clean_under_bandit() -> None:
    words = ["--quiet", "--configfile", "pyproject.toml", "--recursive", *audit.OWN]
    done = subprocess.run([sys.executable, "-m", "bandit", *words], cwd=TOP, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("output", "plain", "strict"),
    [(told(CLEAN), 0, 0), (told(BAD), 1, 1), (told(CLEAN, MISSED), 0, 1), ("", 0, 1)],
    ids=["clean", "vulnerable", "one not known", "no data"],
)
def test_the_exit_code(monkeypatch: pytest.MonkeyPatch, output: str, plain: int, strict: int) -> None:
    def run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 0, output if "pip_audit" in command else "[]", "no data")

    monkeypatch.setattr("tools.audit.subprocess.run", run)
    assert (audit.main([]), audit.main(["--strict"])) == (plain, strict)
