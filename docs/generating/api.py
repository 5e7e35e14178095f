"""The page ``api.md``: every public name of the core with a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from generating.imports import CORE, module_names
from generating.layers import FOR_PLUGINS, RANK
from generating.reading import Public, about, classes, public, public_modules, shown

HEAD = """\
# Public names

<!-- Written by `python docs/generate.py` from the modules' `__all__` and docstrings. -->

What others may build on; all else may change without notice. [The architecture](architecture.md) says what lies where.
"""
PLUGINS = """
## For plug-ins

These modules, and nothing else of the core, may be imported by plug-ins; the tests refuse other imports in ours. The
list is `FOR_PLUGINS` in `docs/generating/layers.py`. A plug-in's first module imports `nasframe` alone, which loads
neither torch nor matplotlib.
"""
SCRIPTS = """
## For scripts and notebooks

These are offered as well, but not to plug-ins.
"""
INSIDE = """
## Inside the core

The other classes, which only the core itself uses: one name for each thing, and where it is.

| class | in | |
| --- | --- | --- |
"""


def page() -> str:
    """The text of the page."""
    for_scripts = public_modules(FOR_PLUGINS)
    named = {one.name for module in [*FOR_PLUGINS, *for_scripts] for one in public(module)}
    inside = [INSIDE, *_classes(named)]
    return "".join([HEAD, PLUGINS, *_sections(FOR_PLUGINS), SCRIPTS, *_sections(for_scripts), *inside])


def _sections(modules: Iterable[str]) -> Iterator[str]:
    """Of each module, the package itself first, then lower layers first."""
    for module in sorted(modules, key=lambda name: (name != "__init__", RANK[name.split(".")[0]], name)):
        rows = "".join(map(_row, public(module)))
        yield f"\n### {shown(module)}\n\n{about(module)}.\n\n| name | |\n| --- | --- |\n{rows}"


def _classes(named: set[str]) -> Iterator[str]:
    """The classes whose names are not offered, by name."""
    found = {name: (module, told) for module in module_names(CORE) for name, told in classes(module).items()}
    for name, (module, told) in sorted(found.items()):
        if name not in named:
            yield f"| `{name}` | `{module}` | {told} |\n"


def _row(one: Public) -> str:
    return f"| `{one.name}{one.call}` | {one.summary.replace('|', chr(92) + '|')} |\n"
