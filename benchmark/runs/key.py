"""What decides a cell's scores, as its key; and in words what is not as it was.

The key holds hashes of the weights, of the pairs and of just the code between pixel and score, and what else moves a
number. What moves it by less than 3e-5 dB alone does not stand in it but in `made_by`: threads, instruction set, model of
the GPU, releases of one series of a library.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.core.hashes import content_hash
from benchmark.core.packages import PACKAGES
from benchmark.core.sources import own_module, sources_hash
from benchmark.core.types import Scale
from benchmark.methods import outside
from benchmark.methods.method import Method
from benchmark.methods.networks import arguments
from benchmark.methods.networks import network as declared
from benchmark.methods.weights import store
from benchmark.protocols import get_protocol
from benchmark.runs.cells import FOLDERS
from benchmark.runs.code import series
from benchmark.runs.options import RunOptions

if TYPE_CHECKING:
    from benchmark.datasets.pairs import Dataset

Key = dict[str, Any]

_WEIGHTS = ("benchmark.methods.weights", "benchmark.methods.checkpoints")
_NO_NETWORK = ("baselines.networks.spec", "baselines.spec", "baselines.distillation")
_NO_LOADING = tuple(f"benchmark.methods.weights.{name}" for name in ("importing", "listing", "store", "card"))

WORDS = {
    "method": "the method",
    "network": "the network",
    "arguments": "the network's arguments",
    "weights": "the weights",
    "seed": "the seed",
    "data": "the data",
    "protocol": "the protocol",
    "device": "the kind of device",
    "precision": "the precision (TF32)",
    "limit": "the number of images",
    "code.network": "the code of the network",
    "code.loading": "the code that loads weights",
    "code.images": "the code that reads or makes the images",
    "code.scoring": "the code of the protocol",
    "code.harness": "the code that restores and scores",
    "code.own": "the code of your own method, or an environment variable that it names",
    "form": "how your own network is called (multiple, range, arguments)",
    "divided": "the division of large images (--memory)",
    "files": "a file that your own method reads while it works",
    "unknown": "something that your own method holds and that cannot be compared",
}
"""What each part of a key is called where it is not as it was."""


def cell_key(method: Method, dataset: Dataset, scale: Scale, seed: int = 0, options: RunOptions | None = None) -> Key:
    """Everything that decides a cell's scores: weights, network, data, protocol, code, versions, kind of device.

    Raises what looking for weights and building somebody's own method raise.
    """
    options = options or RunOptions()
    protocol = get_protocol(dataset.protocol)
    key: Key = {
        "method": method.id,
        "network": method.network,
        "weights": "",
        "seed": seed,
        "data": dataset.fingerprint(),
        "protocol": f"{protocol.id}@{protocol.version}",
        "code": scoring_code(dataset),
        "libraries": series(),
        "device": options.device.partition(":")[0],
        "precision": options.precision,
        "limit": options.limit,
    }
    if method.network:
        key["weights"] = store.require(method.id, dataset.task or "", scale, seed, dataset.id).sha256
        key["arguments"] = arguments(method.network, str(scale), str(dataset.task))
        key["code"] |= network_code(method.network)
        if shelf(dataset, scale) == FOLDERS:
            key["scale"] = str(scale)
    if method.loader:
        own = outside.fingerprint(method, dataset.task)
        key |= {"weights": own.weights, "files": own.files}
        key["code"] |= {"own": own.code, "loading": sources_hash(("benchmark.methods.outside_network",), ())}
        key["libraries"] |= own.libraries
        key |= {name: value for name, value in (("form", own.form), ("unknown", own.unknown)) if value}
    result: Key = json.loads(json.dumps(key))  # as it comes back from a file
    return result


def shelf(dataset: Dataset, scale: Scale | str) -> str:
    """Under which scale the results on a data set stand: folders belong to none."""
    whole = unwrapped(dataset)
    return FOLDERS if hasattr(whole, "official") and not whole.official else str(scale)


def unwrapped(dataset: Any) -> Any:
    """The data set of which `dataset` is a view: some of its images, or restored ones."""
    while (inner := getattr(dataset, "dataset", None) or getattr(dataset, "whole", None)) is not None:
        dataset = inner
    return dataset


def scoring_code(dataset: Dataset) -> dict[str, str]:
    """Hashes of the code that every score on `dataset` passes: reading or making images, protocol, harness."""
    module = type(unwrapped(dataset)).__module__
    images = (module,) if own_module(module) else ()
    return {
        "images": sources_hash(
            (*images, "benchmark.core.types"),
            ("benchmark.datasets", "benchmark.images"),
            ("benchmark.datasets.passport",),
        ),
        "scoring": sources_hash(
            ("benchmark.protocols", "benchmark.protocols.batched", "benchmark.protocols.table"),
            ("benchmark.protocols",),
        ),
        "harness": sources_hash(
            ("benchmark.runs.restore", "benchmark.runs.compute", "benchmark.core.precision"),
            tuple(f"benchmark.runs.{name}" for name in ("restore", "batches", "scoring")),
        ),
    }


def network_code(network: str) -> dict[str, str]:
    """Hashes of the code of the network called `network` and of the code that fills it with weights."""
    spec = declared(network)
    module = spec.network.partition(":")[0]
    own = spec.file if own_module(module) is None else None
    return {
        "network": sources_hash((module or spec.id,), PACKAGES, _NO_NETWORK, own),
        "loading": sources_hash(
            ("benchmark.methods.weights.loading", "benchmark.methods.weights.coding", "baselines.networks.fast"),
            (
                "benchmark.methods.weights",
                "benchmark.methods.checkpoints",
                "baselines.networks.fast",
                "baselines.networks.shape",
            ),
            _NO_LOADING,
        ),
    }


def division(memory: float) -> dict[str, Any]:
    """What the key of a cell says whose images went through in strips or tiles."""
    code = sources_hash(("benchmark.runs.tiling",), ("benchmark.runs.tiling", "benchmark.runs.strips", *PACKAGES))
    return {"within_gib": memory, "code": code}


def differences(old: Mapping[str, Any], new: Mapping[str, Any], options: RunOptions | None = None) -> list[str]:
    """The parts of `new`, the key that a cell must have, that are not so in `old`, the one it has; in words.

    A cell that was divided within a bound fits a run with the same bound. Files that a method read while it worked must
    be as they were.
    """
    options = options or RunOptions()
    words = list(dict.fromkeys(WORDS.get(name, name) for name in _differing(old, new)))
    if not options.any_versions:
        words += _other_versions(old.get("libraries"), new.get("libraries"))
    divided = old.get("divided")
    if divided is not None and (options.memory is None or divided != division(options.memory)):
        words.append(WORDS["divided"])
    if not _files_are_as(old.get("files", {}), new.get("files", {})):
        words.append(WORDS["files"])
    if new.get("unknown"):
        words.append(f"{WORDS['unknown']}: {', '.join(map(str, new['unknown']))}")
    return words


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    apart = {"code", "libraries", "divided", "files", "unknown"}
    names = [name for name in dict.fromkeys((*new, *old)) if name not in apart and old.get(name) != new.get(name)]
    before, now = old.get("code"), new.get("code")
    if not isinstance(before, Mapping) or not isinstance(now, Mapping):
        return [*names, *(["code"] if before != now else [])]
    return [*names, *(f"code.{part}" for part in dict.fromkeys((*now, *before)) if before.get(part) != now.get(part))]


def _other_versions(old: Any, new: Any) -> list[str]:
    before, now = (value if isinstance(value, Mapping) else {} for value in (old, new))
    return [
        f"{name} ({before.get(name, 'none')} then, {now.get(name, 'none')} now)"
        for name in dict.fromkeys((*now, *before))
        if before.get(name) != now.get(name)
    ]


def _files_are_as(old: Any, new: Any) -> bool:
    """Whether every file of either key is as the other says, or, where it does not speak of it, as it is now."""
    before, now = (dict(value) if isinstance(value, Mapping) else {} for value in (old, new))
    for name, known in before.items():
        current = now.get(name)
        if current is None:
            try:
                current = content_hash(Path(name))
            except OSError:
                return False
        if current != known:
            return False
    return now.keys() <= before.keys()
