"""What a network's file declares: read without running it, equal to what running it gives, refused where it is malformed."""

import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from baselines.networks.spec import NetworkSpec, network_specs
from baselines.spec import SpecError
from benchmark.core.errors import BadMethod, UnknownName
from benchmark.methods import networks
from benchmark.methods.declared import NETWORKS as FOLDERS

TOP = Path(__file__).parents[2]
GOOD = {
    "id": '"mine"',
    "title": '"Mine"',
    "network": '":Mine"',
    "paper": '"Me, 2026"',
    "year": "2026",
    "arguments": '{"mini": {"width": 4}}',
}


def declared(folder: Path, name: str = "mine.py", **changes: str) -> Path:
    text = "".join(f"    {key}={value},\n" for key, value in (GOOD | changes).items())
    file = folder / name
    file.write_text(f'"""A network."""\n\nimport a_module_that_is_nowhere\n\nSPEC = NetworkSpec(\n{text})\n')
    return file


@pytest.mark.parametrize("spec", networks.networks().values(), ids=lambda spec: spec.id)
def test_reading_the_file_gives_what_importing_it_gives(spec: NetworkSpec) -> None:
    assert spec.file is not None
    module = import_module(".".join(spec.file.relative_to(TOP).with_suffix("").parts))
    imported = [value for value in vars(module).values() if isinstance(value, NetworkSpec) and value.id == spec.id]
    assert imported == [spec]


def test_every_file_of_a_network_declares_one() -> None:
    files = {spec.file.name for spec in networks.networks().values() if spec.file}
    folder, without = TOP / "baselines" / "networks", {"__init__.py", "spec.py"}
    assert files - {"students.py"} == {file.name for file in folder.glob("*.py")} - without


def test_listing_imports_no_torch() -> None:
    code = "import sys; from benchmark.methods.catalogue import methods; print(len(methods()), 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=TOP)
    assert done.stdout.split() == ["38", "False"]


def test_a_declaration_is_read_without_running_its_file(tmp_path: Path) -> None:
    file = declared(tmp_path, kind='"student"', teacher='"restormer"')
    spec = network_specs(file)[0]
    assert (spec.id, spec.kind, spec.teacher, spec.file) == ("mine", "student", "restormer", file)
    assert spec.arguments_for("mini") == {"width": 4}
    with pytest.raises(ImportError, match="a_module_that_is_nowhere"):
        spec.build("mini")


@pytest.mark.parametrize(
    ("changes", "line", "message"),
    [
        ({"id": '"Up per"'}, 6, "id: expected lower-case letters"),
        ({"year": '"2026"'}, 10, "year: expected a whole number; found '2026'"),
        ({"network": '"Mine"'}, 8, 'network: expected "module:Name"'),
        ({"arguments": "{}"}, 11, "arguments: expected arguments by scale"),
        ({"arguments": '{"huge": {}}'}, 11, "arguments: expected the scales"),
        ({"arguments": '{"mini": 3}'}, 11, "arguments.mini: expected a dictionary"),
        ({"title": "str(1)"}, 7, r"title: expected a literal.*found str\(1\)"),
        ({"titel": '"x"'}, 12, "titel: expected one of id, title"),
        ({"kind": '"big"'}, 12, "kind: expected one of teacher, student, lightweight; found 'big'"),
        ({"teacher": '"restormer"'}, 12, "teacher: expected the teacher of a student alone"),
        ({"tasks": '"deraining"'}, 12, "tasks: expected a tuple"),
        ({"by_task": '{"dehazing": {}}'}, 12, "by_task: expected tasks of this network"),
        ({"recipe": "[1]"}, 12, "recipe: expected a dictionary"),
    ],
)
def test_a_malformed_declaration_names_file_line_and_key(
    tmp_path: Path, changes: dict[str, str], line: int, message: str
) -> None:
    file = declared(tmp_path, **changes)
    with pytest.raises(SpecError, match=rf"mine.py, line {line}: {message}") as caught:
        network_specs(file)
    assert caught.value.file == file


def test_a_missing_key_and_broken_python_are_told(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text('SPEC = NetworkSpec(id="net")\n')
    with pytest.raises(SpecError, match="line 1: title: expected a value; found none"):
        network_specs(file)
    file.write_text('x = 1\nSPEC = NetworkSpec(id="net"\n')
    with pytest.raises(SpecError, match="line 2: the file: expected Python"):
        network_specs(file)
    file.write_text("SPEC = dict(id='net')\n")
    with pytest.raises(SpecError, match=r"SPEC: expected SPEC = NetworkSpec\(...\)"):
        network_specs(file)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(FOLDERS, str(tmp_path))
    return tmp_path


def test_two_networks_of_one_id_are_refused_by_both_files(own: Path) -> None:
    declared(own, "first.py", id='"vdn"')
    with pytest.raises(
        BadMethod, match=r"one network called 'vdn'; found .*first\.py and .*vdn\.py|vdn\.py and .*first\.py"
    ):
        networks.networks()


def test_a_users_mistakes_are_one_message(own: Path) -> None:
    file = declared(own, tasks='("dehazing",)')
    with pytest.raises(BadMethod, match=r"tasks.*'dehazing' .*mine\.py"):
        networks.networks()
    declared(own, kind='"student"', teacher='"nobody"')
    with pytest.raises(BadMethod, match=r"'nobody', which teaches mine.*mine\.py"):
        networks.networks()
    declared(own, year='"x"')
    with pytest.raises(BadMethod, match=r"year: a whole number; found 'x' \(.*mine\.py, line 10\)"):
        networks.networks()
    declared(own)
    with pytest.raises(BadMethod, match=r"a_module_that_is_nowhere.*mine\.py"):
        networks.build("mine", "mini")
    with pytest.raises(BadMethod, match="arguments of mine at scale paper; found none"):
        networks.build("mine", "paper")
    file.unlink()
    with pytest.raises(UnknownName, match="'mine'"):
        networks.build("mine", "mini")


def test_an_architecture_is_one_of_the_declared() -> None:
    assert networks.arguments("dmphn", "paper", None, "1-2-4-8") == {"patches": (1, 2, 4, 8), "width": 32}
    with pytest.raises(UnknownName, match="'2-4'"):
        networks.arguments("dmphn", "paper", None, "2-4")


def test_a_declaration_can_be_changed_and_compared() -> None:
    spec = networks.network("vdn")
    assert replace(spec, year=2020) != spec
    assert hash(replace(spec)) == hash(spec)
