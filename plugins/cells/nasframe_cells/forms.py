"""Cells as other programs' text: how a text holds them, with operations by whatever names it has for them.

* ``Flat``: ``Genotype(normal=[('sep_conv_3x3', 1), …], normal_concat=range(2, 6), reduce=[…], reduce_concat=…)``, two
  pairs a block one after the other, as in github.com/quark0/darts, ``cnn/genotypes.py``, and its many descendants.
* ``Nested``: the same with a list for each block: ``normal=[[('sep_conv_3x3', 1), ('skip_connect', 0)], …]``.
* ``FlatDict``: ``{"normal/op_2_0": "sep_conv_3x3", "normal/input_2_0": 1, …}``, as NNI exports its spaces of cells;
  what a cell gives out is not in it, so that all blocks are meant. Where it is not all of them, ``normal/concat`` is
  written beside, which is ours.
* ``Slim``: the lists ``operations``, ``hiddenstate_indices`` and ``used_hiddenstates`` of TensorFlow's slim and of the
  TPU models, with 1 for each state that the cell does not give out.
"""

from __future__ import annotations

import ast
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, final

from typing_extensions import override

from nasframe import GenotypeError
from nasframe.errors import did_you_mean
from nasframe.files.words import quantity
from nasframe_cells.language import INPUTS, Block, Cell, Cells, Edge
from nasframe_cells.python_text import Called, called, literal, statements, where

__all__ = ["Flat", "FlatDict", "Form", "Nested", "Slim"]

KEYS = ("normal", "normal_concat", "reduce", "reduce_concat")
"""Of the flat and the nested form, in the order of DARTS's tuple."""
PARTS = ("normal", "reduce")
_LISTS = ("operations", "hiddenstate_indices", "used_hiddenstates")


class Form(ABC):
    """How a text holds the two cells of a network."""

    @abstractmethod
    def read(self, text: str) -> Cells:
        """The cells of a text; where it has one alone, that is both.

        Raises:
            GenotypeError: it is not of this form.
        """

    @abstractmethod
    def write(self, cells: Cells) -> str:
        """The text for cells.

        Raises:
            GenotypeError: a block does not add, which no text of these forms can say.
        """


class _Listed(Form):
    """A tuple of lists: what the flat and the nested form have in common."""

    @abstractmethod
    def edges(self, found: Sequence[Any], key: str) -> list[tuple[Any, ...]]:
        """The pairs of each block, as they were found, not yet known to be pairs."""

    @abstractmethod
    def listed(self, pairs: list[list[tuple[str, int]]]) -> list[Any]:
        """The inverse of ``edges``."""

    @override
    def read(self, text: str) -> Cells:
        """Of a call, or of a mapping with the same keys; of a file with one such call, whatever else it has."""
        data = {key: literal(node) for key, node in _arguments(text).items()}
        cells = {part: self._cell(data, part) for part in PARTS if part in data}
        return Cells(cells["normal"], cells.get("reduce", cells["normal"]))

    @override
    def write(self, cells: Cells) -> str:
        """On four lines."""
        told = []
        for part, cell in zip(PARTS, (cells.normal, cells.reduction), strict=True):
            _require_adding(cell)
            pairs = [[(edge.operation, edge.input) for edge in block.edges] for block in cell.blocks]
            told += [f"{part}={self.listed(pairs)!r}", f"{part}_concat={_concat(cell)}"]
        return "Genotype(\n    " + ",\n    ".join(told) + ",\n)"

    def _cell(self, data: Mapping[str, Any], part: str) -> Cell:
        blocks = self.edges(_list(data[part], part), part)
        return Cell(tuple(_block(pair, part) for pair in blocks), _states(data.get(f"{part}_concat"), f"{part}_concat"))


@final
class Flat(_Listed):
    """Two pairs a block, one after the other."""

    @override
    def edges(self, found: Sequence[Any], key: str) -> list[tuple[Any, ...]]:
        if len(found) % 2:
            raise GenotypeError(f"{key}: found {quantity(len(found), 'pair')}, expected two for each block")
        return [tuple(found[at : at + 2]) for at in range(0, len(found), 2)]

    @override
    def listed(self, pairs: list[list[tuple[str, int]]]) -> list[Any]:
        return list(chain.from_iterable(pairs))


@final
class Nested(_Listed):
    """A list of two pairs for each block."""

    @override
    def edges(self, found: Sequence[Any], key: str) -> list[tuple[Any, ...]]:
        return [tuple(_list(block, key)) for block in found]

    @override
    def listed(self, pairs: list[list[tuple[str, int]]]) -> list[Any]:
        return list(pairs)


