"""``nasframe derive`` from arrays that another program wrote: decoded like a run, and refused with a place if wrong."""

import json
import zipfile

import numpy as np
import pytest
import torch
import yaml

from nasframe.derive import read_given
from nasframe.errors import FileError
from nasframe.files import genotypes
from nasframe.files.limits import MOST_ARRAY_BYTES
from nasframe.genotype import validate

RNG = np.random.default_rng(3)
ALPHAS, BETAS = RNG.normal(size=(3, 3)), RNG.normal(size=(3, 3, 3))
OPERATION = {"file": "alphas.npy", "values": "logits", "primitives": ["conv_1x1", "conv_3x3", "zero"]}
MOVE = {"file": "betas.npy", "values": "logits", "moves": ["up", "stay", "down"]}

GIVEN = {"operation": OPERATION, "move": MOVE}


@pytest.fixture
def given(tmp_path):
    """Writes the arrays and the file that says what they are; keys that are None are left out."""

    def write(operation=(), move=(), top=(), arrays=None, alphas=ALPHAS, betas=BETAS):
        np.save(tmp_path / "alphas.npy", alphas)
        np.save(tmp_path / "betas.npy", betas)
        entries = {"operation": {**OPERATION, **dict(operation)}, "move": {**MOVE, **dict(move)}}
        entries = {name: {key: v for key, v in entry.items() if v is not None} for name, entry in entries.items()}
        data = {"space": "stairs", "options": {"width": 4}, "arrays": entries if arrays is None else arrays}
        path = tmp_path / "given.yaml"
        path.write_text(yaml.safe_dump({**data, **dict(top)}, sort_keys=False))
        return path

    return write


@pytest.fixture
def values(registry, given):
    """The values that the edges get, by name."""

    def read(*arguments, **changes):
        weighted, _ = read_given(given(*arguments, **changes), registry)
        numbers = {(before, node): data["value"] for before, node, data in weighted.graph.edges(data=True)}
        return {(*edge, n): one for edge, row in numbers.items() for n, one in enumerate(np.atleast_1d(row))}

    return read


def test_logits_become_the_softmax_over_what_there_is(values):
    found = values()
    row = np.exp(ALPHAS[1]) / np.exp(ALPHAS[1]).sum()
    assert [found["cell/b", "cell/b1", n] for n in range(3)] == pytest.approx(list(row))
    border = np.exp(BETAS[0, 0, 1:]) / np.exp(BETAS[0, 0, 1:]).sum()
    assert (found["stem", "l1/0", 0], found["stem", "l1/1", 0]) == pytest.approx(tuple(border))
    inner = np.exp(BETAS[1, 1]) / np.exp(BETAS[1, 1]).sum()
    assert found["l1/1", "l2/0", 0] == pytest.approx(inner[0])


def test_weights_are_taken_as_they_are(values):
    found = values({"values": "weights"}, {"values": "weights"}, alphas=abs(ALPHAS), betas=abs(BETAS))
    assert found["cell/a", "cell/b1", 2] == abs(ALPHAS[0, 2])
    assert found["l2/2", "l3/1", 0] == abs(BETAS[2, 2, 0])


def test_columns_are_in_the_order_that_is_given(values):
    plain = values()
    turned = values(
        {"primitives": ["zero", "conv_3x3", "conv_1x1"]},
        {"moves": ["down", "stay", "up"]},
        alphas=ALPHAS[:, ::-1],
        betas=BETAS[:, :, ::-1],
    )
    assert turned == pytest.approx(plain)


def test_rows_are_in_the_order_that_is_given(values):
    plain = values()
    edges = [[f"cell/{name}", "cell/b1"] for name in "cab"]
    nodes = [["stem", None], ["l1/1", "l1/0"], ["l2/2", "l2/1"], ["l2/0", None]]
    turned = np.full((4, 2, 3), np.nan)
    places = {"stem": (0, 0), **{f"l{layer}/{level}": (layer, level) for layer in (1, 2) for level in range(layer + 1)}}
    for row, names in enumerate(nodes):
        for column, node in enumerate(names):
            if node:
                turned[row, column] = BETAS[places[node]]
    assert values({"edges": edges}, {"nodes": nodes}, alphas=ALPHAS[[2, 0, 1]], betas=turned) == pytest.approx(plain)
    table = np.stack([BETAS[place] for place in places.values()])
    assert values(betas=table) == pytest.approx(plain)


