"""What every evaluator promises."""

from __future__ import annotations

import math
from itertools import islice

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nasframe.errors import RunError
from nasframe.evaluator import Candidate, Differentiable, Evaluation, Evaluator, HoldsOut, Split, Trainable
from nasframe.genotype import Genotype
from nasframe.inference import Illustrating, Inference, Inferring
from nasframe.outputs import Outputs, main_output
from nasframe.stepper import GoesOn
from nasframe.training.legs import train_legs


class EvaluatorContract:
    """Subclass it as ``Test...`` and write ``make``; the data should be small."""

    def make(self) -> Evaluator:
        """A new evaluator, always with the same options and seed."""
        raise NotImplementedError("a contract test of an evaluator writes make()")

    def network(self) -> nn.Module:
        """A network of the task; replace it if the task is not dense."""
        task = self.make().task
        return nn.Sequential(nn.Conv2d(task.in_channels, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, task.num_classes, 1))

    def genotype(self) -> Genotype:
        """The genotype of the candidate; replace it if the evaluator reads genotypes."""
        return Genotype("contract", ())

    def test_the_same_candidate_and_seed_give_the_same_finite_score(self) -> None:
        first, second = self._evaluate(0.5), self._evaluate(0.5)
        assert math.isfinite(first.score), "a score must be finite"
        assert (first.score, first.metrics) == (second.score, second.metrics), "same candidate and seed, same score"

    def test_a_larger_budget_is_accepted(self) -> None:
        assert math.isfinite(self._evaluate(1.0).score)

    def test_it_wants_labelled_what_it_says(self) -> None:
        evaluator = self.make()
        assert evaluator.labels in (None, evaluator.task.labels), "the class says something else than its task"

    def test_record_is_plain_data(self) -> None:
        import json

        json.dumps(self.make().record())

    def test_its_remarks_are_sentences_without_a_full_stop(self) -> None:
        assert all(isinstance(one, str) and one.strip() and not one.endswith(".") for one in self.make().remarks())

    def test_its_fingerprint_is_a_text_for_each_file_and_the_same_each_time(self) -> None:
        found = dict(self.make().fingerprint())
        assert all(isinstance(name, str) and isinstance(text, str) for name, text in found.items())
        assert dict(self.make().fingerprint()) == found

    def test_batch_k_is_the_same_wherever_the_stream_starts(self) -> None:
        evaluator = self._differentiable()
        for split in ("weights", "arch", "train"):
            whole = list(islice(evaluator.batches(split), 5))
            later = list(islice(self._differentiable().batches(split, start=3), 2))
            for one, other in zip(whole[3:], later, strict=True):
                assert one.names == other.names, f"batch 3 of {split!r} must not depend on where the stream starts"
                assert torch.equal(one.inputs, other.inputs) and torch.equal(one.targets, other.targets)

    def test_the_halves_of_a_search_do_not_overlap_and_make_up_train(self) -> None:
        halves = [self._names("weights"), self._names("arch")]
        assert not halves[0] & halves[1], f"splits 'weights' and 'arch' share {sorted(halves[0] & halves[1])[:3]}"
        assert halves[0] | halves[1] <= self._names("train") and halves[0] and halves[1]

    def test_the_loss_is_a_scalar_on_the_graph_for_any_callable(self) -> None:
        evaluator = self._differentiable()
        network = self.network()

        def model(inputs: Tensor) -> Tensor:
            output: Tensor = network(inputs)
            return output

        loss = evaluator.loss(model, next(evaluator.batches("weights")))
        assert loss.ndim == 0 and torch.isfinite(loss)
        torch.autograd.backward(loss)
        assert all(parameter.grad is not None for parameter in network.parameters())

    def test_the_loss_of_several_outputs_is_their_weighted_sum(self) -> None:
        evaluator = self._differentiable()
        batch = next(evaluator.batches("weights"))
        with torch.no_grad():
            main = main_output(self.network()(batch.inputs))
        extra = 0.5 * main
        first, second = evaluator.loss(lambda inputs: main, batch), evaluator.loss(lambda inputs: extra, batch)
        both = evaluator.loss(lambda inputs: Outputs(main, ((extra, 0.4),)), batch)
        assert torch.allclose(both, first + 0.4 * second), "the loss of Outputs: see nasframe.outputs.total_loss"

    def test_measuring_trains_nothing_and_restores_the_mode(self) -> None:
        evaluator = self._differentiable()
        torch.manual_seed(0)
        network = self.network().train()
        before = {key: value.clone() for key, value in network.state_dict().items()}
        first = evaluator.measure(network)
        assert network.training, "measure() must restore the module's mode"
        assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())
        assert evaluator.measure(network) == first, "measuring twice must give the same numbers"

    def test_a_network_that_is_not_finite_gets_no_score(self) -> None:
        evaluator, network = self._differentiable(), self.network().eval()

        def model(inputs: Tensor) -> Tensor:
            output: Tensor = network(inputs)
            return output * math.nan

        try:
            score = evaluator.measure(model).score
        except RunError:
            return
        assert not math.isfinite(score), "measure() scores NaN: see nasframe.training.finite.require_finite"

    def test_what_is_set_aside_is_scored_alike_each_time_and_trains_nothing(self) -> None:
        evaluator = self.make()
        if not isinstance(evaluator, HoldsOut):
            pytest.skip("the evaluator sets nothing aside")
        torch.manual_seed(0)
        network = self.network().train()
        before = {key: value.clone() for key, value in network.state_dict().items()}
        first = evaluator.measure_holdout(network)
        if first is None:
            pytest.skip("the evaluator's options set nothing aside")
        assert math.isfinite(first.score) and evaluator.measure_holdout(network) == first
        assert network.training, "measure_holdout() must restore the module's mode"
        assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())

    def test_an_inference_without_wishes_is_measuring(self) -> None:
        evaluator = self.make()
        if not isinstance(evaluator, Inferring):
            pytest.skip("the evaluator knows no ways to infer")
        torch.manual_seed(0)
        network = self.network().train()
        calls: list[tuple[int, int]] = []
        result = evaluator.measure_with(network, Inference(), "val", lambda *progress: calls.append(progress))
        assert result.score == evaluator.measure(network).score
        assert network.training, "measure_with() must restore the module's mode"
        assert calls and calls[-1][0] == calls[-1][1], "the last call says that all are done"
        averaged = Inference(window=(9, 9), stride=(5, 4), scales=(0.5, 1.3), mirror=True)
        assert math.isfinite(evaluator.measure_with(network, averaged, "val", lambda done, total: None).score)

    def test_a_training_resumes_exactly(self) -> None:
        evaluator = self.make()
        if not isinstance(evaluator, Trainable):
            pytest.skip("the evaluator is not trainable")
        networks = []
        for stop in (None, 1):
            torch.manual_seed(0)
            network = self.network()
            training = evaluator.training(network, 1.0)
            for index in range(min(training.steps, 3)):
                if index == stop:
                    state = training.state_dict()
                    torch.manual_seed(1)
                    network = self.network()
                    training = self._trainable().training(network, 1.0)
                    training.load_state_dict(state)
                torch.manual_seed(100 + index)
                training.step(index, np.random.default_rng(index))
            networks.append(network.state_dict())
        assert all(torch.equal(networks[0][key], networks[1][key]) for key in networks[0]), "resuming must be exact"

    def test_a_training_that_can_go_on_does_so_from_a_smaller_budget(self) -> None:
        evaluator = self.make()
        if not isinstance(evaluator, Trainable) or not isinstance(evaluator.training(self.network()), GoesOn):
            pytest.skip("the evaluator has no training that can go on from a smaller budget")
        candidate = Candidate(self.genotype(), self.network)
        _, small = train_legs(evaluator, candidate, (0.25,), None)
        given, end = train_legs(evaluator, candidate, (0.5,), small)
        again, _ = train_legs(self.make(), candidate, (0.25, 0.5), None)
        assert small is not None and end is not None, "nothing has stopped them"
        assert math.isfinite(given.score) and end.done >= small.done
        assert given.metrics == again.metrics, "the same, whether the smaller budget's state is given or made again"

    def test_pictures_are_named_rgb_images(self) -> None:
        evaluator = self.make()
        if not isinstance(evaluator, Illustrating):
            pytest.skip("the evaluator draws nothing")
        pictures = dict(evaluator.pictures(self.network().eval(), 2))
        assert len(pictures) == 2
        for picture in pictures.values():
            assert picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 3

    def _evaluate(self, budget: float) -> Evaluation:
        torch.manual_seed(0)
        return self.make().evaluate(Candidate(self.genotype(), self.network), budget)

    def _differentiable(self) -> Differentiable:
        evaluator = self.make()
        if not isinstance(evaluator, Differentiable):
            pytest.skip("the evaluator is not differentiable")
        return evaluator

    def _trainable(self) -> Trainable:
        evaluator = self.make()
        assert isinstance(evaluator, Trainable)
        return evaluator

    def _names(self, split: Split) -> set[str]:
        evaluator = self._differentiable()
        passes = islice(evaluator.batches(split), evaluator.epoch_steps(split))
        return {name for batch in passes for name in batch.names}
