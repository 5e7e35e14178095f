"""Deriving again from what a run left behind, or from others' arrays: rules, bounds; the best paths and the cells."""

from nasframe.derive.bounds import read_limits
from nasframe.derive.chosen import favoured
from nasframe.derive.compute import Derivation, Request, derive, genotype_with, strongest_cells
from nasframe.derive.given import holds_arrays, read_given
from nasframe.derive.inverse import genotype_of
from nasframe.derive.paths import FoundPath, KnownPath, path_of
from nasframe.derive.source import FinalSpace, Weighted, read_final_space, read_weighted

__all__ = [
    "Derivation",
    "FinalSpace",
    "FoundPath",
    "KnownPath",
    "Request",
    "Weighted",
    "derive",
    "favoured",
    "genotype_of",
    "genotype_with",
    "holds_arrays",
    "path_of",
    "read_final_space",
    "read_given",
    "read_limits",
    "read_weighted",
    "strongest_cells",
]
