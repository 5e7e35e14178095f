"""The pages that a script writes say what the code says, and plug-ins use public names alone."""

import ast
import re
import xml.etree.ElementTree
from collections import Counter
from functools import cache
from pathlib import Path

import networkx as nx
import pytest

import generate
from generating.imports import CORE, folder_edges, imports, module_names, module_of
from generating.layers import FOR_PLUGINS, LAYERS, RANK
from generating.reading import classes, public, public_modules, shown

ROOT = Path(__file__).parents[1]
PUBLIC = sorted(FOR_PLUGINS) + public_modules(FOR_PLUGINS)
PLUGINS = sorted((ROOT / "plugins").glob("*/nasframe_*/**/*.py"))


def test_the_pages_are_up_to_date():
    found = [path.name for path in generate.outdated()]
    assert found == [], "run: python docs/generate.py"


def test_the_pages_are_made_without_importing_what_they_are_about():
    scripts = [ROOT / "docs" / "generate.py", *(ROOT / "docs" / "generating").glob("*.py")]
    found = {name.split(".")[0] for script in scripts for name in imports(script)}
    assert not found & {"nasframe", "torch"} and "networkx" in found


@cache
def arrows():
    """Each arrow of the committed picture, with its heights where it begins and where it ends."""
    picture = xml.etree.ElementTree.parse(ROOT / "docs" / "architecture.svg").getroot()
    found = {}
    for group in picture.iterfind("{*}g"):
        one, other = group.findtext("{*}title").split(" imports ")
        begin, end = (float(re.match(r"M[\d.]+,([\d.]+)", path.get("d"))[1]) for path in group.iterfind("{*}path"))
        found[one, other] = (begin, end)
    return found


def test_from_the_pictures_arrows_follow_all_imports_between_folders_and_no_others():
    ways = nx.transitive_closure_dag(nx.DiGraph(arrows().keys()))
    assert set(ways.edges) == set(nx.transitive_closure_dag(nx.DiGraph(folder_edges(CORE))).edges)
    assert set(ways) == set(RANK) == {name for layer in LAYERS for name in layer.split()}


def test_no_arrow_of_the_picture_goes_up_or_to_a_higher_layer():
    assert all(begin < end for begin, end in arrows().values())
    assert all(RANK[one] >= RANK[other] for one, other in arrows())


@pytest.mark.parametrize("module", PUBLIC)
def test_a_public_module_offers_names_once_each_with_a_sentence(module):
    found = public(module)
    assert found and len({one.name for one in found}) == len(found)
    assert [one.name for one in found if len(one.summary) < 8] == []


def test_plugins_import_only_names_that_their_module_offers():
    modules = {shown(module): module for module in FOR_PLUGINS}
    found = set()
    for path in PLUGINS:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module in modules:
                found |= {(node.module, alias.name) for alias in node.names}
    assert len(found) > 50
    named = {(module, name) for module, name in found if module_of(f"{module}.{name}", CORE) == modules[module]}
    assert {
        (module, name) for module, name in named if name not in {one.name for one in public(modules[module])}
    } == set()


def test_every_public_class_is_a_word_of_its_own():
    words = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    words += (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    homes = [(name, module) for module in module_names(CORE) for name in classes(module)]
    assert {name for name, _ in homes if f"`{name}" not in words} == set()
    assert [name for name, count in Counter(name for name, _ in homes).items() if count > 1] == []
