"""Cells in the words of other programs: read, written and read back, and told apart by one hash."""

import json

import numpy as np
import pytest

from nasframe.cli import main
from nasframe.errors import CapabilityError, GenotypeError
from nasframe.files import dialects
from nasframe.genotype import GenotypeRecord, sample
from nasframe.plugin.registry import Registry
from nasframe_cells import published
from nasframe_cells.darts import published as darts_published
from nasframe_cells.darts.space import Darts
from nasframe_cells.darts.wide import DartsWide
from nasframe_cells.dialects import DARTS, NNI, SLIM, CellDialect, cell_dialects
from nasframe_cells.forms import Flat
from nasframe_cells.language import Cells, read_cell
from nasframe_cells.nasnet import NasNet
from nasframe_cells.options import AMOEBANET, NASNET, PNAS
from nasframe_cells.pnas import Pnas
from nasframe_cells.space import CellSpace

DARTS_PUBLISHED = tuple(name.replace("_", "-") for name in darts_published.CELLS)
PUBLISHED = ("nasnet-a", "pnasnet-5", *(f"amoebanet-{letter}" for letter in "abcd"), *DARTS_PUBLISHED)
FORMS = ("flat", "nested", "nni", "slim", "flat-last-first", "nested-last-first", "nni-last-first")
INDICES = "hiddenstate_indices"
DARTS_V2 = """
DARTS_V2 = Genotype(
  normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 1),
    ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)], normal_concat=range(2, 6),
  reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0),
    ('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=[2, 3, 4, 5])
"""
PNASNET_5 = """
Genotype = namedtuple('Genotype', 'normal normal_concat reduce reduce_concat')
PNASNet = Genotype(
  normal=[('sep_conv_5x5', 0), ('max_pool_3x3', 0), ('sep_conv_7x7', 1), ('max_pool_3x3', 1), ('sep_conv_5x5', 1),
    ('sep_conv_3x3', 1), ('sep_conv_3x3', 4), ('max_pool_3x3', 1), ('sep_conv_3x3', 0), ('skip_connect', 1)],
  normal_concat=[2, 3, 4, 5, 6],
  reduce=[('sep_conv_5x5', 0), ('max_pool_3x3', 0), ('sep_conv_7x7', 1), ('max_pool_3x3', 1), ('sep_conv_5x5', 1),
    ('sep_conv_3x3', 1), ('sep_conv_3x3', 4), ('max_pool_3x3', 1), ('sep_conv_3x3', 0), ('skip_connect', 1)],
  reduce_concat=[2, 3, 4, 5, 6])
"""
NASNET_A = """
normal_cell_operations = ['separable_5x5_2', 'separable_3x3_2', 'separable_5x5_2', 'separable_3x3_2', 'avg_pool_3x3',
    'none', 'avg_pool_3x3', 'avg_pool_3x3', 'separable_3x3_2', 'none']
normal_cell_used_hiddenstates = [1, 0, 0, 0, 0, 0, 0]
normal_cell_hiddenstate_indices = [0, 1, 1, 1, 0, 1, 1, 1, 0, 0]
hparams.reduction_cell_operations = ['separable_5x5_2', 'separable_7x7_2', 'max_pool_3x3', 'separable_7x7_2',
    'avg_pool_3x3', 'separable_5x5_2', 'none', 'avg_pool_3x3', 'separable_3x3_2', 'max_pool_3x3']
hparams.reduction_cell_used_hiddenstates = [1, 1, 1, 0, 0, 0, 0]
hparams.reduction_cell_hiddenstate_indices = [0, 1, 0, 1, 0, 1, 3, 2, 2, 0]
"""


def record_of(name):
    return {**vars(published), **vars(darts_published)}[name.replace("-", "_")]


def space_of(record: GenotypeRecord) -> CellSpace:
    cls = Registry.discover().get("space", record.genotype.space).value
    return cls(cls.Options.model_validate(record.options))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_genotype_comes_back_from_each_dialect(name, form):
    record = record_of(name)
    space = space_of(record)
    text = dialects.write(record, space, form)
    back, _ = dialects.read(text, space, form)
    assert (back.genotype, back.options) == (record.genotype, {})
    plain = type(space)()
    found, _ = dialects.read(text, plain, form)
    whole = type(space)(space.Options.model_validate({**plain.options.model_dump(), **found.options}))
    assert whole.cells(found.genotype) == space.cells(record.genotype)
    assert dialects.hash_of(whole, found.genotype) == dialects.hash_of(space, record.genotype)


