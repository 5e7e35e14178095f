"""``nasframe show``: an architecture or a run as text, as pictures and as graph files."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nasframe.cli.genotypes import find_genotype
from nasframe.cli.output import set_option
from nasframe.errors import RunFolderError
from nasframe.files import words
from nasframe.plugin.registry import Registry
from nasframe.runfolder.layout import RunLayout
from nasframe.runfolder.reading import RunReader, read_genotype_graph, read_graph

if TYPE_CHECKING:
    import networkx as nx

    from nasframe.genotype import Option

NETWORK = "network"


@dataclass(frozen=True)
class Shown:
    """What there is to show."""

    title: str
    space: nx.DiGraph
    """The whole, with mixing weights where there are any."""
    chosen: nx.DiGraph | None
    """The graph of a genotype."""
    of_run: bool
    decisions: Mapping[str, Option]
    """Of the genotype; empty where there is none yet."""


def _ending(suffix: str) -> Callable[[click.Context, click.Parameter, Path | None], Path | None]:
    def check(ctx: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
        if path is not None and path.suffix != suffix:
            raise click.BadParameter(f"{str(path)!r}; expected a file name that ends in {suffix}")
        return path

    return check


def _file_option(kind: str, help_: str) -> Callable[[Any], Any]:
    return click.option(
        f"--{kind}", type=click.Path(path_type=Path), metavar="FILE", callback=_ending(f".{kind}"), help=help_
    )


@click.command()
@click.argument("name_or_path", metavar="ARCH|RUN|ARRAYS")
@_file_option("svg", "Draw the trellis here, and each cell next to it as FILE-CELL.svg.")
@_file_option("png", "The same as pixels.")
@_file_option("dot", "Write the graph for Graphviz.")
@_file_option("graphml", "Write the graph for yEd, Gephi and Cytoscape.")
@_file_option("json", "Write the graph as node-link JSON.")
@set_option
@click.pass_obj
def show(
    registry: Registry,
    name_or_path: str,
    svg: Path | None,
    png: Path | None,
    dot: Path | None,
    graphml: Path | None,
    json: Path | None,
    overrides: tuple[str, ...],
) -> None:
    """Show a published genotype, a genotype file, a run or a file of arrays: its trellis and cells."""
    shown = _find(registry, name_or_path, overrides)
    pictures = [path for path in (svg, png) if path]
    graphs = [path for path in (dot, graphml, json) if path]
    _print(shown)
    written = [file for path in pictures for file in _draw(shown, path)]
    if graphs:
        from nasframe.files.graphs import save

        for path in graphs:
            save(_exported(shown), path)
    for path in (*written, *graphs):
        click.echo(f"Wrote {path}")


def _find(registry: Registry, name_or_path: str, overrides: tuple[str, ...]) -> Shown:
    folder = Path(name_or_path)
    if name_or_path not in registry.names("genotype") and folder.is_dir():
        if overrides:
            raise click.UsageError("--set is for a genotype's space; a run is shown with the options that it has")
        files = RunLayout(folder)
        if files.graph.is_file() or not files.genotype.is_file():
            return _find_run(folder)
        name_or_path = str(files.genotype)  # of a run that only retrains
    elif name_or_path not in registry.names("genotype") and folder.is_file():
        if given := _find_given(folder, registry, overrides):
            return given
    genotype, space = find_genotype(registry, name_or_path, overrides)
    return Shown(
        f"{name_or_path}, of space {space.name}", space.graph(), space.graph(genotype), False, genotype.answers
    )


def _find_given(path: Path, registry: Registry, overrides: tuple[str, ...]) -> Shown | None:
    """What the arrays of another program favour; None: the file says of none."""
    from nasframe.derive import favoured, holds_arrays, read_given

    if not holds_arrays(path):
        return None
    if overrides:
        raise click.UsageError("--set is for a genotype's space; a file of arrays has the options in it")
    weighted, _ = read_given(path, registry)
    return Shown(f"{path}: favoured by {weighted.source}", weighted.graph, favoured(weighted.graph), True, {})


def _find_run(folder: Path) -> Shown:
    from nasframe.derive import read_weighted
    from nasframe.derive.chosen import favoured

    chosen, reader = read_genotype_graph(folder), RunReader(folder)
    decisions = reader.decisions()
    if not reader.snapshots():
        title = "what it found" if chosen is not None else "the whole space; nothing is found or weighed yet"
        return Shown(f"{folder}: {title}", read_graph(folder), chosen, True, decisions)
    try:
        weighted = read_weighted(folder)
    except RunFolderError:
        if chosen is None:
            raise
        return Shown(f"{folder}: what it found", read_graph(folder), chosen, True, decisions)
    title = f"{folder}: what it found" if chosen is not None else f"{folder}: favoured so far"
    chosen = favoured(weighted.graph) if chosen is None else chosen
    return Shown(f"{title}; weights of step {weighted.step}", weighted.graph, chosen, True, decisions)


def _print(shown: Shown) -> None:
    from nasframe.graph import parts
    from nasframe.plot import terminal, trellis

    click.echo(shown.title)
    glyphs = terminal.glyphs_for(sys.stdout.encoding)
    found = trellis.compute(shown.space, shown.chosen)
    if found is not None:
        shares = _shares(shown.space) if shown.of_run else None
        for line in (
            "",
            *terminal.trellis_lines(found, glyphs, shares),
            "",
            terminal.legend(found, glyphs, shares is not None),
        ):
            click.echo(line)
    graph = shown.space if shown.chosen is None else shown.chosen
    for name in parts(graph):
        if name != NETWORK:
            click.echo(f"\n{name}")
            for line in terminal.cell_lines(graph, name):
                click.echo(f"  {line}")
    if shown.decisions:
        click.echo("\ndecisions")
        for name, answer in shown.decisions.items():
            click.echo(f"  {name} = {words.answer(answer)}")


def _shares(space: nx.DiGraph) -> list[float] | None:
    """Of each node of the network the share of paths that cross it, drawn by the weights; None: nothing is weighed."""
    from nasframe import decode
    from nasframe.errors import GraphError
    from nasframe.graph import part

    network = part(space, NETWORK)
    try:
        visits = decode.visits(network, decode.marginals(network, *decode.terminals(network)))
    except GraphError:
        return None
    return [visits.get(node, 0.0) for node in network]


def _draw(shown: Shown, path: Path) -> list[Path]:
    """Write the pictures; returns their files."""
    from nasframe.graph import parts
    from nasframe.plot import cell, trellis
    from nasframe.plot.canvas import save_figure

    written = []
    found = trellis.compute(shown.space, shown.chosen)
    if found is not None:
        with save_figure(path, *found.size) as (axes,):
            trellis.draw(found, axes)
        written.append(path)
    graph = shown.space if shown.chosen is None else shown.chosen
    for name in parts(graph):
        if name == NETWORK:
            continue
        picture = cell.compute(graph, name, shown.space if shown.of_run else None)
        file = path.with_name(f"{path.stem}-{''.join(c if c.isalnum() else '-' for c in name)}{path.suffix}")
        with save_figure(file, *picture.size) as (axes,):
            cell.draw(picture, axes)
        written.append(file)
    return written


def _exported(shown: Shown) -> nx.DiGraph:
    """Of an architecture its graph; of a run the whole space's, in which what was chosen carries ``chosen``."""
    from nasframe.graph import edges

    if shown.chosen is None or not shown.of_run:
        return shown.space if shown.chosen is None else shown.chosen
    graph = shown.space.copy()
    for node in shown.chosen:
        graph.nodes[node]["chosen"] = True
    for edge, data in edges(shown.chosen):
        graph.edges[edge]["chosen"] = True
        if "operation" in data:
            graph.edges[edge]["operation"] = data["operation"]
    return graph
