"""A run: search, derive, retrain, report, in a folder that it can go on from wherever it was stopped."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, final, get_args

from nasframe.ask_tell import AskTell
from nasframe.errors import GenotypeError, NasframeError, RunError
from nasframe.evaluator import Evaluation
from nasframe.experiment.checking import load
from nasframe.experiment.experiment import Experiment, Retrain
from nasframe.experiment.sections import Part
from nasframe.experiment.terms import Terms
from nasframe.files import atomic, genotypes
from nasframe.files.plain_json import parse
from nasframe.files.words import first_line
from nasframe.genotype import Genotype, GenotypeRecord, validate
from nasframe.graph import to_json
from nasframe.plugin.registry import Registry
from nasframe.run.candidates.finals import Finals, name_finalists
from nasframe.run.candidates.front import write_front
from nasframe.run.candidates.set_up import open_evaluations, open_judge
from nasframe.run.data import fingerprints, note_changed_data, record_data, remarks_on_data, require_same_data
from nasframe.run.inheriting import (
    choose_inherited,
    keep_inherited,
    preview,
    start_from_file,
    start_from_supernet,
)
from nasframe.run.interrupt import Interrupted, ignore_signals
from nasframe.run.journal import Journal, Listeners
from nasframe.run.ledger import keep_ledger, measure_supernet
from nasframe.run.loop import run_steps
from nasframe.run.problems import Problems, environment, make_strategy, open_problems
from nasframe.run.progress import Progress, choose_progress
from nasframe.run.retrain import Start, retrain
from nasframe.run.within_bounds import write_bounds
from nasframe.runfolder.checksums import Checksums
from nasframe.runfolder.folder import RunFolder
from nasframe.runfolder.layout import Phase
from nasframe.runfolder.weights import read_tensors
from nasframe.space import SearchSpace
from nasframe.strategy import Problem, Strategy
from nasframe.training.seeding import seed_all


def run(
    experiment: Experiment,
    folder: Path | None = None,
    *,
    registry: Registry | None = None,
    quiet: bool = False,
) -> Path:
    """Run an experiment from its beginning to its report.

    Args:
        folder: where; a folder that does not exist or is empty. None: a free name under ``run.folder``.
        registry: whose plug-ins get ``nasframe_event``; None: nobody.
        quiet: whether nothing is shown.

    Returns:
        The run folder.

    Raises:
        NasframeError: see its children; ``status.json`` then says ``failed`` and why.
        Interrupted: the user stopped it; ``resume`` goes on.
    """
    if registry is not None:
        registry.require_listeners(experiment.run.trackers)  # now, so that what is wrong leaves no run behind
    with open_problems(experiment) as problems:
        if experiment.retrain and experiment.retrain.weights:
            read_tensors(Path(experiment.retrain.weights))
        data, remarks = fingerprints(problems), remarks_on_data(problems)
        resolved = experiment.resolved()
        if folder is None:
            made = RunFolder.create_free(Path(experiment.run.folder), experiment.name, resolved)
        else:
            made = RunFolder.create(folder, resolved)
        with made:
            atomic.write_json(made.layout.origins, dict(experiment.origins))
            record_data(made, data, remarks)
            progress = choose_progress(quiet)
            for remark in remarks:
                progress.say(f"Note: {remark}.")
            _Run(experiment, problems, made, _listeners(registry, made, experiment), progress).go()
    return made.path


def resume(folder: Path, registry: Registry, *, quiet: bool = False, accept_changes: bool = False) -> Path:
    """Go on with a run that was stopped, killed or failed; one that is done is left as it is.

    Args:
        accept_changes: whether to go on although the data or the events were changed since; the folder then says so.

    Raises:
        NasframeError: as ``run``; also if the folder is no run's or in use by another process, or what it was begun
            with has changed.
    """
    progress = choose_progress(quiet)
    with RunFolder.open(folder, accept_changes=accept_changes) as opened:
        files = opened.layout
        if opened.read(files.status).get("state") == "done" and files.report.exists():
            progress.say(f"{folder} is done; there is nothing to resume. Its report is {files.report}")
            return folder
        experiment = load(files.experiment, registry=registry)
        with open_problems(experiment) as problems:
            require_same_data(opened, fingerprints(problems), remarks_on_data(problems), progress.say)
            _Run(experiment, problems, opened, _listeners(registry, opened, experiment), progress).go()
    return folder


@final
class _Run:
    """One execution in a run folder."""

    def __init__(
        self, experiment: Experiment, problems: Problems, folder: RunFolder, listeners: Listeners, progress: Progress
    ) -> None:
        self.experiment = experiment
        self.problems = problems
        self.folder = folder
        self.progress = progress
        self.journals: dict[Phase, Journal] = {
            phase: Journal(folder, phase, listeners, progress) for phase in get_args(Phase)
        }

    def go(self) -> None:
        """Do what is left to do."""
        begun = time.monotonic()
        with self._outcome():
            self._note_environment()
            self._keep_checksums()
            genotype = self._read_genotype() if self._after_search() else self._find()
            if not self.journals["retrain"].has_begun:
                self._keep_ledger(genotype)
            result = self._retrain(genotype) if self.problems.retrain else None
            self._finish(result, (time.monotonic() - begun) / 60)

    def _keep_checksums(self) -> None:
        """Forget those of files that are written from here on; see that the others are whole."""
        files = self.folder.layout
        Checksums(files).keep(files.found if self._after_search() else [files.finalists])

    def _find(self) -> Genotype:
        """The genotype, searched or given, written into the folder."""
        problem = self.problems.search or self.problems.retrain
        assert problem is not None, "an experiment searches, retrains or does both"
        files = self.folder.layout
        atomic.write_json(files.evaluator, dict(problem.evaluator.record()))
        full = self.problems.retrain or problem
        atomic.write_json(files.task, dataclasses.asdict(full.evaluator.task))
        atomic.write_text(files.graph, to_json(problem.space.graph()))
        given, retrain = self.experiment.genotype, self.experiment.retrain
        genotype = self._give(given) if given else self._found(problem)
        validate(problem.space, genotype)
        atomic.write_text(files.genotype_graph, to_json(problem.space.graph(genotype)))
        part = retrain.space if given and retrain else self.experiment.space
        self._write_genotype(files.genotype, genotype, part)
        journal = self.journals["retrain" if given else "finalists" if self.experiment.finalists else "search"]
        journal.record("genotype", journal.done, genotype=genotype.to_dict())
        Checksums(files).add(files.found)
        return genotype

    def _give(self, given: GenotypeRecord) -> Genotype:
        self.folder.cut_events(0)  # what was written by an execution that was killed before its first checkpoint
        return given.genotype

    def _found(self, problem: Problem) -> Genotype:
        """What the search found: the best by its own light, or by trainings of the best."""
        options, file = self.experiment.finalists, self.folder.layout.finalists
        if options is None:
            return self._search(problem)[0]
        if file.is_file():
            named = self._read_finalists(file)
        else:
            named = self._search(problem)
            atomic.write_json(file, [one.to_dict() for one in named])
            Checksums(self.folder.layout).add([file])
        if len(named) == 1:
            self.progress.say("The search names one genotype alone, so no finalists are compared.")
            return named[0]
        journal = self.journals["finalists"]
        journal.open()
        with open_judge(self.experiment, problem, journal, Terms()) as judge:
            finals = Finals(replace(problem, evaluations=judge), options, named)
            run_steps(finals, journal, problem.runtime.seed, self.experiment.run)
        self.progress.end()
        if self._heir:
            choose_inherited(named.index(finals.best()) + 1, self.folder.layout)
        return finals.best()

    def _search(self, problem: Problem) -> list[Genotype]:
        """The best genotype alone, or where there are finalists all of these, best first."""
        part = self.experiment.strategy
        assert part is not None, "what is not given is searched"
        seed_all(problem.runtime.seed, "search", "build")
        journal = self.journals["search"]
        journal.open()
        with open_evaluations(self.experiment, problem, journal) as problem:
            strategy = make_strategy(part, problem)
            if not journal.has_begun:
                self._remark(strategy)
            run_steps(strategy, journal, problem.runtime.seed, self.experiment.run)
            if isinstance(strategy, AskTell):
                write_front(self.folder.layout, strategy, problem.objectives, self.experiment.space)
            write_bounds(self.folder.layout, problem, strategy, strategy.best())
            options = self.experiment.finalists
            named = name_finalists(strategy, problem, options.count) if options else [strategy.best()]
            if self._heir:
                keep_inherited(strategy, named, self._heir, self.folder.layout)
                if self.experiment.ledger:
                    measure_supernet(strategy, named, self._heir, self.folder.layout)
        self.progress.end()
        return named

    @property
    def _heir(self) -> Problem | None:
        """The retraining in which something starts from what the search's supernet has learned; None: nothing does."""
        return self.problems.retrain if self.experiment.inherits else None

    def _remark(self, strategy: Strategy) -> None:
        for remark in strategy.remarks():
            self.progress.say(f"Note: {remark}.")
        if self._heir:
            self.progress.say(preview(strategy, self._heir))

    def _keep_ledger(self, genotype: Genotype) -> None:
        options, problem = self.experiment.ledger, self._heir
        if options is None or problem is None:
            return
        file = self.folder.layout.finalists
        rank = 1 + self._read_finalists(file).index(genotype) if file.is_file() else 1
        journal = self.journals["ledger"]
        journal.open()
        keep_ledger(problem, genotype, rank, journal, (options, self.experiment.run))
        self.progress.end()

    def _retrain(self, genotype: Genotype) -> Evaluation:
        assert self.problems.retrain is not None and self.experiment.retrain is not None
        self._write_genotype(self.folder.layout.final_genotype, genotype, self.experiment.retrain.space)
        self.journals["retrain"].open()
        start = self._start(self.experiment.retrain, self.problems.retrain)
        result = retrain(self.problems.retrain, genotype, self.journals["retrain"], self.experiment.run, start)
        self.progress.end()
        return result

    def _start(self, options: Retrain, problem: Problem) -> Start | None:
        """What gives the network weights to start from; None: it starts from random ones."""
        if options.inherits:
            return partial(start_from_supernet, problem)
        return partial(start_from_file, Path(options.weights), problem) if options.weights else None

    def _finish(self, result: Evaluation | None, minutes: float) -> None:
        from nasframe.report import ledger, write_report
        from nasframe.report.facts import start
        from nasframe.report.within_bounds import sentences

        note_changed_data(self.folder, self.problems, self.progress.say)
        self.folder.write_status(state="done", reason=None)
        journal = self.journals["retrain" if result else "search"]
        journal.record("finished", journal.steps, minutes=minutes)
        files = self.folder.layout
        Checksums(files).add((*files.found, *files.retrained))
        record = write_report(self.folder.path)
        self.folder.require_there()
        sure = record.certainty.sentences() if record.certainty else ()
        for sentence in filter(None, (*sure, *sentences(record.bounds), start(record), ledger.sentence(record))):
            self.progress.say(sentence)
        score = f", score {result.score:.4f}" if result else ""
        if held_out := self.folder.read(self.folder.layout.metrics).get("holdout"):
            score = f", score {held_out['score']:.4f} on the holdout{score.replace('score ', '')} on val"
        self.progress.say(f"Done in {minutes:.1f} minutes{score}.")
        self.progress.say(f"Run folder: {self.folder.path}")
        self.progress.say(f"Report:     {self.folder.layout.report} and {self.folder.layout.page.name}")

    def _write_genotype(self, path: Path, genotype: Genotype, part: Part[SearchSpace]) -> None:
        plugin = {"distribution": part.distribution, "version": part.version}
        given = self.experiment.genotype
        source = given.source if given else f"experiment {self.experiment.name}, seed {self.experiment.seed}"
        record = GenotypeRecord(genotype, part.options.model_dump(mode="json"), source)
        genotypes.write(path, record, {"plugin": plugin})

    def _read_genotype(self) -> Genotype:
        try:
            return genotypes.read(self.folder.layout.genotype).genotype
        except GenotypeError as error:
            raise RunError(
                f"retraining has begun, but its genotype is lost: {error}. Put it back, or delete "
                f"{' and '.join(map(str, self._after_search()))} to derive it again from the search"
            ) from error

    def _after_search(self) -> list[Path]:
        """The folders of checkpoints of what comes after a genotype was found, where there are any."""
        phases: tuple[Phase, ...] = ("ledger", "retrain")
        return [self.folder.layout.checkpoints_of(phase) for phase in phases if self.journals[phase].has_begun]

    def _read_finalists(self, file: Path) -> list[Genotype]:
        try:
            return [Genotype.from_dict(one) for one in parse(file.read_text(encoding="utf-8"))]
        except (OSError, ValueError, AttributeError, TypeError, GenotypeError) as error:
            raise RunError(
                f"the search is over, but the finalists that it named are lost: {file} ({first_line(error)}). Put the "
                "file back, or delete it to name them again from the search's last checkpoint"
            ) from error

    def _note_environment(self) -> None:
        found = environment(self.experiment, self.problems)
        path = self.folder.layout.environment
        before = self.folder.read(path)
        if before:
            changed = [key for key in found if before.get(key) != found[key]]
            if changed:
                self.progress.say(
                    f"The run was begun with another {', '.join(changed)} (see {path}); results may differ in the "
                    "last bits from those of a run that was never stopped."
                )
            return
        atomic.write_json(path, found)
        for remark in self.problems.remarks:
            self.progress.say(remark)

    @contextmanager
    def _outcome(self) -> Iterator[None]:
        """Say in ``status.json`` and the events how it ended, if not well."""
        way_on = f"go on with: nasframe run --resume {self.folder.path}"
        try:
            yield
        except Interrupted as error:
            with ignore_signals():
                self._note_end("stopped", str(error))
            raise Interrupted(f"{error}; {way_on}") from error
        except KeyboardInterrupt as error:
            with ignore_signals():
                self._note_end("stopped", "interrupted")
            raise Interrupted(f"interrupted; what was done after the last checkpoint is lost; {way_on}") from error
        except Exception as error:
            reason = str(error) if isinstance(error, NasframeError) else f"{type(error).__name__}: {error}"
            try:
                with ignore_signals():
                    self._note_end("failed", reason)
            except RunError as second:
                error.add_note(f"(status.json does not say so: {second})")
            raise
        finally:
            self.progress.end()

    def _note_end(self, state: Literal["stopped", "failed"], reason: str) -> None:
        self.folder.write_status(state=state, reason=reason)
        begun = self.experiment.genotype is not None or self.journals["retrain"].has_begun
        before: Phase = "finalists" if self.folder.layout.finalists.is_file() else "search"
        phase: Phase = "retrain" if begun else "ledger" if self.journals["ledger"].has_begun else before
        self.journals[phase].record(state, self.journals[phase].done, reason=reason)


def _listeners(registry: Registry | None, folder: RunFolder, experiment: Experiment) -> Listeners:
    """What passes an event on to the plug-ins that listen."""
    if registry is None:
        return lambda event: None
    hook = registry.manager.hook
    context = {"folder": str(folder.path), "trackers": experiment.run.trackers}

    def pass_on(event: Mapping[str, Any]) -> None:
        hook.nasframe_event(event={**event, **context})

    return pass_on