def test_every_dialect_of_random_cells_is_lossless():
    rng = np.random.default_rng(0)
    space = NasNet(NasNet.Options(combines=("add",), operations=tuple(name for name in NASNET if name in SLIM)))
    for _ in range(20):
        record = GenotypeRecord(sample(space, rng))
        for form in FORMS:
            assert dialects.read(dialects.write(record, space, form), space, form)[0] == record


def test_the_texts_of_the_authors_are_the_published_genotypes():
    pnas, nasnet = Pnas(), NasNet()
    found, fitting = dialects.read(PNASNET_5, pnas)
    assert (found.genotype, fitting) == (published.pnasnet_5.genotype, ["flat", "flat-last-first"])
    found, fitting = dialects.read(NASNET_A, nasnet)
    assert (found.genotype, fitting) == (published.nasnet_a.genotype, ["slim"])
    outputs = {name: list(published.nasnet_a.options[name]) for name in ("normal_output", "reduction_output")}
    assert found.options == outputs


def test_the_two_orders_of_inputs_are_two_genotypes_of_one_text():
    flat, turned = (dialects.read(PNASNET_5, Pnas(), name)[0] for name in ("flat", "flat-last-first"))
    assert flat.genotype["cell/b1/left/input"] == "h-2"
    assert turned.genotype["cell/b1/left/input"] == "h-1"
    assert dialects.hash_of(Pnas(), flat.genotype) != dialects.hash_of(Pnas(), turned.genotype)


