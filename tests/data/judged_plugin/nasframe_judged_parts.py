"""The components of the plug-in for tests of how candidates are evaluated."""

import os
import signal
import threading
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import networkx as nx

import nasframe
from nasframe.genotype import sample, validate
from nasframe.plugin.engine import Engine, Outcome


class Branches(nasframe.SearchSpace, nasframe.Canonical):
    """One to three layers, each narrow or wide; only a wide one is asked for its kernel. The order makes no network."""

    name = "branches"
    labels = ("pixels",)

    class Options(nasframe.Options):
        most: int = 3
        """How many layers at most."""

    def decide(self, choose):
        for layer in range(choose("layers", tuple(range(1, self.options.most + 1)))):
            if choose(f"layer{layer}/width", (2, 4)) == 4:
                choose(f"layer{layer}/kernel", (1, 3))

    def build(self, genotype, task):
        from torch import nn

        validate(self, genotype)
        layers, before = [], task.in_channels
        for layer in range(genotype["layers"]):
            width, kernel = genotype[f"layer{layer}/width"], genotype.answers.get(f"layer{layer}/kernel", 1)
            layers.append(nn.Conv2d(before, width, kernel, padding=kernel // 2))
            before = width
        return nn.Sequential(*layers, nn.Conv2d(before, task.num_classes, 1))

    def canonical(self, genotype):
        """One layer of width 4 is taken for the same whatever its kernel."""
        validate(self, genotype)
        if genotype["layers"] > 1 or genotype["layer0/width"] == 2:
            return genotype
        return nasframe.Genotype(self.name, (("layers", 1), ("layer0/width", 4), ("layer0/kernel", 1)))

    def graph(self, genotype=None):
        graph = nx.DiGraph(space=self.name)
        for rank, kind in enumerate(("input", "block", "output")):
            graph.add_node(kind, part="cell", kind=kind, layer=rank, level=0, label=kind)
        graph.add_edges_from((("input", "block"), ("block", "output")), kind="link")
        return graph


class Marks(nasframe.Evaluator):
    """The score is how much is wide, and a little noise; each evaluation is a line in a file, by its process."""

    name = "marks"
    labels = "pixels"

    class Options(nasframe.Options):
        file: str
        """Where evaluations are noted."""
        wrong: Literal["", "nan", "error", "memory", "data", "kill", "kill once"] = ""
        """What happens to a candidate of one layer."""
        places: bool = False
        """Whether a metric tells on which of Ray's nodes it was."""
        side: int = 8
        """Of its images, in pixels."""

    def prepare(self):
        self.task = nasframe.Task(in_channels=3, num_classes=2, size=(self.options.side, self.options.side))

    def evaluate(self, candidate, budget=1.0):
        import torch

        answers = candidate.genotype.answers
        text = " ".join(f"{name}={answer}" for name, answer in answers.items())
        with Path(self.options.file).open("a") as file:
            file.write(f"{budget} {text}\n")
        if answers.get("layers") == 1:
            self._go_wrong()
        candidate.build()
        wide = sum(answer == 4 for answer in answers.values()) / 3
        place = {"node": float(zlib.crc32(_node().encode()))} if self.options.places else {}
        return nasframe.Evaluation(wide + 1e-3 * torch.rand(()).item(), {"wide": wide, "budget": budget, **place})

    def _go_wrong(self):
        import torch

        match self.options.wrong:
            case "nan":
                raise nasframe.RunError("the loss is nan")
            case "error":
                raise ValueError("a layer has\nno channels")
            case "memory":
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")
            case "data":
                raise nasframe.DataError("image 7 is gone")
            case "kill once" if Path(f"{self.options.file}.killed").exists():
                return
            case "kill" | "kill once":
                assert threading.current_thread() is threading.main_thread()
                Path(f"{self.options.file}.killed").touch()
                os.kill(os.getpid(), signal.SIGKILL)


class Trains(nasframe.Evaluator, nasframe.Trainable):
    """Tiny networks, trained on noise; each update is a line in a file."""

    name = "trains"
    labels = "pixels"

    class Options(nasframe.Options):
        file: str
        """Where updates are noted."""
        steps: int = 8
        """Of a full training."""

    def prepare(self):
        from nasframe.testing.tiny import TinyEvaluator
        from nasframe.training.options import TrainingOptions

        recipe = TrainingOptions(steps=self.options.steps, lr=0.2, ema=0.9, validate_epochs=1, keep_best=True)
        self._tiny = TinyEvaluator(TinyEvaluator.Options(training=recipe), self.runtime)
        self.task = self._tiny.task

    def evaluate(self, candidate, budget=1.0):
        from nasframe.training.sgd import fit

        network = candidate.build()
        fit(self.training(network, budget))
        return self.measure(network)

    def training(self, network, budget=1.0):
        from nasframe.training.sgd import Training

        return Training(network, self, self._tiny.options.training, self.runtime, budget)

    def batches(self, split, start=0):
        return self._tiny.batches(split, start)

    def epoch_steps(self, split):
        return self._tiny.epoch_steps(split)

    def loss(self, model, batch):
        with Path(self.options.file).open("a") as file:
            file.write(f"{batch.names}\n")
        return self._tiny.loss(model, batch)

    def measure(self, model):
        return self._tiny.measure(model)


def _node():
    import ray

    return ray.get_runtime_context().get_node_id()


class Dice(nasframe.AskTell):
    """Draws by torch's generator and numpy's, and knows what it was told."""

    name = "dice"

    class Options(nasframe.Options):
        samples: int = 8
        """How many."""

    def __init__(self, problem, options):
        super().__init__(problem, options, options.samples)

    def ask(self, rng):
        import torch

        torch.rand(3)
        seed = int(torch.randint(1000, ()).item()) + int(rng.integers(1000)) + len(self.history)
        import numpy as np

        return sample(self.problem.space, np.random.default_rng(seed))


class Wrap(nasframe.AskTell, nasframe.Wrapping):
    """Evaluates each candidate of another strategy with half a budget, then with a full one."""

    name = "wrap"

    def __init__(self, problem, options):
        self.over = problem.over(problem)
        super().__init__(problem, options, 2 * self.over.steps)

    def ask(self, rng):
        asked = [genotype for genotype, _ in self.history] + [genotype for genotype, _ in self.outstanding]
        self.budget = 1.0 if len(asked) % 2 else 0.5
        return asked[-1] if len(asked) % 2 else self.over.ask(rng)


class NewestFirst(Engine):
    """One worker, in this process, that does what was asked for last before all else."""

    name = "newest-first"

    def __init__(self, setup, workers, address, show):
        if address is not None:
            raise nasframe.RunError(f"newest-first has its worker here, not at {address}")
        self._setup = setup
        self._show = show
        self._jobs = []
        self._stack = ExitStack()
        self._evaluate = None

    def submit(self, job):
        self._jobs.append(job)

    def next(self):
        if self._evaluate is None:
            self._evaluate = self._stack.enter_context(self._setup.prepare())
        job = self._jobs.pop()
        self._show([f"#{job.number + 1}"])
        reply = self._evaluate(job)
        if isinstance(reply, nasframe.NasframeError):
            raise reply
        return Outcome(job, *reply, worker=1)

    def close(self):
        self._stack.close()


class Downhill(nasframe.Strategy):
    """Proposes no candidates."""

    name = "downhill"
    steps = 1

    def __init__(self, problem, options):
        raise NotImplementedError

    def step(self, index, rng):
        raise NotImplementedError

    def best(self):
        raise NotImplementedError

    def state_dict(self):
        raise NotImplementedError

    def load_state_dict(self, state):
        raise NotImplementedError