def test_npz_and_tensors_hold_several_arrays_by_name(values, tmp_path):
    plain = values()
    np.savez(tmp_path / "both.npz", a=ALPHAS, b=BETAS)
    npz = {"file": "both.npz"}
    assert values({**npz, "array": "a"}, {**npz, "array": "b"}) == plain
    state = {"alphas": torch.tensor(ALPHAS), "betas": [torch.tensor(BETAS), torch.nn.Parameter(torch.tensor(BETAS))]}
    torch.save({"epoch": 3, "state_dict": state, "best": 0.5}, tmp_path / "search.pt")
    tensors = {"file": "search.pt"}
    names = {"array": "state_dict.alphas"}, {"array": "state_dict.betas.1"}
    assert values({**tensors, **names[0]}, {**tensors, **names[1]}) == plain
    torch.save(torch.tensor(ALPHAS), tmp_path / "one.pth")
    assert values({"file": "one.pth"}) == plain


def test_what_is_derived_is_the_same_as_of_a_run_with_these_weights(invoke, given, make_run, values, stairs):
    arrays = {"move": np.zeros((3, 3, 3)), "operation": np.zeros((3, 3))}
    found = values()
    for before, node, place in stairs.graph().edges(data="weight"):
        row = [found[before, node, n] for n in range(3 if place[0] == "operation" else 1)]
        arrays[place[0]][place[1:]] = row if len(row) > 1 else row[0]
    run = json.loads(invoke("derive", make_run(snapshots={2: arrays}), "--format", "json").stdout)
    ours = json.loads(invoke("derive", given(), "--format", "json").stdout)
    assert ours.pop("arrays").endswith("given.yaml") and ours.pop("step") is None
    assert [path["nodes"] for path in ours["paths"]] == [path["nodes"] for path in run["paths"]]
    assert ours["paths"][0]["log_probability"] == pytest.approx(run["paths"][0]["log_probability"])
    assert ours["cells"]["cell"][0]["edges"][0]["operation"] == run["cells"]["cell"][0]["edges"][0]["operation"]


def test_the_genotype_goes_on_to_show_with_its_source_and_options(invoke, given, stairs):
    path = given(top={"source": "a search of theirs"})
    result = invoke("derive", path, "--size", "8x8", "--classes", 2, "--max", "macs=1e9", "--output", "found.yaml")
    assert result.exit_code == 0, result.output
    record = genotypes.read("found.yaml")
    validate(stairs, record.genotype)
    assert record.options == {"layers": 3, "width": 4}
    assert record.source == "a search of theirs, literal rule, path 1"
    assert invoke("show", "found.yaml", "--svg", "found.svg").exit_code == 0


def test_arrays_are_drawn_with_what_they_favour(invoke, given, tmp_path):
    result = invoke("show", given(), "--svg", "drawn.svg")
    assert result.exit_code == 0, result.output
    assert "favoured by the arrays of given.yaml" in result.stdout
    assert (tmp_path / "drawn.svg").is_file() and (tmp_path / "drawn-cell.svg").is_file()


