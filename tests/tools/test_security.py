"""Our own code evaluates no text, unpickles nothing, calls no shell, and fetches only where a hash is asked for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
PACKAGES = ("benchmark", "slkd", "baselines", "tools", "docs", "examples", "speed")
EVALUATED = {"eval", "exec", "compile"}
UNPICKLED = {
    "pickle.load",
    "pickle.loads",
    "pickle.Unpickler",
    "joblib.load",
    "shelve.open",
    "marshal.loads",
    "dill.load",
}
SHELLS = {"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"}
FETCHED = {
    "requests.get": {"benchmark/datasets/transfer.py"},  # what pooch calls, which compares the hash
    "pooch.retrieve": {"benchmark/datasets/fetch.py"},
    "hf_hub_download": {
        "benchmark/methods/hub.py"
    },  # of a commit, checked by the hub's own client; its SHA-256 is in the key
}
FETCHERS = (
    "urlopen",
    "urlretrieve",
    "load_state_dict_from_url",
    "download_url_to_file",
    "hf_hub_download",
    "snapshot_download",
)
OTHERS = ("requests.", "httpx.", "urllib.request.", "torch.hub.", "pooch.", "http.client.HTTP", "socket.create")


def calls(source: str) -> Iterator[tuple[str, ast.Call]]:
    """Every call in a source with the dotted name of what is called."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def keyword(call: ast.Call, name: str) -> object:
    return next(
        (ast.literal_eval(k.value) for k in call.keywords if k.arg == name and isinstance(k.value, ast.Constant)), None
    )


def faults(source: str, file: str = "x.py") -> list[str]:
    """What in a source must not be, in words."""
    found = []
    for name, call in calls(source):
        last = name.rpartition(".")[2]
        if name in EVALUATED or name in SHELLS or name in UNPICKLED:
            found.append(name)
        elif name.endswith("torch.load") and keyword(call, "weights_only") is not True:
            found.append("torch.load that may unpickle")
        elif name in ("np.load", "numpy.load") and keyword(call, "allow_pickle") is True:
            found.append("numpy.load that may unpickle")
        elif name in ("yaml.load", "yaml.unsafe_load", "yaml.full_load"):
            found.append(name)
        elif keyword(call, "shell") is True:
            found.append("a shell")
        elif name == "pooch.retrieve" and not (len(call.args) > 1 or any(k.arg == "known_hash" for k in call.keywords)):
            found.append("pooch.retrieve without a hash")
        elif (
            (last in FETCHERS or name.startswith(OTHERS))
            and name not in _HARMLESS
            and file not in FETCHED.get(name, ())
        ):
            found.append(f"{name} outside of the modules that may fetch")
    return found


_HARMLESS = {"pooch.get_logger", "pooch.get_logger().setLevel", "socket.create_server"}


@pytest.mark.parametrize("package", PACKAGES)
def test_our_own_code_does_none_of_it(package: str) -> None:
    found = {}
    for path in sorted((TOP / package).rglob("*.py")):
        file = str(path.relative_to(TOP))
        wrong = faults(path.read_text(encoding="utf-8"), file)
        if wrong:
            found[file] = wrong
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        "eval(text)",
        "exec(text)",
        "pickle.loads(data)",
        "torch.load(file)",
        "torch.load(file, weights_only=False)",
        "numpy.load(file, allow_pickle=True)",
        "yaml.load(text)",
        "subprocess.run(words, shell=True)",
        "os.system(words)",
        "requests.get(url)",
        "pooch.retrieve(url)",
        "torch.hub.load_state_dict_from_url(url)",
        "urllib.request.urlopen(url)",
        "hf_hub_download(name, file)",
    ],
)
def test_each_is_seen(source: str) -> None:
    assert len(faults(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "network.eval()",
        "torch.load(file, weights_only=True)",
        "numpy.load(file)",
        "yaml.safe_load(text)",
        "re.compile(text)",
    ],
)
def test_what_is_harmless_is_not(source: str) -> None:
    assert faults(source) == []