def test_a_cell_hashes_equal_however_its_blocks_and_operands_are_ordered():
    first = read_cell("sep_3x3(0) skip(1); skip(0) sep_5x5(1); sep_3x3(2) skip(3) -> 2 3 4")
    other = read_cell("sep_5x5(1) skip(0); skip(1) sep_3x3(0); skip(2) sep_3x3(3) -> 2 3 4")
    third = read_cell("sep_5x5(1) skip(0); skip(1) sep_3x3(0); skip(3) sep_3x3(2) -> 2 3 4")
    space = Pnas(Pnas.Options(blocks=3))
    hashes = [dialects.hash_of(space, space.genotype(Cells(cell, cell))) for cell in (first, other, third)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_what_a_cell_gives_out_is_part_of_its_hash():
    record = published.nasnet_a
    space, plain = space_of(record), NasNet()
    assert dialects.hash_of(space, record.genotype) != dialects.hash_of(plain, record.genotype)


def test_operations_have_names_in_the_forms_of_others():
    assert set(NASNET) | set(PNAS) | set(AMOEBANET) <= NNI.keys()
    for names in (NNI, DARTS, SLIM):
        assert len(set(names.values())) == len(names)


def test_a_block_that_concatenates_is_said_by_the_own_forms_alone():
    cell = read_cell("sep_3x3(0) skip(1) concat -> 2")
    space = NasNet(NasNet.Options(blocks=1))
    record = GenotypeRecord(space.genotype(Cells(cell, cell)))
    with pytest.raises(GenotypeError, match="block b1 of a cell combines by 'concat'"):
        dialects.write(record, space, "flat")
    _, back = dialects.own(dialects.write(record, space, "json"), "text")
    assert back.genotype == record.genotype


def test_an_operation_without_a_name_in_a_dialect_cannot_be_written_in_it():
    cell = read_cell("dil_conv_3x3(0) skip(1) -> 2")
    space = Pnas(Pnas.Options(blocks=1))
    with pytest.raises(
        GenotypeError, match="found the operation 'dil_conv_3x3', expected one of what the dialect can say"
    ):
        dialects.write(GenotypeRecord(space.genotype(Cells(cell, cell))), space, "slim")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("flat", "import os; os.system('ls')", "expected Genotype"),
        ("flat", "Genotype(normal=[(open('x'), 0)], normal_concat=[2])", "line 1: found a call"),
        ("flat", "Genotype(\n normal=[('skip_connect', 1 + 1)], normal_concat=[2])", r"line 2: found 1 \+ 1"),
        ("flat", "Genotype(normal=[('skip_connect', 0)], normal_concat=[2])", "found 1 pair, expected two"),
        ("flat", "Genotype(normal=[('skip_connect', 'a')] * 2, normal_concat=[2])", "line 1: found .* expected words"),
        ("flat", "Genotype(normal=[], normal_concat=range(2, 10**9))", r"line 1: found 10 \*\* 9"),
        ("flat", "Genotype(normal=[], normal_concat=range(2, 99999))", "a range of whole numbers up to 1000"),
        ("flat", "Genotype(normal=[('jump', 0), ('jump', 1)], normal_concat=[2])", "found the operation 'jump'"),
        ("flat", "Genotype(normal=[('skip_connect', 0), ('skip_connect', 2)], normal_concat=[2])", "reads the state 2"),
        ("flat", "Genotype(normal=[], normal=[])", "line 1: expected each argument by itself and once"),
        ("flat", "Genotype(**{'normal': []})", r"without \* and \*\*"),
        ("flat", "Genotype(normal=[], normal_concat=[2], reduce=[])", "lacks 'reduce_concat'"),
        ("flat", "Genotype(nrmal=[])", "did you mean 'normal'"),
        ("flat", f"A = {PNASNET_5.partition('PNASNet =')[2]}\nB = Genotype(normal=[])", "found 2 genotypes"),
        ("flat", "[" * 500, "expected Python or JSON text"),
        ("flat", "\x00", "expected Python or JSON text"),
        ("nested", "Genotype(normal=[[('skip_connect', 0)]], normal_concat=[2])", "a block of 1 pair,"),
        ("nested", PNASNET_5, "expected an operation and the number of a state"),
        ("nni", "{'normal/op_2_0': 'skip_connect'}", "lacks the key 'normal/input_2_0'"),
        ("nni", "{'a': 1, 'a': 2}", "each once; found 'a'"),
        ("nni", "[]", "expected one mapping"),
        ("nni", "{'width': 36}", 'lacks "normal/op_2_0"'),
        ("slim", "operations = ['none']", "lacks hiddenstate_indices"),
        ("slim", f"operations = ['none']\n{INDICES} = [0]\nused_hiddenstates = [0]", "expected two operations"),
        ("slim", f"operations = ['none'] * 2\n{INDICES} = [0]\nused_hiddenstates = [0]", r"found \['none'\] \* 2"),
        ("slim", f"operations = ['none', 'none']\n{INDICES} = [0, 0]\nused_hiddenstates = [0, 0, 2]", "found 2"),
    ],
)  # fmt: skip
def test_a_text_that_is_of_no_genotype_is_refused_and_never_run(name, text, said):
    with pytest.raises(GenotypeError, match=said):
        dialects.read(text, Pnas(), name)


def test_what_fits_no_dialect_is_told_of_each():
    with pytest.raises(GenotypeError, match="in no dialect of space 'pnas'") as caught:
        dialects.read("nothing", Pnas())
    assert all(f"\n  {name}: " in str(caught.value) for name in FORMS)
    with pytest.raises(CapabilityError, match="no dialect 'flt'; did you mean 'flat'"):
        dialects.read("nothing", Pnas(), "flt")


def test_more_keys_than_a_cell_has_are_refused():
    text = dialects.write(published.pnasnet_5, Pnas(), "nni")
    for key in ("normal/op_9_0", "width"):
        with pytest.raises(GenotypeError, match=f"found the key {key!r}"):
            dialects.read(json.dumps({**json.loads(text), key: 1}), Pnas(), "nni")


def test_inputs_of_nni_may_be_lists_of_one():
    data = json.loads(dialects.write(published.pnasnet_5, Pnas(), "nni"))
    listed = {key: [value] if "input" in key else value for key, value in data.items()}
    assert dialects.read(json.dumps(listed), Pnas(), "nni")[0].genotype == published.pnasnet_5.genotype


