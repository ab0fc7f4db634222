"""Our own code and the packages of this environment, looked over: bandit, then pip-audit.

    python tools/audit.py             what cannot be looked up is listed, and the exit code stays 0
    python tools/audit.py --strict    a package that cannot be looked up is a failure

Where the data of known vulnerabilities cannot be reached (a mirror of packages does not carry it), no package is called
safe: each is listed with its version, to be looked up elsewhere. The exit code is 1 for a finding of bandit or a known
vulnerability.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parent.parent
OWN = ("benchmark", "slkd", "baselines", "tools", "docs", "examples")


@dataclass(frozen=True)
class Audit:
    """What pip-audit told: vulnerable packages with their ids, how many were looked up, and which could not be."""

    vulnerable: tuple[str, ...]
    looked_up: int
    unknown: tuple[str, ...]
    why: str = ""


def read(told: str, error: str = "") -> Audit:
    """The JSON of pip-audit; a text that is no JSON means that it looked nothing up, for the last line of `error`."""
    try:
        packages: list[dict[str, Any]] = json.loads(told)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Audit((), 0, (), (error.strip().splitlines() or ["pip-audit told nothing"])[-1])
    known = [package for package in packages if "vulns" in package]
    vulnerable = tuple(
        f"{package['name']} {package['version']}: {found['id']}"
        + (f", mended in {', '.join(found['fix_versions'])}" if found.get("fix_versions") else "")
        for package in known
        for found in package["vulns"]
    )
    missed = tuple(str(package.get("skip_reason", package["name"])) for package in packages if "vulns" not in package)
    return Audit(vulnerable, len(known), missed)


def installed() -> list[str]:
    """`name version` of every package of this environment, apart from ourselves."""
    told = subprocess.run(
        [sys.executable, "-m", "pip", "list", "--format=json", "--exclude-editable", "--disable-pip-version-check"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [f"{package['name']} {package['version']}" for package in json.loads(told)]


def tell(audit: Audit, packages: Sequence[str]) -> str:
    """What a reader has to know, in plain words."""
    lines = [f"vulnerable: {line}" for line in audit.vulnerable]
    if audit.looked_up:
        lines.append(f"pip-audit: {audit.looked_up} packages looked up, {len(audit.vulnerable)} known vulnerabilities")
        lines += [f"not looked up: {line}" for line in audit.unknown]
    else:
        reason = audit.why or (audit.unknown[0] if audit.unknown else "no packages")
        lines.append(f"pip-audit: NOTHING WAS LOOKED UP, the data of known vulnerabilities is out of reach ({reason}).")
        lines.append(f"No package is said to be safe. The {len(packages)} to look up elsewhere:")
        lines += [f"  {package}" for package in packages]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs both and tells what was found; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strict", action="store_true", help="fail where a package cannot be looked up")
    strict = parser.parse_args(arguments).strict
    own = [name for name in OWN if (TOP / name).is_dir()]
    bandit = subprocess.run(
        [sys.executable, "-m", "bandit", "--quiet", "--configfile", "pyproject.toml", "--recursive", *own], cwd=TOP
    ).returncode
    print(f"bandit: {'findings, see above' if bandit else 'no findings'} in {', '.join(own)}", flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "pip_audit", "--skip-editable", "--progress-spinner=off", "--format=json"],
        capture_output=True,
        text=True,
    )
    audit = read(done.stdout, done.stderr)
    print(tell(audit, installed()))
    unaudited = not audit.looked_up or any("editable" not in line for line in audit.unknown)
    return int(bool(bandit or audit.vulnerable or (strict and unaudited)))


if __name__ == "__main__":
    sys.exit(main())
