"""One history whatever workers there are, in which order they finish, and which of them die."""

import pytest

from nasframe import DataError, Evaluation
from nasframe.genotype import Genotype
from nasframe.plugin.engine import Job
from nasframe.run.candidates.crew import ATTEMPTS, Crew
from nasframe.run.progress import BarProgress, LineProgress

FOUR = ("run.outstanding=4", "strategy.samples=12", "cache={reuse: false}")


pytestmark = pytest.mark.usefixtures("path_of_workers")


@pytest.mark.slow
def test_four_workers_have_the_history_of_one_with_as_many_outstanding(runs):
    runs.run("one", *FOUR)
    runs.run("four", *FOUR, "run.workers=4")
    assert runs.history("four") == runs.history("one")
    assert {event["worker"] for event in runs.events("one")} == {1}
    assert len({event["worker"] for event in runs.events("four")}) > 1


def test_the_number_outstanding_makes_another_history(runs):
    runs.run("one", "strategy.samples=12")
    runs.run("four", *FOUR)
    assert runs.history("four") != runs.history("one")


@pytest.mark.slow
def test_a_worker_that_is_killed_once_is_replaced_and_nothing_is_missing(runs):
    runs.run("calm", *FOUR, "run.workers=2")
    runs.run("killed", *FOUR, "run.workers=2", "evaluator.wrong=kill once")
    assert (runs.place / "marks.killed").exists()
    assert runs.history("killed") == runs.history("calm")


@pytest.mark.slow
def test_a_candidate_that_kills_its_workers_is_a_failure_and_the_others_are_not(runs):
    runs.run("run", *FOUR, "run.workers=2", "evaluator.wrong=kill")
    told = runs.events("run")
    assert len(told) == 12
    for event in told:
        assert ("failure" in event) == (event["genotype"]["decisions"]["layers"] == 1)
    failures = {event["failure"] for event in told if "failure" in event}
    assert failures == {f"the worker's process ended while it was evaluated (signal 9), in {ATTEMPTS} attempts"}


@pytest.mark.slow
def test_what_is_not_the_candidates_fault_reaches_the_run_from_a_worker(runs):
    with pytest.raises(DataError, match="image 7 is gone"):
        runs.run("run", *FOUR, "run.workers=2", "evaluator.wrong=data")


@pytest.mark.slow
def test_a_run_that_is_killed_with_its_workers_busy_repeats_nothing_that_was_finished(runs):
    many = ("run.outstanding=4", "strategy.samples=30", "cache={reuse: false}")
    runs.run("whole", *many)
    evaluated = len(runs.marks())
    finished = runs.kill("killed", 5, *many, "run.workers=2")
    before = len(runs.marks())
    assert before - evaluated <= finished + 2, "two workers had begun one candidate more each"
    runs.resume("killed")
    assert runs.history("killed") == runs.history("whole")
    assert len(runs.marks()) - before <= 30 - finished


class TestCrew:
    def test_jobs_are_begun_in_their_order_by_whoever_is_free(self):
        crew = Crew(2)
        for number in range(3):
            crew.add(job(number))
        assert [(worker, one.number) for worker, one in crew.assign()] == [(1, 0), (2, 1)]
        outcome = crew.replied(2, (Evaluation(0.5), 1.25, 2.5))
        assert (outcome.job.number, outcome.result.score, outcome.worker) == (1, 0.5, 2)
        assert (outcome.seconds, outcome.processor_seconds) == (1.25, 2.5)
        assert [(worker, one.number) for worker, one in crew.assign()] == [(2, 2)]
        assert crew.assign() == []

    def test_a_job_whose_workers_die_is_tried_again_before_all_others_and_then_given_up(self):
        crew = Crew(1)
        crew.add(job(0))
        crew.add(job(1))
        for _ in range(ATTEMPTS - 1):
            assert crew.assign()[0][1].number == 0
            assert crew.died(1, "signal 9") is None
        assert crew.assign()[0][1].number == 0
        outcome = crew.died(1, "signal 9")
        assert outcome.job.number == 0 and "signal 9" in outcome.result.failure
        assert crew.assign()[0][1].number == 1

    def test_a_reply_that_is_no_result_ends_the_run(self):
        crew = Crew(1)
        crew.add(job(0))
        crew.assign()
        with pytest.raises(DataError, match="image 7 is gone"):
            crew.replied(1, DataError("image 7 is gone"))

    def test_it_tells_what_each_worker_does(self):
        crew = Crew(2)
        crew.add(job(6))
        crew.assign()
        assert crew.told() == ["#7 0:00", "idle"]


def job(number):
    return Job(number, Genotype("x", ()), 1.0)


def test_a_bar_has_a_line_for_each_worker():
    import io

    from rich.console import Console

    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    progress = BarProgress(console)
    progress.begin("search", 5, 0)
    progress.workers(["#1 0:05", "idle"])
    progress.workers(["#1 0:06", "#2 0:00"])
    progress.end()
    shown = console.file.getvalue()
    assert "worker 1: #1 0:06" in shown and "worker 2: #2 0:00" in shown


def test_lines_tell_of_workers_now_and_then(monkeypatch):
    import io

    from rich.console import Console

    now = [0.0]
    monkeypatch.setattr("nasframe.run.progress.time.monotonic", lambda: now[0])
    console = Console(file=io.StringIO(), width=80)
    progress = LineProgress(console)
    progress.begin("search", 5, 0)
    progress.workers(["#1 0:05", "idle"])
    assert "worker" not in console.file.getvalue()
    now[0] = 60.0
    progress.workers(["#1 0:06", "idle"])
    assert "workers: #1 0:06 | idle" in console.file.getvalue()
