"""Who imports whom, read from the text of the modules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
CORE = ROOT / "nasframe"


def dotted(path: Path, package: Path) -> str:
    """The name of a module inside its package; a package's own is ``__init__``."""
    return ".".join(path.relative_to(package).with_suffix("").parts)


def folder_of(name: str) -> str:
    """The folder, or the flat module itself, of a module's dotted name."""
    return name.split(".")[0]


@cache
def module_names(package: Path) -> frozenset[str]:
    """The dotted names of all modules of a package."""
    return frozenset(dotted(path, package) for path in package.rglob("*.py"))


@cache
def tree_of(path: Path) -> ast.Module:
    """The parsed text of a module."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path, only_on_import: bool = False) -> Iterator[str]:
    """The dotted names that a file imports: also inside functions and for types only, unless asked for the rest."""
    waiting: list[ast.AST] = list(tree_of(path).body)
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


def module_of(name: str, package: Path) -> str:
    """The module of a package that an imported name is or is from; ``__init__`` for the package's public names."""
    parts = name.split(".")
    inside = [".".join(parts[1:end]) for end in range(len(parts), 1, -1)]
    known = module_names(package)
    return next((found for one in inside for found in (one, f"{one}.__init__") if found in known), "__init__")


def imported_modules(path: Path, package: Path, only_on_import: bool = False) -> Iterator[str]:
    """The modules of a package that a file imports."""
    for name in imports(path, only_on_import):
        if folder_of(name) == package.name:
            yield module_of(name, package)


def module_edges(package: Path) -> set[tuple[str, str]]:
    """Each module of a package with each that it imports."""
    paths = sorted(package.rglob("*.py"))
    return {(dotted(path, package), other) for path in paths for other in imported_modules(path, package)}


def folder_edges(package: Path) -> set[tuple[str, str]]:
    """Each folder or flat module of a package with each other one that it imports."""
    pairs = {(folder_of(one), folder_of(other)) for one, other in module_edges(package)}
    return {(one, other) for one, other in pairs if one != other}
