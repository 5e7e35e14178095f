"""nasframe: neural architecture search for dense prediction, made of plug-ins.

The names here are all that a plug-in's light module needs; importing them loads neither torch nor matplotlib.
"""

from nasframe.ask_tell import AskTell
from nasframe.errors import (
    CapabilityError,
    DataError,
    ExperimentError,
    FileError,
    GenotypeError,
    GraphError,
    NasframeError,
    PluginError,
    RunError,
    RunFolderError,
)
from nasframe.evaluations import Leg
from nasframe.evaluator import (
    Batch,
    Candidate,
    Differentiable,
    Evaluation,
    Evaluator,
    EvaluatorCapability,
    HoldsOut,
    Model,
    Runtime,
    Split,
    Table,
    Trainable,
    Validating,
)
from nasframe.genotype import Choose, Genotype, GenotypeRecord
from nasframe.inference import Illustrating, Inference, Inferring, PictureKind, Predicting, Predictor, Progressing
from nasframe.options import AbsolutePath, Options
from nasframe.plugin.component import Component
from nasframe.plugin.hookspecs import hookimpl
from nasframe.space import (
    Canonical,
    Costed,
    Growing,
    Labels,
    Landmarked,
    Measure,
    Priced,
    Relaxable,
    SearchSpace,
    SpaceCapability,
    Switchable,
    Task,
    Weigh,
)
from nasframe.stepper import EndsEarly, GoesOn, Stepper, Uneven
from nasframe.strategy import Bounded, Problem, Strategy, Wrapping

__version__ = "0.1.0"

__all__ = [
    "AbsolutePath",
    "AskTell",
    "Batch",
    "Bounded",
    "Candidate",
    "Canonical",
    "CapabilityError",
    "Choose",
    "Component",
    "Costed",
    "DataError",
    "Differentiable",
    "EndsEarly",
    "Evaluation",
    "Evaluator",
    "EvaluatorCapability",
    "ExperimentError",
    "FileError",
    "Genotype",
    "GenotypeError",
    "GenotypeRecord",
    "GoesOn",
    "GraphError",
    "Growing",
    "HoldsOut",
    "Illustrating",
    "Inference",
    "Inferring",
    "Labels",
    "Landmarked",
    "Leg",
    "Measure",
    "Model",
    "NasframeError",
    "Options",
    "PictureKind",
    "PluginError",
    "Predicting",
    "Predictor",
    "Priced",
    "Problem",
    "Progressing",
    "Relaxable",
    "RunError",
    "RunFolderError",
    "Runtime",
    "SearchSpace",
    "SpaceCapability",
    "Split",
    "Stepper",
    "Strategy",
    "Switchable",
    "Table",
    "Task",
    "Trainable",
    "Uneven",
    "Validating",
    "Weigh",
    "Wrapping",
    "hookimpl",
]