def test_the_cell_of_darts_hashes_equal_in_every_dialect():
    space = Darts()
    record, _ = dialects.read(DARTS_V2, space)
    assert record.genotype == darts_published.darts_v2.genotype
    texts = {name: dialects.write(record, space, name) for name in (*FORMS, *dialects.OWN)}
    found = [dialects.own(texts[name], name)[1] for name in dialects.OWN]
    found += [dialects.read(texts[name], space, name)[0] for name in FORMS]
    assert len({dialects.hash_of(space, one.genotype) for one in found}) == 1 and len(found) == 9
    swapped = DARTS_V2.replace("('skip_connect', 0), ('dil_conv_3x3', 2)", "('dil_conv_3x3', 2), ('skip_connect', 0)")
    assert swapped != DARTS_V2 and dialects.read(swapped, space)[0] == record
    hashes = [dialects.hash_of(space, record.genotype)]
    for state in (3, 4):  # the normal cell's blocks 2 and 3 are equal
        text = DARTS_V2.replace("('dil_conv_3x3', 2)", f"('dil_conv_3x3', {state})")
        hashes.append(dialects.hash_of(space, dialects.read(text, space)[0].genotype))
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_cell_that_darts_cannot_search_is_refused_with_the_space_that_has_it():
    text = dialects.write(darts_published.darts_nasnet, space_of(darts_published.darts_nasnet), "flat")
    with pytest.raises(GenotypeError):
        dialects.read(text, Darts())
    assert dialects.read(text, DartsWide())[0].genotype == darts_published.darts_nasnet.genotype


def test_the_names_of_darts_make_its_own_cells_out_of_its_text():
    class Kept:
        """Keeps the cells as they are read."""

        def record(self, cells):
            return cells

        def cells(self, cells):
            return cells

    found = CellDialect(Kept(), Flat(), DARTS).read(DARTS_V2)
    assert str(found.normal) == (
        "sep_3x3(0) sep_3x3(1); sep_3x3(0) sep_3x3(1); sep_3x3(1) skip(0); skip(0) dil_sep_3x3(2) -> 2 3 4 5"
    )
    for dialect in cell_dialects(Kept(), DARTS).values():
        assert dialect.read(dialect.write(found)) == found


def test_the_command_converts_there_and_back(tmp_path, monkeypatch):
    from click.testing import CliRunner

    monkeypatch.chdir(tmp_path)
    registry = Registry.discover()

    def convert(*arguments):
        return CliRunner().invoke(main, ["convert", *arguments], obj=registry)

    (tmp_path / "pnasnet.py").write_text(PNASNET_5)
    result = convert("pnasnet.py", "--space", "pnas", "--output", "pnasnet.yaml")
    assert result.exit_code == 0, result.output
    assert "pnasnet.py is read as flat; it fits flat-last-first as well" in result.stderr
    hashes = {
        convert(*one, "--hash").stdout for one in (["pnasnet-5"], ["pnasnet.yaml"], ["pnasnet.py", "--space", "pnas"])
    }
    assert len(hashes) == 1 and len(hashes.pop()) == dialects.HASH_DIGITS + 1
    for form in ("nested", "json", "slim"):
        text = convert("pnasnet.yaml", "--to", form).stdout
        (tmp_path / f"{form}.txt").write_text(text)
        own = [] if form == "json" else ["--space", "pnas"]
        assert convert(f"{form}.txt", *own).stdout == (tmp_path / "pnasnet.yaml").read_text()
    for arguments, said in (
        (["pnasnet.py"], "give --space NAME"),
        (["pnasnet.py", "--space", "pnas", "--from", "nested"], "pnasnet.py: nested: "),
        (["pnasnet.yaml", "--space", "nasnet"], "is of space 'pnas'"),
        (["pnasnet-5", "--from", "flat"], "is published here"),
        (["pnasnet-5", "--to", "flatt"], "did you mean 'flat'"),
        (["pnasnet-5", "--output", "pnasnet.yaml"], "exists already"),
        (["pnasnet.py", "--space", "macro"], "knows no dialects"),
    ):
        result = convert(*arguments)
        assert (result.exit_code, said in result.stderr) == (2, True), result.stderr
