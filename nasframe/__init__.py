"""nasframe: neural architecture search for dense prediction, made of plug-ins.

The names here are all that a plug-in's light module needs; importing them loads neither torch nor matplotlib.
"""

from nasframe.component import Component
from nasframe.errors import (
    CapabilityError,
    DataError,
    ExperimentError,
    GenotypeError,
    NasframeError,
    PluginError,
    RunError,
    RunFolderError,
)
from nasframe.evaluator import (
    Batch,
    Candidate,
    Differentiable,
    Evaluation,
    Evaluator,
    Illustrating,
    Model,
    Runtime,
    Split,
    Table,
    Trainable,
)
from nasframe.genotype import Choose, Genotype, GenotypeRecord
from nasframe.hookspecs import hookimpl
from nasframe.options import Options
from nasframe.space import Relaxable, SearchSpace, Task, Weigh
from nasframe.stepper import Stepper
from nasframe.strategy import AskTell, Problem, Strategy

__version__ = "0.1.0"

__all__ = [
    "AskTell",
    "Batch",
    "Candidate",
    "CapabilityError",
    "Choose",
    "Component",
    "DataError",
    "Differentiable",
    "Evaluation",
    "Evaluator",
    "ExperimentError",
    "Genotype",
    "GenotypeError",
    "GenotypeRecord",
    "Illustrating",
    "Model",
    "NasframeError",
    "Options",
    "PluginError",
    "Problem",
    "Relaxable",
    "RunError",
    "RunFolderError",
    "Runtime",
    "SearchSpace",
    "Split",
    "Stepper",
    "Strategy",
    "Table",
    "Task",
    "Trainable",
    "Weigh",
    "hookimpl",
]
