"""What the modules say of themselves: their sentences and the names that they offer, read from their text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from generating.imports import CORE, module_names, module_of, tree_of

Definition = ast.ClassDef | ast.FunctionDef | ast.Assign | ast.AnnAssign
NARROW = 80
"""Characters of a call that a table has room for."""


@dataclass(frozen=True)
class Public:
    """A name that a module offers."""

    name: str
    call: str
    """Of a function, the names of its arguments in brackets."""
    summary: str
    """The first sentence of its documentation."""


def path_of(module: str) -> Path:
    """The file of a module of the core by its dotted name."""
    return CORE.joinpath(*module.split(".")).with_suffix(".py")


def shown(module: str) -> str:
    """How a module is imported: ``cost.__init__`` as ``nasframe.cost``."""
    return ".".join(["nasframe", *(part for part in module.split(".") if part != "__init__")])


def sentence(documentation: str | None) -> str:
    """The first sentence, without its full stop; of a first paragraph that is no sentence, all of it."""
    first = " ".join((documentation or "").strip().split("\n\n")[0].split())
    return re.split(r"(?<=[^.])\.(?= [A-Z`]|$)", first, maxsplit=1)[0].replace("``", "`")


def about(module: str) -> str:
    """The first sentence of a module's docstring."""
    return sentence(ast.get_docstring(tree_of(path_of(module))))


def offered(module: str) -> list[str] | None:
    """The names in a module's ``__all__``; None: it has none."""
    for node in tree_of(path_of(module)).body:
        if isinstance(node, ast.Assign) and any(ast.unparse(target) == "__all__" for target in node.targets):
            names: list[str] = ast.literal_eval(node.value)
            return names
    return None


def public(module: str) -> list[Public]:
    """What a module offers: the names in its ``__all__`` or, without one, all that it defines and documents.

    Raises:
        LookupError: a name in its ``__all__`` is defined nowhere.
    """
    names = offered(module)
    return [_public(module, name) for name in (sorted(_documented(module)) if names is None else names)]


def _documented(module: str) -> Iterator[str]:
    """The public classes and functions that a module defines, and the constants with a string below them."""
    body = tree_of(path_of(module)).body
    for node, following in zip(body, [*body[1:], None], strict=True):
        told = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
        if isinstance(node, ast.ClassDef | ast.FunctionDef) or (isinstance(node, Definition) and told):
            yield from (name for name in _defined(node) if not name.startswith("_"))


def classes(module: str) -> dict[str, str]:
    """The classes of a module whose names do not begin with an underscore, each with its first sentence."""
    found = [node for node in tree_of(path_of(module)).body if isinstance(node, ast.ClassDef)]
    return {node.name: sentence(ast.get_docstring(node)) for node in found if not node.name.startswith("_")}


def _public(module: str, name: str) -> Public:
    home, definition, following = _definition(module, name)
    if isinstance(definition, ast.FunctionDef):
        return Public(name, _call(definition), sentence(ast.get_docstring(definition)))
    if isinstance(definition, ast.ClassDef):
        return Public(name, "", sentence(ast.get_docstring(definition)))
    if not (isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)):
        raise LookupError(f"{path_of(home)} offers {name}: say in a string below it what it is")
    return Public(name, "", sentence(str(following.value.value)))


def _definition(module: str, name: str) -> tuple[str, Definition, ast.stmt | None]:
    """Where a name is defined: the module, the statement, and the one after it; imports are followed."""
    body = tree_of(path_of(module)).body
    for node, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, Definition) and name in _defined(node):
            return module, node, following
    for node in ast.walk(tree_of(path_of(module))):
        if isinstance(node, ast.ImportFrom) and name in {alias.asname or alias.name for alias in node.names}:
            home = module_of(f"{node.module}.{name}", CORE)
            if home != module:
                return _definition(home, name)
    raise LookupError(f"{path_of(module)} offers {name}, which it neither defines nor imports from the core")


def _defined(node: Definition) -> Iterator[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        yield node.name
    else:
        yield from map(ast.unparse, node.targets if isinstance(node, ast.Assign) else [node.target])


def _call(function: ast.FunctionDef) -> str:
    """The names of the arguments; too many are cut."""
    given = function.args
    names = [argument.arg for argument in (*given.posonlyargs, *given.args)]
    names += [f"*{given.vararg.arg}"] if given.vararg else ["*"] if given.kwonlyargs else []
    names += [argument.arg for argument in given.kwonlyargs]
    names += [f"**{given.kwarg.arg}"] if given.kwarg else []
    call = f"({', '.join(names)})"
    while len(call) > NARROW:
        names = names[:-1]
        call = f"({', '.join(names)}, …)"
    return call


def public_modules(for_plugins: set[str]) -> list[str]:
    """The flat modules, and the folders with an ``__all__``, that are not for plug-ins; ``cli`` is for nobody."""
    found = [
        name
        for name in module_names(CORE)
        if "." not in name or (name.count(".") == 1 and name.endswith(".__init__") and offered(name) is not None)
    ]
    return sorted(name for name in found if name not in {"__main__", "cli.__init__"} | for_plugins)
