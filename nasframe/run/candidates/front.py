"""The Pareto front of a search, as genotype files that can be retrained."""

from __future__ import annotations

from collections.abc import Sequence

from nasframe.ask_tell import AskTell
from nasframe.experiment.sections import Part
from nasframe.files import genotypes
from nasframe.genotype import Genotype, GenotypeRecord
from nasframe.pareto import SCORE, Point, pareto_front
from nasframe.runfolder.layout import RunLayout
from nasframe.space import SearchSpace


def write_front(files: RunLayout, strategy: AskTell, objectives: Sequence[str], space: Part[SearchSpace]) -> None:
    """Write each genotype on the front of a search for several objectives, with what it has of each.

    Those of smaller spaces that the space grows through are not on it: nothing could build them again.

    Raises:
        RunError: the disk is full.
    """
    points = [
        Point(
            number,
            genotype.to_dict(),
            result.budget,
            {name: result.score if name == SCORE else result.metrics[name] for name in objectives},
        )
        for number, (genotype, result) in enumerate(strategy.history, start=1)
        if not result.failure and strategy.is_whole(genotype)
    ]
    for point in pareto_front(points) if len(objectives) > 1 else ():
        options = space.options.model_dump(mode="json")
        record = GenotypeRecord(Genotype.from_dict(point.genotype), options, f"candidate {point.candidate}")
        extra = {"budget": point.budget, "objectives": dict(point.values)}
        genotypes.write(files.on_front(point.candidate), record, extra)
