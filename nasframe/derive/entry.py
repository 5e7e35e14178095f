"""What a file says of one array: its keys, read and checked, each fault with its place."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import final

from nasframe.errors import did_you_mean, listed
from nasframe.experiment.sections import check_keys
from nasframe.files.yaml_text import Fault, Faults, Place, Value


class WrongError(Exception):
    """The first thing that is wrong with an array."""

    def __init__(self, place: Place, path: str, message: str) -> None:
        super().__init__(message)
        self.fault = Fault(place, path, message)


@final
@dataclass(frozen=True)
class ArrayEntry:
    """A mapping that says what an array is."""

    path: str
    """The keys that lead to it, joined by dots."""
    value: Value

    def wrong(self, key: str, message: str) -> WrongError:
        """A fault of one of its keys, or of a value in a file that the key names."""
        inner = self.value.members.get(key)
        return WrongError(inner.place if inner else self.value.key, f"{self.path}.{key}", message)

    def wrong_at(self, item: Value, key: str, message: str) -> WrongError:
        """A fault of a value under a key."""
        return WrongError(item.place, f"{self.path}.{key}", message)

    def require_keys(self, known: Collection[str]) -> None:
        """See that there is no other key.

        Raises:
            WrongError: there is.
        """
        faults = Faults()
        check_keys(self.value, known, self.path, faults)
        for fault in faults:
            raise WrongError(fault.place, fault.path, fault.message)

    def text(self, key: str, among: Sequence[str] = ()) -> str:
        """A word that must be there.

        Args:
            among: what it may be; empty: anything.

        Raises:
            WrongError: it is missing or another.
        """
        expected = f"expected {' or '.join(among) or 'a name'}"
        inner = self.value.members.get(key)
        if inner is None:
            raise self.wrong(key, f"missing; {expected}")
        if not isinstance(inner.data, str) or (among and inner.data not in among):
            raise self.wrong(key, f"found {inner.shown()}, {expected}")
        return inner.data

    def items(self, key: str, expected: str) -> list[Value]:
        """The items of a list that must be there.

        Raises:
            WrongError: it is missing or no list.
        """
        inner = self.value.members.get(key)
        if inner is None or not isinstance(inner.data, list):
            found = "missing;" if inner is None else f"found {inner.shown()},"
            raise self.wrong(key, f"{found} expected {expected}")
        return inner.data

    def columns(self, key: str, known: Sequence[str], needed: Collection[str]) -> list[str]:
        """The names of an array's columns, in their order.

        Args:
            known: what they may be.
            needed: what must be among them.

        Raises:
            WrongError: one is unknown, there twice, or missing.
        """
        found = list[str]()
        for item in self.items(key, f"the names of the array's columns in their order: {listed(known)}"):
            if item.data not in known:
                near = did_you_mean(str(item.data), known)
                raise self.wrong_at(
                    item, key, f"found {item.shown()}, expected {listed(known)}, in the array's order{near}"
                )
            if item.data in found:
                raise self.wrong_at(item, key, f"found {item.shown()} twice; each column has its own")
            found.append(str(item.data))
        if missing := [name for name in known if name in needed and name not in found]:
            raise self.wrong(
                key, f"lacks {listed(missing)}; expected each of {listed(known)} once, in the array's order"
            )
        return found
