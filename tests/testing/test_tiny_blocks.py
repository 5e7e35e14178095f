"""The contract for spaces, held by one whose graphs have two edges between the same nodes."""

from nasframe.testing import SpaceContract
from nasframe.testing.tiny_blocks import TinyBlocks


class TestTinyBlocks(SpaceContract):
    space = TinyBlocks()
