"""The strategy ``darts``, without torch until it is constructed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, final

from typing_extensions import override

from nasframe import Problem
from nasframe_darts.options import DartsOptions
from nasframe_darts.search import BilevelSearch

if TYPE_CHECKING:
    from nasframe_darts.parts import Parts


@final
class Darts(BilevelSearch):
    """DARTS, and the variants of it that its options name."""

    name: ClassVar[str] = "darts"

    class Options(DartsOptions):
        """Settings of the search."""

    @override
    def parts(self, problem: Problem, options: DartsOptions) -> Parts:
        from nasframe_darts.composing import composed

        return composed(problem.space, options)