@final
class FlatDict(Form):
    """A key for each operation and each input; blocks are numbered from 2, as the states are."""

    @override
    def read(self, text: str) -> Cells:
        """Inputs may be numbers or lists of one number."""
        found = statements(text)
        if len(found) != 1 or not isinstance(found[0][1], ast.Dict):
            raise GenotypeError('expected one mapping with keys like "normal/op_2_0" and "normal/input_2_0"')
        data: dict[str, Any] = literal(found[0][1])
        parts = {part: self._cell(data, part) for part in PARTS if f"{part}/op_2_0" in data}
        if "normal" not in parts:
            raise GenotypeError('lacks "normal/op_2_0", the first operation of the normal cell')
        known = {key for part, cell in parts.items() for key in _dict_of(part, cell)}
        if unknown := [key for key in data if key not in known and key != "normal/concat" and key != "reduce/concat"]:
            raise GenotypeError(f"found the key {unknown[0]!r}, which belongs to no block of its cell; remove it")
        return Cells(parts["normal"], parts.get("reduce", parts["normal"]))

    @override
    def write(self, cells: Cells) -> str:
        """JSON."""
        told: dict[str, Any] = {}
        for part, cell in zip(PARTS, (cells.normal, cells.reduction), strict=True):
            _require_adding(cell)
            told |= _dict_of(part, cell)
            if cell.concat != tuple(range(len(INPUTS), cell.states)):
                told[f"{part}/concat"] = list(cell.concat)
        return json.dumps(told, indent=1)

    def _cell(self, data: Mapping[str, Any], part: str) -> Cell:
        blocks = list[Block]()
        while f"{part}/op_{len(blocks) + len(INPUTS)}_0" in data:
            state = len(blocks) + len(INPUTS)
            edges = [self._edge(data, f"{part}/op_{state}_{side}", f"{part}/input_{state}_{side}") for side in (0, 1)]
            blocks.append(Block(edges[0], edges[1]))
        every = list(range(len(INPUTS), len(INPUTS) + len(blocks)))
        return Cell(tuple(blocks), _states(data.get(f"{part}/concat", every), f"{part}/concat"))

    def _edge(self, data: Mapping[str, Any], operation: str, source: str) -> Edge:
        for key in (operation, source):
            if key not in data:
                raise GenotypeError(f"lacks the key {key!r}")
        state = data[source]
        state = state[0] if isinstance(state, list) and len(state) == 1 else state
        return _edge((data[operation], state), source)


@final
class Slim(Form):
    """Three lists for each cell, under names that begin with ``normal_cell_`` or ``reduction_cell_``, or for one."""

    @override
    def read(self, text: str) -> Cells:
        """Of assignments, or of a mapping."""
        data = self._lists(text)
        prefixes = [prefix for prefix in ("normal_cell_", "reduction_cell_", "") if f"{prefix}operations" in data]
        if not prefixes or prefixes[0] == "reduction_cell_":
            raise GenotypeError("lacks normal_cell_operations, or operations where there is one cell")
        cells = [self._cell(data, prefix) for prefix in prefixes]
        return Cells(cells[0], cells[-1])

    @override
    def write(self, cells: Cells) -> str:
        """Six assignments, or three where both cells are equal."""
        names = {"": cells.normal}
        if cells.normal != cells.reduction:
            names = {"normal_cell_": cells.normal, "reduction_cell_": cells.reduction}
        return "\n".join(line for prefix, cell in names.items() for line in self._written(prefix, cell))

    def _lists(self, text: str) -> dict[str, Any]:
        found = statements(text)
        if len(found) == 1 and isinstance(found[0][1], ast.Dict):
            data: dict[str, Any] = literal(found[0][1])
            return data
        named = {name: node for name, node in found if name.endswith(_LISTS)}
        if not named:
            raise GenotypeError(f"expected lists by the names {', '.join(_LISTS)}")
        return {name: literal(node) for name, node in named.items()}

    def _cell(self, data: Mapping[str, Any], prefix: str) -> Cell:
        for name in _LISTS:
            if f"{prefix}{name}" not in data:
                raise GenotypeError(f"lacks {prefix}{name}")
        operations, states, used = (_list(data[f"{prefix}{name}"], f"{prefix}{name}") for name in _LISTS)
        if len(operations) != len(states) or len(operations) % 2 or len(used) != len(operations) // 2 + len(INPUTS):
            raise GenotypeError(
                f"{prefix}operations: found {quantity(len(operations), 'operation')}, "
                f"{quantity(len(states), 'index', 'indices')} and {quantity(len(used), 'state')} that are used or not; "
                "expected two operations and two indices for each block, and a state for each block and the two inputs"
            )
        if wrong := [one for one in used if one not in (0, 1)]:
            raise GenotypeError(f"{prefix}used_hiddenstates: found {wrong[0]!r}, expected 0 and 1")
        pairs = list(zip(operations, states, strict=True))
        blocks = tuple(_block(pairs[at : at + 2], f"{prefix}operations") for at in range(0, len(pairs), 2))
        return Cell(blocks, tuple(state for state, one in enumerate(used) if not one))

    def _written(self, prefix: str, cell: Cell) -> list[str]:
        _require_adding(cell)
        if list(cell.concat) != sorted(cell.concat):
            raise GenotypeError(
                f"a cell gives out the states {list(cell.concat)}; this form can say them in order alone"
            )
        edges = [edge for block in cell.blocks for edge in block.edges]
        lists = {
            "operations": [edge.operation for edge in edges],
            "hiddenstate_indices": [edge.input for edge in edges],
            "used_hiddenstates": [int(state not in cell.concat) for state in range(cell.states)],
        }
        return [f"{prefix}{name} = {found!r}" for name, found in lists.items()]


