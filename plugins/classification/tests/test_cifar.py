"""CIFAR's format: what is read, what is refused, and that nothing is run."""

import os
import pickle

import numpy as np
import pytest

from nasframe import DataError, Runtime
from nasframe_classification.evaluator import Classification
from nasframe_classification.options import ClassificationOptions as Options
from nasframe_classification.plain_pickles import read_plain_pickle

from .conftest import NAMES, batch, pickled


def made(root, phase="retrain", **options):
    return Classification(Options(data="cifar10", root=str(root), batch=10, **options), Runtime(phase=phase))


@pytest.mark.parametrize("protocol", range(2, 6))
def test_arrays_of_every_protocol_are_read_as_numpy_reads_them(protocol):
    for array in (np.arange(12, dtype=np.uint8).reshape(3, 4), np.arange(6, dtype=np.uint8).reshape(2, 3).T):
        content = pickle.dumps({b"data": array, b"labels": [1, 2]}, protocol)
        found = read_plain_pickle(content)
        assert np.array_equal(found[b"data"], array) and found[b"labels"] == [1, 2]


def test_a_pickle_of_python_2_is_read():
    content = (
        b"\x80\x02}q\x01(U\x04dataq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00\x85U\x01b"
        b"\x87Rq\x05(K\x01K\x01K\x03\x86cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff"
        b"\xffK\x00tb\x89U\x03\x07\x08\x09tbU\x06labels]q\x06(K\x02K\x05eu."
    )
    found = read_plain_pickle(content)
    assert found[b"data"].tolist() == [[7, 8, 9]] and found[b"labels"] == [2, 5]


class Evil:
    def __reduce__(self):
        return os.mkdir, ("/tmp/nasframe-was-run",)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (pickle.dumps(Evil()), r"asks for (posix|nt)\.mkdir, which is not run"),
        (b"cbuiltins\neval\n(S'1'\ntR.", "asks for builtins.eval"),
        (pickle.dumps({1.5}), "says (BINFLOAT|EMPTY_SET)"),
        (pickle.dumps(np.arange(3.0)), "array of the type 'f8'; expected bytes"),
        (pickle.dumps(np.array([None])), "array of the type 'O8'"),
        (b"\x80\x02}r\xff\xff\xff\x7f.", "place 2,147,483,647 of its memo"),
        (pickle.dumps({b"data": np.zeros(9, np.uint8)})[:-20], "no whole pickle"),
        (b"no pickle at all", "says PERSID|no whole pickle"),
        (b"", "no whole pickle"),
        (b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x03\x00\x00\x00zip\x86R.", "in the encoding 'zip'"),
        (
            b"\x80\x04\x8c\x13numpy._core.numeric\x8c\x0b_frombuffer\x93(C\x02abNK\x09\x85\x8c\x01CtR.",
            "array of the shape .9,. made of 2 bytes",
        ),
    ],
)
def test_what_is_no_plain_data_is_refused_and_not_run(content, said):
    with pytest.raises(DataError, match=said):
        read_plain_pickle(content)
    assert not os.path.exists("/tmp/nasframe-was-run")


def test_batches_become_images_with_the_names_of_the_classes(cifar10):
    evaluator = made(cifar10.parent, holdout="official")
    record = evaluator.record()
    assert evaluator.task.size == (32, 32) and evaluator.task.num_classes == 10 and not evaluator.task.dense
    assert record["classes"] == [name.decode() for name in NAMES]
    assert record["counts"] == {"weights": 20, "arch": 20, "train": 40, "val": 10, "holdout": 10}
    assert set(evaluator.fingerprint()) == {path.name for path in cifar10.iterdir()}
    inputs = next(made(cifar10, mean=(0, 0, 0), std=(1, 1, 1)).batches("val")).inputs
    raw = np.concatenate([batch(seed)[b"data"] for seed in range(5)]).reshape(-1, 3, 32, 32)
    shown = np.rint(inputs.numpy() * 255).astype(np.uint8)
    assert all((raw == one).all((1, 2, 3)).any() for one in shown)


def test_the_test_batch_is_in_no_part_but_the_holdout(cifar10):
    evaluator = made(cifar10)
    for split in ("weights", "arch", "train", "val"):
        names = next(evaluator.batches(split)).names
        assert not any(name.startswith("test_batch") for name in names)
    assert "holdout" not in made(cifar10, "search").record()["counts"]
    with pytest.raises(DataError, match="no split 'holdout'; expected one of weights, arch, train, val"):
        made(cifar10, "search").measure_with(lambda x: x, None, "holdout", lambda done, of: None)


def test_a_data_set_that_is_not_whole_and_repeated_images_are_remarked_on(cifar10):
    pickled(cifar10 / "test_batch", batch(0))
    remarks = made(cifar10).remarks()
    assert any(
        one.startswith("10 images of holdout can be found in") or "of holdout can be found" in one for one in remarks
    )
    assert "train has 50 images, and cifar10 as it is published 50,000" in remarks


def test_all_that_is_wrong_is_told_at_once(cifar10):
    (cifar10 / "test_batch").unlink()
    (cifar10 / "data_batch_1").write_bytes((cifar10 / "data_batch_1").read_bytes()[:-9])
    pickled(cifar10 / "data_batch_2", batch(2) | {b"labels": [0] * 9})
    pickled(cifar10 / "data_batch_3", batch(3) | {b"labels": [0] * 8 + [10, -1]})
    pickled(cifar10 / "data_batch_4", {b"data": np.zeros((10, 3071), np.uint8), b"labels": [0] * 10})
    pickled(cifar10 / "data_batch_5", {b"fine_labels": [1]})
    pickled(cifar10 / "batches.meta", {b"label_names": NAMES[:9]})
    with pytest.raises(DataError) as caught:
        made(cifar10)
    said = str(caught.value)
    for part in (
        "1 file of cifar10 missing",
        "test_batch",
        "data_batch_1: no whole pickle",
        "data_batch_2: 9 labels for 10 images",
        "data_batch_3: labels out of range: image 8 has 10, 9 has -1; expected 0 to 9",
        "data_batch_4: data of the shape (10, 3071)",
        "data_batch_5: has fine_labels; expected an array 'data' and a list 'labels'",
        "batches.meta: 9 names in label_names; expected 10 different ones",
    ):
        assert part in said


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(DataError, match=r"there is no folder .*nowhere; expected the one with cifar-10-batches-py"):
        made(tmp_path / "nowhere")


def test_classes_with_too_few_images_are_named(cifar10):
    few = {b"labels": [0] * 10}
    for number in range(1, 6):
        pickled(cifar10 / f"data_batch_{number}", batch(number) | (few if number > 2 else {}))
    with pytest.raises(
        DataError, match=r"9 classes with too few images in train; expected 3 at least(.|\n)*cat: 2 images"
    ):
        made(cifar10)


def test_cifar100_is_read_by_its_fine_labels(tmp_path):
    folder = tmp_path / "cifar-100-python"
    folder.mkdir()
    for seed, name in enumerate(("train", "test")):
        pixels = np.random.default_rng(seed).integers(0, 255, (300, 3072), dtype=np.uint8)
        labels = [place % 100 for place in range(300)]
        pickled(folder / name, {b"data": pixels, b"fine_labels": labels, b"coarse_labels": [0] * 300})
    pickled(folder / "meta", {b"fine_label_names": [f"kind{n}".encode() for n in range(100)]})
    evaluator = Classification(Options(data="cifar100", root=str(tmp_path)))
    assert evaluator.task.num_classes == 100 and evaluator.record()["counts"]["val"] == 100
