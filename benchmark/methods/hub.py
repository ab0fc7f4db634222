"""Checkpoints of the Hugging Face hub, named `hf:OWNER/NAME:FILE`, or `hf:OWNER/NAME@REVISION:FILE` for one version."""

from __future__ import annotations

import re
from pathlib import Path

from benchmark.core.errors import BadWeights

_PREFIX = "hf:"
_ID = re.compile(r"hf:(?P<repository>[\w.-]+/[\w.-]+)(@(?P<revision>[^:@]+))?:(?P<file>[^:]+)")


def is_hub_id(name: str) -> bool:
    """Whether `name` speaks of a file of the hub."""
    return name.startswith(_PREFIX)


def from_hub(name: str) -> Path:
    """The file that `name` speaks of, in the hub client's own cache; fetched where it is not there yet.

    Raises BadWeights for a name of another form, without the client, and where the hub does not give the file.
    """
    said = _ID.fullmatch(name)
    if said is None:
        remedy = "Write it as hf:OWNER/NAME:FILE, or hf:OWNER/NAME@REVISION:FILE for one version."
        raise BadWeights("a file of the Hugging Face hub", f"'{name}'", remedy)
    try:
        from huggingface_hub import hf_hub_download
    except ImportError as problem:
        remedy = "Install it with `pip install huggingface_hub`, or fetch the file and give its path."
        raise BadWeights("the client of the Hugging Face hub, huggingface_hub", str(problem), remedy) from problem
    try:
        return Path(hf_hub_download(said["repository"], said["file"], revision=said["revision"]))
    except Exception as problem:  # the client's own errors, those of the network and of the disk
        told = next((line for line in str(problem).splitlines() if line.strip()), "no reason given")
        found = f"{type(problem).__name__}: {told[:200]}"
        remedy = "Check owner, name and file on its page; a private one needs `hf auth login`."
        raise BadWeights(f"the file of {name} from the Hugging Face hub", found, remedy) from problem
