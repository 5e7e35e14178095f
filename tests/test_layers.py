"""Who may import whom: arrows point downward, heavy libraries stay at the leaves, plug-ins know only the core."""

from pathlib import Path

import networkx as nx
import pytest

from generating.imports import dotted, folder_edges, folder_of, imported_modules, imports, module_edges
from generating.layers import FOR_PLUGINS, RANK

ROOT = Path(__file__).parent.parent
HEAVY = {"torch", "matplotlib", "PIL"}
TORCH = (
    *"supernet training cost run plan evidence testing".split(),
    *"runfolder.checkpoint runfolder.torch_file runfolder.weights".split(),
    *"trained.building trained.folding trained.export".split(),
)
"""What loads torch when it is imported: these modules and all in these folders, but for ``WITHOUT_TORCH``."""
WITHOUT_TORCH = {
    *"training.__init__ training.options training.progressive training.finite training.reading".split(),
    *"run.__init__ run.progress run.lasting_output run.interrupt run.from_genotype".split(),
    *"run.candidates.__init__ run.candidates.crew run.candidates.processes".split(),
}
DRAWING = {"plot", "report", "compare"}
CORE = sorted((ROOT / "nasframe").rglob("*.py"))
PLUGINS = sorted(path for path in (ROOT / "plugins").glob("*/nasframe_*/**/*.py"))
PLUGIN_PACKAGES = sorted(
    first.parent
    for place in ("plugins", "examples/plugins")
    for first in ROOT.glob(f"{place}/*/nasframe_*/__init__.py")
)


def circles(edges):
    return list(nx.simple_cycles(nx.DiGraph(sorted(edges))))


def loads_torch(name):
    return name not in WITHOUT_TORCH and any(name == heavy or name.startswith(f"{heavy}.") for heavy in TORCH)


def core_id(path):
    return dotted(path, ROOT / "nasframe")


@pytest.mark.parametrize("path", CORE, ids=core_id)
def test_a_module_imports_only_from_its_layer_and_below(path):
    name = folder_of(core_id(path))
    assert name in RANK, f"give {name} its place in LAYERS of docs/generating/layers.py"
    found = {folder_of(other) for other in imported_modules(path, ROOT / "nasframe")}
    assert {other for other in found if RANK[other] > RANK[name]} == set()


def test_every_layer_names_what_is_there():
    there = {folder_of(core_id(path)) for path in CORE}
    assert set(RANK) == there


def test_no_folders_import_each_other_in_a_circle():
    assert circles(folder_edges(ROOT / "nasframe")) == []


def test_no_modules_import_each_other_in_a_circle():
    assert circles(module_edges(ROOT / "nasframe")) == []


@pytest.mark.parametrize("package", PLUGIN_PACKAGES, ids=lambda package: package.name)
def test_no_modules_of_a_plugin_import_each_other_in_a_circle(package):
    assert circles(module_edges(package)) == []


def test_a_circle_is_found_however_it_is_closed(tmp_path):
    package = tmp_path / "nasframe_round"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").write_text("from nasframe import hookimpl\n")
    (package / "inner" / "__init__.py").write_text("")
    (package / "inner" / "three.py").write_text("def ask():\n    from nasframe_round import one\n")
    (package / "one.py").write_text("from nasframe_round.two import two\n")
    (package / "two.py").write_text("if TYPE_CHECKING:\n    from nasframe_round.inner.three import Three\n")
    assert [set(circle) for circle in circles(module_edges(package))] == [{"one", "two", "inner.three"}]
    package = package.rename(tmp_path / "nasframe_open")
    (package / "inner" / "three.py").write_text("def ask():\n    from nasframe import one\n")
    assert circles(module_edges(package)) == []


@pytest.mark.parametrize("path", CORE, ids=core_id)
def test_only_the_leaves_import_heavy_libraries(path):
    name = core_id(path)
    found = {imported.split(".")[0] for imported in imports(path, only_on_import=True)} & HEAVY
    drawing = folder_of(name) in DRAWING
    assert found <= ({"torch"} if loads_torch(name) else {"matplotlib"} if drawing else set())
    for other in imported_modules(path, ROOT / "nasframe", only_on_import=True):
        assert loads_torch(name) or drawing or not (loads_torch(other) or folder_of(other) in DRAWING), other


@pytest.mark.parametrize("path", PLUGINS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_plugin_imports_no_other_plugin_and_only_what_is_meant_for_plugins(path):
    own = path.relative_to(ROOT / "plugins").parts[1]
    packages = {imported.split(".")[0] for imported in imports(path)}
    assert not {package for package in packages if package.startswith("nasframe_")} - {own}
    assert set(imported_modules(path, ROOT / "nasframe")) <= FOR_PLUGINS


@pytest.mark.parametrize("path", [path for path in PLUGINS if path.name == "__init__.py"], ids=str)
def test_a_plugins_first_module_imports_only_nasframe_until_a_hook_is_called(path):
    if path.parent.parent.parent.name == "plugins":
        found = {imported.split(".")[0] for imported in imports(path, only_on_import=True)}
        assert found <= {"nasframe", "__future__", "collections", "typing"}
