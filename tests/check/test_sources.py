"""A change of each kind of file on the path from pixel to score, in a copy of the sources: `check` fails, `status` says why.

Every change moves scores and keeps the code running; the files are of the list of tests/runs/test_key.py, one of a kind.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent.parent
