"""Limits of what is read, far beyond what is ever written, so that no text costs more than its reading is worth."""

from __future__ import annotations

MOST_CHARACTERS = 2**18
"""Of one YAML text; in a file bytes are counted."""
MOST_VALUES = 20_000
"""Scalars, lists and mappings of one YAML text, counted again at each alias."""
DEEPEST = 64
"""Lists and mappings inside each other."""
MOST_DIGITS = 300
"""Of one number: the largest that double precision can hold has 309."""
MOST_ARRAY_BYTES = 2**24
"""Of one array of logits or mixing weights."""
MOST_TENSOR_BYTES = 2**32
"""Of a file of tensors, which may be the whole checkpoint of a supernet."""
