"""Crops and batches: the same window for image and label, and batch k always the same."""

import numpy as np
import pytest

from nasframe import DataError
from nasframe_cityscapes.dataset import find_frames
from nasframe_cityscapes.frames import FrameStore
from nasframe_cityscapes.loading import CropLoader
from nasframe_cityscapes.options import ColourJitterOptions, SegmentationOptions
from nasframe_cityscapes.transforms import ColourJitter, Shift, Window, cut, normalised

PLAIN = {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}


def options(**changes):
    return SegmentationOptions(**{"reduce": 1, "crop": (12, 16), **PLAIN, **changes})


def marked(height=20, width=30):
    """An image whose red is the row, green the column and blue the label; and that label."""
    rows, columns = np.mgrid[:height, :width]
    label = (rows // 3 + columns // 3) % 7
    image = np.stack([rows, columns, label], axis=-1).astype(np.uint8)
    return image, label.astype(np.uint8)


def loader(root, split="weights", seed=0, kept=2**20, **changes):
    given = options(**changes)
    store = FrameStore("label_ids", given.reduce, kept)
    return CropLoader(split, find_frames(root, "train"), store, given, seed)


@pytest.mark.parametrize("seed", range(8))
def test_image_and_label_go_through_the_same_window(seed):
    given = options(flip=0.5)
    window = Window.random((20, 30), given, np.random.default_rng(seed))
    inputs, label = cut(marked(), window, given)
    assert np.array_equal(np.rint(inputs[2] * 255), label)
    columns = np.rint(inputs[1, 0] * 255)
    assert np.all(np.diff(columns) == (-1 if window.mirrored else 1))


def test_enlarged_crops_keep_whole_labels_that_match_the_image():
    given = options(scale=(2.0, 2.0))
    image, label = marked()
    label = np.where(np.arange(30) < 15, 3, 5).astype(np.uint8) * np.ones((20, 1), dtype=np.uint8)
    image[..., 2] = label * 20
    inputs, targets = cut((image, label), Window.random((20, 30), given, np.random.default_rng(1)), given)
    assert inputs.shape == (3, 12, 16) and set(np.unique(targets)) <= {3, 5}
    off = np.abs(inputs[2] * 255 - targets * 20.0) > 1
    assert off.mean() < 0.15  # only the seam between the two is mixed


def test_colour_jitter_changes_the_image_and_not_its_label_nor_the_window(write_tree):
    root = write_tree()
    plain, changed = (
        loader(root, flip=0.5, scale=(0.5, 2.0), batch=4, colour_jitter=jitter).batch(0)
        for jitter in (None, {"brightness": 0.4, "contrast": 0.4, "saturation": 0.4})
    )
    assert np.array_equal(plain.targets, changed.targets) and plain.stems == changed.stems
    assert not np.array_equal(plain.inputs, changed.inputs)
    again = loader(root, flip=0.5, scale=(0.5, 2.0), batch=4, colour_jitter={"brightness": 0.4})
    assert np.array_equal(again.batch(3).inputs, again.batch(3).inputs)


def test_validation_frames_keep_their_colours(write_tree):
    root = write_tree()
    plain, changed = (loader(root, "val", colour_jitter=jitter).batch(0) for jitter in (None, {"brightness": 0.4}))
    assert np.array_equal(plain.inputs, changed.inputs)


def test_brightness_contrast_and_saturation_are_factors_of_what_they_name():
    image = np.array([[[10, 20, 30], [100, 100, 100]]], dtype=np.uint8)
    assert ColourJitter(brightness=1.5).applied(image).tolist() == [[[15, 30, 45], [150, 150, 150]]]
    # The greys are 18 and 100, their mean is 59.
    assert ColourJitter(contrast=0.0).applied(image).tolist() == [[[59] * 3] * 2]
    assert ColourJitter(saturation=0.0).applied(image).tolist() == [[[18] * 3, [100] * 3]]
    assert ColourJitter().applied(image).tolist() == image.tolist()
    assert ColourJitter(brightness=1.4, contrast=1.4).applied(np.full((2, 2, 3), 250, dtype=np.uint8)).max() == 255


def test_gamma_bends_the_picture_between_its_ends_as_frrns_training_does():
    image = np.array([[[0, 64, 255]]], dtype=np.uint8)
    assert ColourJitter(gamma=2.0).applied(image).tolist() == [[[0, 16, 255]]]
    drawn = [ColourJitter.random(ColourJitterOptions(gamma=0.05), np.random.default_rng(seed)) for seed in range(200)]
    most = np.log(0.5 + 0.05 / np.sqrt(2)) / np.log(0.5 - 0.05 / np.sqrt(2))
    gammas = [one.gamma for one in drawn]
    assert most <= min(gammas) < 0.88 and 1.14 < max(gammas) <= 1 / most
    assert {one.brightness for one in drawn} == {1.0}


def test_a_shifted_crop_mirrors_the_image_and_leaves_what_came_in_void():
    label = np.arange(12, dtype=np.uint8).reshape(3, 4)
    image = np.repeat(label[..., None], 3, axis=2)
    picture, targets = Shift(down=1, right=-2).applied(image, label)
    assert picture[..., 0].tolist() == [[6, 7, 6, 5], [2, 3, 2, 1], [6, 7, 6, 5]]
    assert targets.tolist() == [[255] * 4, [2, 3, 255, 255], [6, 7, 255, 255]]
    for down, right in ((-1, 2), (0, 0), (9, -9)):
        picture, targets = Shift(down, right).applied(image, label)
        known = targets != 255
        assert picture.shape == image.shape and np.array_equal(picture[known, 0], targets[known])


def test_shifts_are_drawn_up_to_their_bound_and_leave_windows_as_they_are(write_tree):
    shifts = [Shift.random(2, np.random.default_rng(seed)) for seed in range(200)]
    assert {shift.down for shift in shifts} == {shift.right for shift in shifts} == {-2, -1, 0, 1, 2}
    root = write_tree()
    plain, shifted = (loader(root, flip=0.5, batch=4, translate=translate).batch(0) for translate in (0, 3))
    assert plain.stems == shifted.stems and not np.array_equal(plain.targets, shifted.targets)
    known = (shifted.targets != 255).mean()
    assert known < 1


def test_factors_of_colour_jitter_fill_their_range():
    widths = ColourJitterOptions(brightness=0.4, saturation=0.1)
    drawn = [ColourJitter.random(widths, np.random.default_rng(seed)) for seed in range(200)]
    assert {one.contrast for one in drawn} == {1.0}
    for name, width in (("brightness", 0.4), ("saturation", 0.1)):
        factors = [getattr(one, name) for one in drawn]
        assert 1 - width <= min(factors) < 1 - 0.95 * width and 1 + 0.95 * width < max(factors) <= 1 + width


def test_small_frames_are_padded_with_the_mean_and_with_void():
    given = options(crop=(32, 40), mean=(0.2, 0.4, 0.6), std=(0.5, 0.5, 0.5))
    inputs, targets = cut(marked(), Window.central((20, 30), (32, 40)), given)
    assert (inputs[:, 20:] == 0).all() and (inputs[:, :, 30:] == 0).all()
    assert (targets[20:] == 255).all() and (targets[:, 30:] == 255).all()
    assert np.array_equal(targets[:20, :30], marked()[1])


def test_normalising_takes_off_the_mean_and_divides_by_the_deviation():
    image = np.full((1, 1, 3), 51, dtype=np.uint8)
    given = options(mean=(0.1, 0.2, 0.4), std=(0.1, 0.5, 2.0))
    assert normalised(image, given)[:, 0, 0] == pytest.approx([1.0, 0.0, -0.1], abs=1e-6)


def test_every_part_of_a_frame_is_reached():
    given = options()
    windows = [Window.random((20, 30), given, np.random.default_rng(seed)) for seed in range(300)]
    assert {window.top for window in windows} == set(range(9))
    assert {window.left for window in windows} == set(range(15))


def test_reducing_takes_the_mean_of_boxes_and_the_nearest_label(write_tree):
    root = write_tree(size=(24, 40))
    frame = find_frames(root, "train")[0]
    whole, whole_label = FrameStore("label_ids", 1, 0).load(frame)
    image, label = FrameStore("label_ids", 2, 0).load(frame)
    boxes = whole.reshape(12, 2, 20, 2, 3).mean((1, 3))
    assert np.abs(image - boxes).max() <= 0.5
    assert np.array_equal(label, whole_label[1::2, 1::2])


def test_sizes_that_do_not_divide_keep_image_and_label_equal(write_tree):
    frame = find_frames(write_tree(size=(28, 44)), "train")[0]
    image, label = FrameStore("label_ids", 3, 0).load(frame)
    assert image.shape[:2] == label.shape == (10, 15)


def test_the_store_keeps_no_more_than_its_room(write_tree):
    frames = find_frames(write_tree(), "train")
    one = 24 * 40 * 4
    store = FrameStore("label_ids", 1, 2 * one)
    first, second, third = (store.load(frame) for frame in frames[:3])
    assert store.load(frames[0]) is first and store.load(frames[1]) is second
    again = store.load(frames[2])
    assert again is not third and np.array_equal(again[0], third[0])


def test_a_file_that_breaks_during_a_run_is_named(write_tree):
    root = write_tree()
    frame = find_frames(root, "train")[0]
    frame.image.write_bytes(b"broken")
    with pytest.raises(DataError, match=r"aa_000000_000000_leftImg8bit.png"):
        FrameStore("label_ids", 1, 0).load(frame)


def test_batch_k_is_the_same_whatever_was_read_before(write_tree):
    root = write_tree()
    changes = {"scale": (0.5, 2.0), "flip": 0.5, "batch": 2}
    first = loader(root, **changes)
    whole = [first.batch(number) for number in range(12)]
    for number in (11, 3, 7):
        again = loader(root, kept=0, **changes).batch(number)
        assert again.stems == whole[number].stems
        assert np.array_equal(again.inputs, whole[number].inputs)
        assert np.array_equal(again.targets, whole[number].targets)


def test_an_epoch_holds_every_frame_once(write_tree):
    one = loader(write_tree(), batch=3)
    for epoch in range(3):
        stems = [stem for number in range(3) for stem in one.batch(3 * epoch + number).stems]
        assert len(set(stems)) == 9


def test_epochs_splits_and_seeds_have_orders_of_their_own(write_tree):
    root = write_tree()
    one = loader(root, batch=9)
    orders = [one.batch(0).stems, one.batch(1).stems, loader(root, batch=9, seed=1).batch(0).stems]
    orders.append(loader(root, "arch", batch=9).batch(0).stems)
    assert len(set(orders)) == 4


def test_batches_are_full_even_if_the_split_is_smaller(write_tree):
    one = loader(write_tree(), batch=20)
    assert one.epoch_steps == 1
    assert one.batch(0).inputs.shape[0] == 20


def test_the_paper_has_744_steps_in_an_epoch():
    assert CropLoader("weights", [None] * 1487, None, options(batch=2), 0).epoch_steps == 744


def test_val_is_read_in_order_and_as_it_is(write_tree):
    root = write_tree()
    one = loader(root, "val", batch=3, scale=(0.5, 2.0), flip=1.0)
    assert [*one.batch(0).stems, *one.batch(1).stems] == [frame.stem for frame in find_frames(root, "train")[:6]]
    assert np.array_equal(one.batch(0).inputs, one.batch(3).inputs)
