"""What every search space promises."""

from __future__ import annotations

import math
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
import torch
from torch import nn

from nasframe import decode
from nasframe.cost.counting import count, counted
from nasframe.cost.returned import misfit
from nasframe.derive import path_of
from nasframe.errors import GenotypeError, RunError, listed
from nasframe.files import yaml_text
from nasframe.files.graphs import from_dot, from_graphml, to_dot, to_graphml
from nasframe.genotype import Genotype, chosen, crossover, encode, mutate, repeated, sample, validate
from nasframe.graph import NETWORK, edges, edges_into, from_json, part, parts, to_json
from nasframe.outputs import Outputs, auxiliary_names, total_loss
from nasframe.space import (
    Canonical,
    Costed,
    Growing,
    Inheriting,
    Landmarked,
    Priced,
    Relaxable,
    SearchSpace,
    Switchable,
    Task,
    stage_of,
)
from nasframe.supernet import Supernet, SupernetCosts, SwitchableSupernet
from nasframe.trained.folding import without_auxiliary

DRAWS = 20


class SpaceContract:
    """Subclass it as ``Test...`` and set ``space``; ``task`` may be replaced by one that the space serves."""

    space: SearchSpace
    task: Task = Task(in_channels=3, num_classes=5, size=(32, 32))

    def test_sampling_is_a_function_of_the_seed(self) -> None:
        assert self._draw(1) == self._draw(1), "the same seed must draw the same genotype"
        assert len({self._draw(seed) for seed in range(DRAWS)}) > 1 or self._is_a_point(), "seeds must matter"

    def test_every_sample_is_legal_and_survives_yaml(self) -> None:
        for seed in range(DRAWS):
            genotype = self._draw(seed)
            validate(self.space, genotype)
            text = yaml_text.dump(genotype.to_dict())
            back = yaml_text.read_text(text, yaml_text.Place("a genotype"), yaml_text.Faults())
            assert Genotype.from_dict(back.plain()) == genotype, "a genotype must survive YAML without loss"

    def test_mutation_and_crossover_give_legal_genotypes(self) -> None:
        if self._is_a_point():
            pytest.skip("a space of one genotype has nothing to mutate")
        rng = np.random.default_rng(0)
        for seed in range(DRAWS):
            parent = self._draw(seed)
            child = mutate(self.space, parent, rng)
            validate(self.space, child)
            assert child != parent, "a mutation must differ from its parent"
            validate(self.space, crossover(self.space, parent, child, rng))

    def test_a_genotype_with_a_foreign_answer_is_refused(self) -> None:
        genotype = self._draw(0)
        name, _ = genotype.decisions[0]
        wrong = Genotype(genotype.space, ((name, "no-such-option"), *genotype.decisions[1:]))
        with pytest.raises(GenotypeError, match="no-such-option"):
            self.space.build(wrong, self.task)

    def test_a_sample_builds_and_maps_images_to_the_tasks_output(self) -> None:
        images = torch.zeros(2, self.task.in_channels, *self.task.size)
        for seed in range(3):
            torch.manual_seed(seed)
            network = self.space.build(self._draw(seed), self.task).eval()
            with torch.no_grad():
                wrong = misfit(network(images), self.task, 2, training=False)
            assert not wrong, f"a network in eval mode returned {wrong}"

    def test_in_training_a_network_returns_outputs_that_each_fit_the_task(self) -> None:
        torch.manual_seed(0)
        network = self.space.build(self._draw(0), self.task).train()
        found = network(torch.randn(2, self.task.in_channels, *self.task.size))
        wrong = misfit(found, self.task, 2, training=True)
        assert not wrong, f"a network in training mode returned {wrong}"
        if isinstance(found, Outputs):
            for output, weight in found.extra:
                assert math.isfinite(weight) and weight > 0, f"an extra output has the weight {weight} in the loss"
                assert output.requires_grad, "an extra output must be on the graph, for it is supervised"
        elif names := auxiliary_names(network):
            raise AssertionError(f"{listed(names)}: auxiliary, but in training the network returns one tensor")

    def test_what_is_auxiliary_has_no_part_in_a_prediction(self) -> None:
        torch.manual_seed(0)
        network = self.space.build(self._draw(0), self.task).eval()
        images = torch.randn(2, self.task.in_channels, *self.task.size)
        with torch.no_grad():
            assert torch.equal(without_auxiliary(network)(images), network(images))

    def test_its_image_sizes_fit_the_contracts_task(self) -> None:
        sizes = self.space.image_sizes()
        assert sizes.fit(self.task.size), f"set a task whose size fits: {sizes.described()}"

    def test_it_labels_what_the_task_wants(self) -> None:
        assert self.task.labels in self.space.labels, "the class says that it cannot serve the task"

    def test_building_depends_on_torchs_seed_alone(self) -> None:
        genotype = self._draw(0)
        states = []
        for _ in range(2):
            torch.manual_seed(3)
            states.append(self.space.build(genotype, self.task).state_dict())
        assert states[0].keys() == states[1].keys()
        assert all(torch.equal(states[0][key], states[1][key]) for key in states[0]), "same seed, same weights"

    def test_the_graph_of_a_genotype_is_a_subgraph_of_the_spaces(self) -> None:
        whole = self.space.graph()
        for seed in range(3):
            graph = self.space.graph(self._draw(seed))
            assert graph.is_multigraph() == whole.is_multigraph(), "both graphs have keys, or neither"
            assert set(graph) <= set(whole), "nodes of a genotype's graph must be nodes of the space's"
            foreign = set(graph.edges) - set(whole.edges)
            assert not foreign, f"edges of a genotype's graph must be edges of the space's, keys included: {foreign}"
            for node, ways in whole.nodes(data="combine", default="add"):
                combine = graph.nodes[node].get("combine", "add") if node in graph else None
                assert combine is None or combine in ways, f"{node!r} combines by {combine!r}, the space says {ways!r}"

    def test_graphs_follow_the_schema_and_survive_json(self) -> None:
        for graph in (self.space.graph(), self.space.graph(self._draw(0))):
            assert nx.is_directed_acyclic_graph(graph), "a graph must have no cycle"
            for node, data in graph.nodes(data=True):
                missing = {"part", "kind", "layer", "level", "label"} - set(data)
                assert isinstance(node, str) and not missing, f"node {node!r} lacks {missing}"
            for edge, data in edges(graph):
                assert data.get("kind") in {"move", "operation", "link"}, f"edge {edge} has no kind"
                assert all(isinstance(name, str) for name in edge), f"keys are strings, unlike that of {edge}"
            for names in (graph.graph.get("skips", ()), graph.graph.get("zeros", ())):
                assert isinstance(names, tuple), f"skips and zeros are tuples of names, not {names!r}"
            for write, read in ((to_json, from_json), (to_graphml, from_graphml), (to_dot, from_dot)):
                assert nx.utils.graphs_equal(read(write(graph)), graph), "a graph must survive its files"
            assert parts(graph) and not part(graph, NETWORK).is_multigraph(), "moves never join two places twice"

    def test_blocks_combine_as_the_schema_says_and_have_one_edge_of_each_key(self) -> None:
        whole, chosen = self.space.graph(), self.space.graph(self._draw(0))
        for node, data in whole.nodes(data=True):
            ways, own = data.get("combine", "add"), chosen.nodes.get(node, {}).get("combine", "add")
            assert {"add", "concat"} >= {own, *([ways] if isinstance(ways, str) else ways)}, f"{node!r} joins in no way"
        for graph in (whole, chosen):
            links = [edge[:2] for edge, data in edges(graph) if data["kind"] == "link"]
            assert len(links) == len(set(links)), "links never join two nodes twice"
        for node in chosen:
            keys = [edge[2:] for edge, data in edges_into(chosen, node) if data["kind"] == "operation"]
            open_ = {edge[2:] for edge, data in edges_into(whole, node) if data["kind"] == "operation"}
            assert len(open_) < 2 or len(keys) == len(set(keys)), f"{node!r} keeps one edge of each of its keys"

    def test_a_canonical_form_is_legal_and_its_own(self) -> None:
        if not isinstance(self.space, Canonical):
            pytest.skip("the space has no canonical form")
        for seed in range(DRAWS):
            canonical = self.space.canonical(self._draw(seed))
            validate(self.space, canonical)
            assert self.space.canonical(canonical) == canonical, "a canonical form must be its own canonical form"

    def test_a_priced_path_costs_what_its_network_costs(self) -> None:
        if not isinstance(self.space, Priced):
            pytest.skip("the space does not price its paths")
        genotype = self._draw(0)
        priced = self.space.priced_trellis(genotype, self.task, counted)
        path = decode.priced_path(priced, path_of(self.space.graph(genotype)))
        carried = [priced.nodes[node] for node in path] + [priced.edges[move] for move in pairwise(path)]
        expected = count(self.space, genotype, self.task)
        for name, total in (("params", expected.params), ("macs", expected.macs)):
            assert sum(data.get(name, 0) for data in carried) == total, f"the {name} of a path must be its network's"

    def test_decided_mixing_weights_cost_what_the_derived_network_costs(self) -> None:
        costs, supernet = self._supernet_costs()
        weights = supernet.weighed(lambda logits: (1e9 * logits.double()).softmax(dim=-1))
        mean = costs.expected(weights)
        derived = costs.derive({name: array.detach().cpu().numpy() for name, array in weights.items()}, {})
        cost = count(self.space, derived, self.task)
        found = {name: float(value.detach()) for name, value in mean.items()}
        assert found == {"params": cost.params, "macs": cost.macs}, "one-hot weights leave nothing to chance"

    def test_mixing_weights_pull_expected_costs_and_bounds_pull_the_derived_network(self) -> None:
        costs, supernet = self._supernet_costs()
        for mean in costs.expected(supernet.weighed(lambda logits: logits.softmax(dim=-1))).values():
            assert mean.ndim == 0 and float(mean.detach()) > 0, "a mean cost is a positive scalar"
            gradients = torch.autograd.grad(mean, supernet.arch_parameters(), retain_graph=True, allow_unused=True)
            pulls = [gradient for gradient in gradients if gradient is not None]
            assert pulls and all(bool(torch.isfinite(pull).all()) for pull in pulls), "means pull on alphas or betas"
        weights = supernet.mixing_weights()
        derived = costs.derive(weights, {"macs": 1e18, "params": 1e18})
        assert derived == supernet.derive(), "bounds that hold anyway change nothing"
        bound = count(self.space, derived, self.task).macs - 1
        try:
            other = costs.derive(weights, {"macs": bound})
        except RunError as error:
            assert f"{bound:,.0f}" in str(error), "where nothing is within a bound, the error tells it"
        else:
            validate(self.space, other)
            assert count(self.space, other, self.task).macs <= bound, "what is derived is within the bounds"

    def test_the_designs_that_it_knows_have_names_of_their_own(self) -> None:
        if not isinstance(self.space, Landmarked):
            pytest.skip("the space knows no designs")
        names = [design.name for design in self.space.designs()]
        assert names and len(set(names)) == len(names), "each design has a name of its own"

    def test_every_stage_of_growth_has_genotypes_that_grow_to_the_next_and_the_last_is_the_space(self) -> None:
        if not isinstance(self.space, Growing):
            pytest.skip("the space names no order of growth")
        stages = self.space.growth()
        assert len(stages) > 1 and stages[-1] is self.space, "growth has several stages, of which the last is the space"
        assert {stage.name for stage in stages} == {self.space.name}, "all stages have the space's name"
        for stage, following in zip(stages, [*stages[1:], None], strict=True):
            assert self.task.labels in stage.labels, "all stages label what the space labels"
            for seed in range(DRAWS):
                genotype = sample(stage, np.random.default_rng(seed))
                validate(stage_of(self.space, genotype), genotype)
                kept = chosen(stage, genotype)
                child = genotype if following is None else repeated(following, kept)
                assert kept.items() <= child.answers.items(), "a genotype grows by repeating what it has chosen"

    def test_small_networks_are_built_by_the_stage_that_they_are_of(self) -> None:
        if not isinstance(self.space, Growing):
            pytest.skip("the space names no order of growth")
        images = torch.zeros(2, self.task.in_channels, *self.task.size)
        for stage in self.space.growth():
            genotype = sample(stage, np.random.default_rng(0))
            with torch.no_grad():
                output = stage_of(self.space, genotype).build(genotype, self.task).eval()(images)
            assert tuple(output.shape) == self._output_shape(), "logits must have the task's shape"

    def test_a_supernet_runs_learns_and_derives_legally(self) -> None:
        supernet = self._supernet()
        images = torch.randn(2, self.task.in_channels, *self.task.size)
        found = supernet(images)
        wrong = misfit(found, self.task, 2, training=True)
        assert not wrong, f"a supernet in training mode returned {wrong}"
        torch.autograd.backward(total_loss(found, lambda output: output.square().mean()))
        for parameter in supernet.arch_parameters():
            assert parameter.grad is not None, "every architecture parameter must get a gradient"
            assert torch.isfinite(parameter.grad).all(), "gradients of architecture parameters must be finite"
        validate(self.space, supernet.derive())

    def test_a_supernets_parameters_are_either_weights_or_architecture(self) -> None:
        supernet = self._supernet()
        arch = {id(parameter) for parameter in supernet.arch_parameters()}
        weights = {id(parameter) for parameter in supernet.weight_parameters()}
        assert arch and not arch & weights
        assert arch | weights == {id(parameter) for parameter in supernet.parameters()}

    def test_a_supernets_mixing_weights_are_where_the_graph_says(self) -> None:
        arrays = self._supernet().mixing_weights()
        graph = self.space.graph()
        weighted = [data for _, data in edges(graph) if "weight" in data]
        assert weighted, "the graph of a relaxable space must say where the mixing weights are"
        for data in weighted:
            name, *index = data["weight"]
            value = arrays[name][tuple(index)]
            count = len(data["operations"]) if data["kind"] == "operation" else 1
            assert np.size(value) == count, "an operation edge has a weight for each primitive, a move has one"
            assert np.all(value >= 0) and np.all(value <= 1), "mixing weights are probabilities"

    def test_a_switchable_supernet_runs_as_each_genotype_and_trains_its_part_alone(self) -> None:
        supernet = self._switchable()
        images = torch.randn(2, self.task.in_channels, *self.task.size)
        for seed in range(3):
            supernet.switch(self._draw(seed))
            found = supernet(images)
            wrong = misfit(found, self.task, 2, training=True)
            assert not wrong, f"a supernet in training mode returned {wrong}"
            supernet.zero_grad()
            torch.autograd.backward(total_loss(found, lambda output: output.square().mean()))
            gradients = [weight.grad for weight in supernet.parameters() if weight.grad is not None]
            assert gradients, "the weights that a genotype uses must get gradients"
            assert all(torch.isfinite(gradient).all() for gradient in gradients), "gradients must be finite"

    def test_switching_back_gives_the_same_function_and_a_foreign_genotype_is_refused(self) -> None:
        supernet = self._switchable().eval()
        images = torch.randn(2, self.task.in_channels, *self.task.size)
        outputs = []
        with torch.no_grad():
            for seed in (0, 1, 0):
                supernet.switch(self._draw(seed))
                outputs.append(supernet(images))
        assert torch.equal(outputs[0], outputs[2]), "a genotype's function depends on the weights alone"
        name, _ = self._draw(0).decisions[0]
        with pytest.raises(GenotypeError, match="no-such-option"):
            supernet.switch(Genotype(self.space.name, ((name, "no-such-option"), *self._draw(0).decisions[1:])))

    def test_what_a_network_inherits_are_copies_of_the_supernets_tensors(self) -> None:
        space, supernets = self._inheriting()
        genotype = self._draw(0)
        network = self.space.build(genotype, self.task).state_dict()
        for supernet in supernets:
            inherited = space.inherited(supernet, genotype)
            assert inherited.keys() & network.keys(), "what is handed on has names of the network's tensors"
            own = {tensor.data_ptr() for tensor in supernet.state_dict().values()}
            assert not any(tensor.data_ptr() in own for tensor in inherited.values()), "what is handed on are copies"
            with torch.no_grad():
                for parameter in supernet.parameters():
                    parameter.add_(1.0)
            later = space.inherited(supernet, genotype)
            assert later.keys() == inherited.keys(), "names follow from the genotype"
            moved = [not torch.equal(later[name], tensor) for name, tensor in inherited.items()]
            assert any(moved), "what is handed on are the supernet's weights as they are now"

    def test_a_supernet_as_one_genotype_is_the_network_that_inherits_all_of_it(self) -> None:
        space, supernets = self._inheriting()
        images = torch.randn(2, self.task.in_channels, *self.task.size)
        for supernet in supernets:
            for seed in range(3):
                genotype = self._draw(seed)
                network, inherited = self.space.build(genotype, self.task), space.inherited(supernet, genotype)
                one_hot = space.one_hot(supernet, genotype).eval()
                with torch.no_grad():
                    logits = one_hot(images)
                    assert tuple(logits.shape) == self._output_shape(), "logits must have the task's shape"
                    wanted = {name: tensor.shape for name, tensor in network.state_dict().items()}
                    if {name: tensor.shape for name, tensor in inherited.items()} != wanted or self._has_more(
                        one_hot, network
                    ):
                        continue  # they are not one function: a head of its own, say
                    network.load_state_dict(inherited)
                    torch.testing.assert_close(network.eval()(images), logits, rtol=1e-6, atol=1e-6)

    def _draw(self, seed: int) -> Genotype:
        return sample(self.space, np.random.default_rng(seed))

    def _is_a_point(self) -> bool:
        return all(answer.count == 1 for answer in encode(self.space, self._draw(0)))

    def _output_shape(self) -> tuple[int, ...]:
        return self.task.output_shape(2)

    def _supernet(self) -> Supernet:
        if not isinstance(self.space, Relaxable):
            pytest.skip("the space is not relaxable")
        torch.manual_seed(0)
        return self.space.relax(self.task, lambda logits: torch.softmax(logits, dim=-1))

    def _supernet_costs(self) -> tuple[SupernetCosts, Supernet]:
        if not isinstance(self.space, Costed):
            pytest.skip("the space does not say what mixing weights cost")
        return self.space.supernet_costs(self.task), self._supernet()

    def _inheriting(self) -> tuple[Inheriting, list[Supernet | SwitchableSupernet]]:
        if not isinstance(self.space, Inheriting):
            pytest.skip("the networks of the space inherit nothing")
        relaxed = [self._supernet()] if isinstance(self.space, Relaxable) else []
        switchable = [self._switchable()] if isinstance(self.space, Switchable) else []
        assert relaxed or switchable, "what can be inherited is a supernet's"
        return self.space, [*relaxed, *switchable]

    def _has_more(self, one_hot: nn.Module, network: nn.Module) -> bool:
        """Whether a supernet as one genotype has tensors that the network has not."""
        return sum(1 for _ in one_hot.state_dict()) > sum(1 for _ in network.state_dict())

    def _switchable(self) -> SwitchableSupernet:
        if not isinstance(self.space, Switchable):
            pytest.skip("the space is not switchable")
        torch.manual_seed(0)
        return self.space.switchable(self.task)