@pytest.mark.parametrize(
    ("changes", "place", "message"),
    [
        ({"arrays": {"operation": OPERATION}}, "4:1: arrays.move", "missing; expected where this array"),
        ({"arrays": {**GIVEN, "alpha": OPERATION}}, "19:3: arrays.alpha", "refers to no array 'alpha'"),
        ({"alphas": ALPHAS[:2]}, "6:11: arrays.operation.file", "found the shape (2, 3), expected (3, 3)"),
        ({"betas": BETAS[:, :2]}, "13:11: arrays.move.file", "found the shape (3, 2, 3), expected (3, 3, 3) (by layer"),
        ({"alphas": ALPHAS * np.nan}, "6:11: arrays.operation.file", "found nan for the edge from cell/a to cell/b1"),
        ({"betas": BETAS + np.inf}, "13:11: arrays.move.file", "found inf for the moves from stem"),
        ({"alphas": ALPHAS - np.inf}, "6:11: arrays.operation.file", "found only -inf for the edge"),
        ({"operation": {"values": "weights"}}, "6:11: arrays.operation.file", "expected numbers from 0 on"),
        ({"operation": {"values": None}}, "5:3: arrays.operation.values", "missing; expected logits or weights"),
        ({"operation": {"values": "probs"}}, "7:13: arrays.operation.values", "found 'probs', expected logits or"),
        ({"operation": {"primitives": None}}, "5:3: arrays.operation.primitives", "missing; expected the names"),
        (
            {"operation": {"primitives": ["conv_1x1", "conv_33", "zero"]}},
            "10:7: arrays.operation.primitives",
            "found 'conv_33', expected conv_1x1, conv_3x3, zero, in the array's order; did you mean 'conv_3x3'?",
        ),
        ({"operation": {"primitives": ["zero", "zero", "conv_1x1"]}}, "10:7:", "found 'zero' twice"),
        ({"operation": {"primitives": ["zero", "conv_1x1"]}}, "9:5:", "lacks conv_3x3; expected each of"),
        ({"operation": {"edges": [["cell/a", "cell/b2"]]}}, "13:7:", 'found ["cell/a", "cell/b2"]; expected an edge'),
        ({"operation": {"edges": [["cell/a", "cell/b1"], ["cell/a", "cell/b1"]]}}, "15:7:", "twice; each edge has"),
        ({"operation": {"edges": [["cell/a", "cell/b1"]]}}, "13:5:", "lacks ['cell/b', 'cell/b1']"),
        ({"move": {"moves": ["up", "down"]}}, "16:5:", "lacks stay"),
        ({"move": {"nodes": ["stem", "l1/9"]}}, "21:7:", "or null; did you mean 'l1/1'?"),
        ({"move": {"nodes": ["stem", ["l1/0"]]}}, "21:7:", "expected lists of one length"),
        ({"operation": {"file": "betas.npy"}}, "6:11:", "this array is given to arrays.move already"),
        ({"move": {"file": "gone.npy"}}, "13:11:", "gone.npy: does not exist"),
        ({"move": {"file": "given.yaml"}}, "13:11:", "expected .npy, .npz, .pt, .pth"),
        ({"move": {"array": "b"}}, "19:12:", "has no array 'b'; it has one array without a name"),
        ({"move": {"arrays": "b"}}, "19:5: arrays.move.arrays", "unknown key 'arrays'; did you mean 'array'?"),
        ({"top": {"space": "stars"}}, "1:8: space", "did you mean 'stairs'?"),
        ({"top": {"options": {"width": "wide"}}}, "3:10: options.width", "found 'wide', expected a valid integer"),
        ({"top": {"rule": "literal"}}, "unknown key 'rule'", "(known: arrays, options, source, space)"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_error_with_its_place(invoke, given, changes, place, message):
    result = invoke("derive", given(**changes))
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1), result.stderr
    assert place in result.stderr and message in result.stderr, result.stderr


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.npy", b"\x93NUMPY\x01\x00 torn", "cannot be read as .npy"),
        ("a.npy", b"\x93NUMPY\x01\x00\x04\x00(((\n", "cannot be read as .npy"),
        ("a.npz", b"PK\x03\x04 torn", "cannot be read as .npz"),
        ("a.pt", b"\x80\x04 torn", "cannot be read as .pt"),
    ],
)
def test_a_torn_file_is_refused(registry, given, tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileError, match=message):
        read_given(given({"file": name}), registry)


def test_a_file_of_tensors_whose_checksum_differs_is_refused(registry, given, tmp_path):
    torch.save({"alphas": torch.tensor(ALPHAS)}, tmp_path / "search.pt")
    whole = (tmp_path / "search.pt").read_bytes()
    number = np.float64(ALPHAS[1, 1]).tobytes()
    assert whole.count(number) == 1
    (tmp_path / "search.pt").write_bytes(whole.replace(number, number[::-1]))
    with pytest.raises(FileError, match="its checksum differs"):
        read_given(given({"file": "search.pt"}), registry)


def test_a_pickle_that_runs_something_is_refused(registry, given, tmp_path):
    np.save(tmp_path / "objects.npy", np.array([print], dtype=object), allow_pickle=True)
    torch.save({"alphas": print}, tmp_path / "objects.pt")
    for name, message in (("objects.npy", "cannot be read"), ("objects.pt", "something else than tensors")):
        with pytest.raises(FileError, match=message):
            read_given(given({"file": name}), registry)


def test_an_array_beyond_any_search_is_refused_before_it_is_read(registry, given, tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("alphas.npy", bytes(MOST_ARRAY_BYTES + 1))
    torch.save(torch.zeros(1).expand(MOST_ARRAY_BYTES), tmp_path / "expanded.pt")
    np.save(tmp_path / "large.npy", np.zeros(MOST_ARRAY_BYTES // 8 + 1))
    for name in ("bomb.npz", "expanded.pt", "large.npy"):
        with pytest.raises(FileError, match="are read"):
            read_given(given({"file": name}), registry)


def test_what_holds_no_real_numbers_is_refused(registry, given, tmp_path):
    np.save(tmp_path / "words.npy", np.array(["a"]))
    torch.save(torch.zeros(3, 3, dtype=torch.complex64), tmp_path / "complex.pt")
    for name in ("words.npy", "complex.pt"):
        with pytest.raises(FileError, match="expected real numbers"):
            read_given(given({"file": name}), registry)


def test_a_mapping_inside_itself_is_read_once(values, tmp_path):
    state = {"alphas": torch.tensor(ALPHAS)}
    state["self"] = state
    torch.save(state, tmp_path / "circle.pt")
    assert values({"file": "circle.pt", "array": "alphas"}) == values()


def test_snapshots_are_a_runs(invoke, given):
    assert "--step is for a run" in invoke("derive", given(), "--step", 1).stderr
    assert "--set is for a genotype's space" in invoke("show", given(), "--set", "width=2").stderr
