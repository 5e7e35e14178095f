"""Data read ahead, and the order of examples: batch k always the same, every pass over all of them."""

from itertools import count, islice

import pytest

from nasframe.errors import DataError
from nasframe.training.reading import BatchOrder, ahead


def test_a_pass_holds_every_example_once_though_batches_reach_over_its_end():
    order = BatchOrder("train", examples=7, batch=3, seed=0)
    seen = [index for number in range(7) for index in order.indexes(number)]
    assert order.epoch_steps == 3 and [sorted(seen[at : at + 7]) for at in (0, 7, 14)] == [list(range(7))] * 3
    assert seen[:7] != seen[7:14] and BatchOrder("train", 7, 3, 0).indexes(4) == seen[12:15]


def test_splits_and_seeds_have_orders_and_randomness_of_their_own():
    orders = [BatchOrder("train", 50, 50, 0), BatchOrder("weights", 50, 50, 0), BatchOrder("train", 50, 50, 1)]
    assert len({tuple(one.indexes(0)) for one in orders}) == 3
    drawn = [float(one.rng(*place).random()) for one in orders for place in ((0,), (1,), (0, 0))]
    assert len(set(drawn)) == 9 and float(orders[0].rng(1).random()) == drawn[1]


def test_val_is_read_in_its_order_again_and_again():
    assert BatchOrder("val", examples=4, batch=3, seed=0).indexes(1) == [3, 0, 1]


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_reading_ahead_keeps_the_order(workers):
    assert list(ahead(lambda number: number**2, range(20), workers)) == [number**2 for number in range(20)]


def test_reading_ahead_of_an_endless_stream_can_be_left():
    made = []
    stream = ahead(lambda number: made.append(number) or number, count(5), 2)
    assert list(islice(stream, 3)) == [5, 6, 7]
    stream.close()
    assert max(made) <= 12


def test_an_error_in_a_thread_comes_out_where_its_result_would():
    def make(number):
        if number == 2:
            raise DataError("frame 2")
        return number

    stream = ahead(make, range(9), 2)
    assert [next(stream), next(stream)] == [0, 1]
    with pytest.raises(DataError, match="frame 2"):
        next(stream)
