"""Images that are in two parts by their content."""

from nasframe.files.repeats import remarks_on_repeats, repeats


def test_pairs_are_named_by_their_parts_and_the_first_of_equal_images_counts():
    digests = {"train": {"a": "1", "b": "1", "c": "2"}, "val": {"d": "1", "e": "3"}, "holdout": {"f": "3", "g": "4"}}
    assert repeats(digests) == {("train", "val"): [("d", "a")], ("val", "holdout"): [("f", "e")]}


def test_each_pair_of_parts_gets_a_sentence():
    assert remarks_on_repeats({"train": {"a": "1"}, "val": {"b": "2"}}) == []
    (remark,) = remarks_on_repeats({"train": {"a": "1", "c": "2"}, "val": {"b": "1", "d": "2"}}, "pixel for pixel")
    assert remark.startswith("2 images of val can be found in train too, pixel for pixel, so that a score on val is")
    assert remark.endswith("b is a, d is c. Remove them from one of the two")