def _arguments(text: str) -> dict[str, ast.expr]:
    """The arguments of the one ``Genotype`` of a text, or the values of the one mapping."""
    found = statements(text)
    calls = [(name, call) for name, node in found if (call := called(node)) and _is_genotype(call)]
    if len(calls) > 1:
        names = ", ".join(name or "one without a name" for name, _ in calls)
        raise GenotypeError(f"found {quantity(len(calls), 'genotype')} ({names}); keep the one that is meant")
    if calls:
        given = dict(zip(KEYS, calls[0][1].positional, strict=False)) | calls[0][1].keywords
    elif len(found) == 1 and isinstance(found[0][1], ast.Dict):
        mapping = found[0][1]
        given = {str(literal(key)): value for key, value in zip(mapping.keys, mapping.values, strict=True) if key}
    else:
        raise GenotypeError(
            "expected Genotype(normal=…, normal_concat=…, reduce=…, reduce_concat=…), or such a mapping"
        )
    for key, node in given.items():
        if key not in KEYS:
            raise GenotypeError(f"{where(node)}: found {key!r}, expected {', '.join(KEYS)}{did_you_mean(key, KEYS)}")
    if missing := [key for key in KEYS if key not in given and (key in KEYS[:2] or "reduce" in given)]:
        raise GenotypeError(f"lacks {missing[0]!r}; expected {', '.join(KEYS)}")
    return given


def _is_genotype(call: Called) -> bool:
    return call.name == "Genotype" or "normal" in call.keywords


def _list(found: Any, key: str) -> list[Any]:
    if not isinstance(found, list):
        raise GenotypeError(f"{key}: found {found!r}, expected a list")
    return found


def _block(pairs: Sequence[Any], key: str) -> Block:
    if len(pairs) != 2:
        raise GenotypeError(f"{key}: found a block of {quantity(len(pairs), 'pair')}, expected two")
    left, right = (_edge(pair, key) for pair in pairs)
    return Block(left, right)


def _edge(pair: Any, key: str) -> Edge:
    match pair:
        case (str(operation), int(state)):
            return Edge(operation, state)
    raise GenotypeError(f"{key}: found {str(pair)[:60]}, expected an operation and the number of a state")


def _states(found: Any, key: str) -> tuple[int, ...]:
    if not isinstance(found, list) or not all(isinstance(state, int) for state in found):
        raise GenotypeError(f"{key}: found {str(found)[:60]}, expected numbers of states")
    return tuple(found)


def _concat(cell: Cell) -> str:
    """As a range, where it is one."""
    first, last = cell.concat[0], cell.concat[-1]
    return f"range({first}, {last + 1})" if cell.concat == tuple(range(first, last + 1)) else repr(list(cell.concat))


def _dict_of(part: str, cell: Cell) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for state, block in enumerate(cell.blocks, start=len(INPUTS)):
        for side, edge in enumerate(block.edges):
            told |= {f"{part}/op_{state}_{side}": edge.operation, f"{part}/input_{state}_{side}": edge.input}
    return told


def _require_adding(cell: Cell) -> None:
    for number, block in enumerate(cell.blocks, start=1):
        if block.combine != "add":
            raise GenotypeError(
                f"block b{number} of a cell combines by {block.combine!r}; in this form all add: write yaml or json"
            )
