"""Who may import whom: arrows point downward, heavy libraries stay at the leaves, plug-ins know only the core."""

import ast
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).parent.parent
LAYERS = (
    "errors options stepper graph pareto",
    "genotype decode",
    "supernet",
    "space",
    "evaluator inference cost",
    "evaluations files training",
    "strategy plot runfolder",
    "ask_tell plugin",
    "__init__",
    "experiment",
    "report",
    "run",
    "derive plan trained",
    "compare testing",
    "cli",
    "__main__",
)
"""The flat modules and the folders of the core, the lowest first; each imports from its own layer and those below."""
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names.split()}
HEAVY = {"torch", "matplotlib", "PIL"}
TORCH = (
    *"supernet training cost runfolder.checkpoint runfolder.weights run plan testing".split(),
    *"trained.building trained.folding trained.export".split(),
)
"""What loads torch when it is imported: these modules and all in these folders, but for ``WITHOUT_TORCH``."""
WITHOUT_TORCH = {
    *"training.__init__ training.options training.progressive".split(),
    *"run.__init__ run.progress run.interrupt run.from_genotype".split(),
    *"run.candidates.__init__ run.candidates.crew run.candidates.processes".split(),
}
DRAWING = {"plot", "report", "compare"}
FOR_PLUGINS = {
    *"__init__ genotype graph supernet evaluator space strategy options errors inference pareto decode".split(),
    *"training.sgd training.options training.progressive training.seeding training.precision".split(),
    *"training.batches training.gradients cost.__init__ files.evaluations run.progress plugin.golden".split(),
    *"plugin.engine run.candidates.crew".split(),
    *"decode.__init__ testing.__init__ testing.tiny".split(),
}
CORE = sorted((ROOT / "nasframe").rglob("*.py"))
PLUGINS = sorted(path for path in (ROOT / "plugins").glob("*/nasframe_*/**/*.py"))
PLUGIN_PACKAGES = sorted(
    first.parent
    for place in ("plugins", "examples/plugins")
    for first in ROOT.glob(f"{place}/*/nasframe_*/__init__.py")
)


def dotted(path, package):
    """The name of a module inside its package; a package's own is ``__init__``."""
    return ".".join(path.relative_to(package).with_suffix("").parts)


def module_names(package):
    return {dotted(path, package) for path in package.rglob("*.py")}


def folder_of(name):
    return name.split(".")[0]


def imports(path, only_on_import=False):
    """The dotted names that a file imports: also inside functions and for types only, unless asked for the rest."""
    waiting = list(ast.parse(path.read_text()).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif only_on_import and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
        elif not (only_on_import and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
            waiting += ast.iter_child_nodes(node)


def imported_modules(path, package, only_on_import=False):
    """The modules of a package that a file imports; ``__init__`` for public names of the package itself."""
    known = module_names(package)
    for name in imports(path, only_on_import):
        parts = name.split(".")
        if parts[0] == package.name:
            inside = [".".join(parts[1:end]) for end in range(len(parts), 1, -1)]
            yield next((found for one in inside for found in (one, f"{one}.__init__") if found in known), "__init__")


def circles(package):
    """The chains of a package's modules that import each other round to the first."""
    paths = sorted(package.rglob("*.py"))
    edges = [(dotted(path, package), other) for path in paths for other in imported_modules(path, package)]
    return list(nx.simple_cycles(nx.DiGraph(edges)))


def loads_torch(name):
    return name not in WITHOUT_TORCH and any(name == heavy or name.startswith(f"{heavy}.") for heavy in TORCH)


def core_id(path):
    return dotted(path, ROOT / "nasframe")


@pytest.mark.parametrize("path", CORE, ids=core_id)
def test_a_module_imports_only_from_its_layer_and_below(path):
    name = folder_of(core_id(path))
    assert name in RANK, f"give {name} its place in LAYERS"
    found = {folder_of(other) for other in imported_modules(path, ROOT / "nasframe")}
    assert {other for other in found if RANK[other] > RANK[name]} == set()


def test_every_layer_names_what_is_there():
    there = {folder_of(core_id(path)) for path in CORE}
    assert set(RANK) == there


def test_no_folders_import_each_other_in_a_circle():
    edges = [
        (folder_of(core_id(path)), folder_of(other))
        for path in CORE
        for other in imported_modules(path, ROOT / "nasframe")
    ]
    assert list(nx.simple_cycles(nx.DiGraph((one, other) for one, other in edges if one != other))) == []


def test_no_modules_import_each_other_in_a_circle():
    assert circles(ROOT / "nasframe") == []


@pytest.mark.parametrize("package", PLUGIN_PACKAGES, ids=lambda package: package.name)
def test_no_modules_of_a_plugin_import_each_other_in_a_circle(package):
    assert circles(package) == []


def test_a_circle_is_found_however_it_is_closed(tmp_path):
    package = tmp_path / "nasframe_round"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").write_text("from nasframe import hookimpl\n")
    (package / "inner" / "__init__.py").write_text("")
    (package / "inner" / "three.py").write_text("def ask():\n    from nasframe_round import one\n")
    (package / "one.py").write_text("from nasframe_round.two import two\n")
    (package / "two.py").write_text("if TYPE_CHECKING:\n    from nasframe_round.inner.three import Three\n")
    assert [set(circle) for circle in circles(package)] == [{"one", "two", "inner.three"}]
    (package / "inner" / "three.py").write_text("def ask():\n    from nasframe import one\n")
    assert circles(package) == []


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
