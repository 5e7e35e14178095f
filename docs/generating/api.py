"""The page ``api.md``: every public name of the core with a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from generating.layers import FOR_PLUGINS, RANK
from generating.reading import Public, about, public, public_modules, shown

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


def page() -> str:
    """The text of the page."""
    return "".join([HEAD, PLUGINS, *_sections(FOR_PLUGINS), SCRIPTS, *_sections(public_modules(FOR_PLUGINS))])


def _sections(modules: Iterable[str]) -> Iterator[str]:
    """Of each module, the package itself first, then lower layers first."""
    for module in sorted(modules, key=lambda name: (name != "__init__", RANK[name.split(".")[0]], name)):
        rows = "".join(map(_row, public(module)))
        yield f"\n### {shown(module)}\n\n{about(module)}.\n\n| name | |\n| --- | --- |\n{rows}"


def _row(one: Public) -> str:
    return f"| `{one.name}{one.call}` | {one.summary.replace('|', chr(92) + '|')} |\n"
