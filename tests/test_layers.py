"""Who may import whom: arrows point downward, heavy libraries stay at the leaves, plug-ins know only the core."""

import ast
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).parent.parent
LAYERS = (
    "errors options genotype golden component located schedule stepper progress interrupt exact_json pareto terms",
    "atomic run_options training_options yaml_source variables option_check origins genotype_file",
    "space evaluator inference evaluations strategy ask_tell graph graph_files hookspecs evaluation_output "
    "image_files __init__",
    "supernet seeding precision device stream gradients kept_weights training cost layer_costs memory latency decode",
    "target registry capabilities parts composition given term_check experiment checking schema template",
    "testing checkpoint rundir run_files run_listing derivation comparison saved trained starting journal loop prepare "
    "evaluation retrain retraining folding speedups export model_card plan plot report",
    "run",
    "cli __main__",
)
"""The lowest first; a package is one name. A module imports from its own layer and those below."""
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names.split()}
HEAVY = {"torch", "matplotlib", "PIL"}
TORCH = {
    *"supernet seeding stream gradients training cost precision device checkpoint journal loop prepare retrain".split(),
    *"run testing trained kept_weights starting export folding plan layer_costs memory latency evaluation".split(),
}
DRAWING = {"plot", "report", "comparison"}
FOR_PLUGINS = {
    *"__init__ genotype graph gradients supernet training training_options schedule seeding precision stream".split(),
    *"evaluator space strategy options errors decode testing inference evaluation_output progress golden cost".split(),
    "pareto",
}
CORE = sorted((ROOT / "nasframe").rglob("*.py"))
PLUGINS = sorted(path for path in (ROOT / "plugins").glob("*/nasframe_*/**/*.py"))


def layer_name(path):
    return path.relative_to(ROOT / "nasframe").parts[0].removesuffix(".py")


NAMES = {layer_name(path) for path in CORE}


def imports(path, only_on_import=False):
    """The dotted names that a file imports; without those for types only, and if asked those inside functions."""
    waiting = list(ast.parse(path.read_text()).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
        elif not (only_on_import and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
            waiting += ast.iter_child_nodes(node)


def core_name(dotted):
    """The part of the core that an import means; ``__init__`` for a public name of the package itself."""
    parts = dotted.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in NAMES else "__init__"


def core_imports(path, only_on_import=False):
    return {core_name(name) for name in imports(path, only_on_import) if name.split(".")[0] == "nasframe"}


@pytest.mark.parametrize("path", CORE, ids=layer_name)
def test_a_module_imports_only_from_its_layer_and_below(path):
    name = layer_name(path)
    assert name in RANK, f"give {name} its place in LAYERS"
    upward = {other for other in core_imports(path) if RANK.get(other, 0) > RANK[name]}
    assert not upward


def test_no_modules_import_each_other_in_a_circle():
    edges = [(layer_name(path), other) for path in CORE for other in core_imports(path)]
    graph = nx.DiGraph((one, other) for one, other in edges if one != other)
    assert list(nx.simple_cycles(graph)) == []


@pytest.mark.parametrize("path", CORE, ids=layer_name)
def test_only_the_leaves_import_heavy_libraries(path):
    name = layer_name(path)
    found = {dotted.split(".")[0] for dotted in imports(path, only_on_import=True)} & HEAVY
    assert found <= ({"torch"} if name in TORCH else {"matplotlib"} if name in DRAWING else set())
    assert name in TORCH | DRAWING or not core_imports(path, only_on_import=True) & (TORCH | DRAWING)


@pytest.mark.parametrize("path", PLUGINS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_plugin_imports_no_other_plugin_and_only_what_is_meant_for_plugins(path):
    own = path.relative_to(ROOT / "plugins").parts[1]
    packages = {dotted.split(".")[0] for dotted in imports(path)}
    assert not {package for package in packages if package.startswith("nasframe_")} - {own}
    assert core_imports(path) <= FOR_PLUGINS


@pytest.mark.parametrize("path", [path for path in PLUGINS if path.name == "__init__.py"], ids=str)
def test_a_plugins_first_module_imports_only_nasframe_until_a_hook_is_called(path):
    if path.parent.parent.parent.name == "plugins":
        found = {dotted.split(".")[0] for dotted in imports(path, only_on_import=True)}
        assert found <= {"nasframe", "__future__", "collections", "typing"}
