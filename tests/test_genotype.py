import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasframe.errors import GenotypeError
from nasframe.genotype import Genotype, crossover, encode, enumerate_all, mutate, sample, trace, validate


class Trellis:
    """A conditional space: the levels that a layer may take depend on the layer before; then an operation a layer."""

    name = "trellis"

    def __init__(self, layers=4, levels=3, operations=("a", "b", "c")):
        self.layers, self.levels, self.operations = layers, levels, operations

    def decide(self, choose):
        level = 0
        for layer in range(self.layers):
            level = choose(f"path/l{layer}", [n for n in (level - 1, level, level + 1) if 0 <= n < self.levels])
            choose(f"op/l{layer}", self.operations)


@pytest.fixture
def space():
    return Trellis()


def test_enumeration_gives_every_genotype_once(space):
    genotypes = list(enumerate_all(space))
    assert len(genotypes) == len(set(genotypes)) == 29 * 81
    for genotype in genotypes[::97]:
        validate(space, genotype)


def test_a_space_without_decisions_has_one_genotype():
    assert list(enumerate_all(Trellis(layers=0))) == [Genotype("trellis", ())]


@given(st.integers(0, 2**32 - 1))
def test_every_mutation_and_crossover_is_legal(seed):
    space, rng = Trellis(), np.random.default_rng(seed)
    mother, father = sample(space, rng), sample(space, rng)
    child = mutate(space, mother, rng)
    assert child != mother
    for genotype in (mother, child, crossover(space, mother, father, rng)):
        validate(space, genotype)


def test_a_mutation_repeats_all_that_is_still_legal(space):
    parent = sample(space, np.random.default_rng(3))
    child = mutate(space, parent, np.random.default_rng(5))
    changed = [name for name in parent.answers if parent[name] != child[name]]
    first = list(parent.answers).index(changed[0])
    assert all(parent[name] == child[name] for name in list(parent.answers)[:first])
    assert len([name for name in changed if name.startswith("op/")]) <= 1


def test_a_mutation_can_be_given_its_decision(space):
    parent = sample(space, np.random.default_rng(3))
    for seed in range(10):
        child = mutate(space, parent, np.random.default_rng(seed), target="op/l2")
        assert [name for name in parent.answers if parent[name] != child[name]] == ["op/l2"]
    with pytest.raises(GenotypeError, match="found no 'op/l9' among"):
        mutate(space, parent, np.random.default_rng(0), target="op/l9")


def test_crossover_takes_answers_from_the_parents_where_they_are_legal(space):
    mother, father = (sample(space, np.random.default_rng(seed)) for seed in (1, 2))
    child = crossover(space, mother, father, np.random.default_rng(0))
    operations = [name for name in child.answers if name.startswith("op/")]
    assert all(child[name] in (mother[name], father[name]) for name in operations)


def test_mutating_the_only_genotype_of_a_space_says_why_it_cannot():
    space = Trellis(layers=2, levels=1, operations=("a",))
    with pytest.raises(GenotypeError, match="nothing to mutate"):
        mutate(space, sample(space, np.random.default_rng(0)), np.random.default_rng(0))


def test_encoding_gives_indices_that_rebuild_the_genotype(space):
    genotype = sample(space, np.random.default_rng(11))
    code = {answer.name: answer.index for answer in encode(space, genotype)}
    assert trace(space, lambda name, options: options[code[name]]) == genotype


def test_plain_data_and_back_keeps_tuples():
    genotype = Genotype("s", (("inputs", ("h-2", "h-1")), ("op", "skip"), ("width", 8)))
    assert Genotype.from_dict(genotype.to_dict()) == genotype
    assert hash(Genotype.from_dict(genotype.to_dict())) == hash(genotype)


@pytest.mark.parametrize(
    ("decisions", "message"),
    [
        ((("path/l0", 2),), r"'path/l0' with 2; .* options there are 0, 1"),
        ((("path/l0", 0), ("op/l0", "a")), r"no answer to the decision 'path/l1'"),
    ],
)
def test_an_illegal_genotype_is_refused_by_decision(space, decisions, message):
    with pytest.raises(GenotypeError, match=message):
        validate(space, Genotype("trellis", decisions))


def test_an_answer_too_many_is_refused(space):
    genotype = sample(space, np.random.default_rng(0))
    with pytest.raises(GenotypeError, match="never asks: 'path/l9'"):
        validate(space, Genotype("trellis", (*genotype.decisions, ("path/l9", 0))))


def test_a_genotype_of_another_space_is_refused(space):
    with pytest.raises(GenotypeError, match="of the space 'other', not of 'trellis'"):
        validate(space, Genotype("other", ()))


def test_a_space_that_asks_twice_is_told_so():
    class Twice:
        name = "twice"

        def decide(self, choose):
            choose("a", [1])
            choose("a", [1])

    with pytest.raises(GenotypeError, match="asks the decision 'a' twice"):
        sample(Twice(), np.random.default_rng(0))
