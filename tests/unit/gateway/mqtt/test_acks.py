"""Acknowledgements keep the order of receipt."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.mqtt.acks import AckOrder


@given(st.lists(st.integers(1, 4), max_size=30), st.randoms(use_true_random=False))
def test_packet_ids_leave_in_order_of_receipt_once_each(packet_ids: list[int], shuffle: object) -> None:
    order = AckOrder()
    tokens = [order.take(packet_id) for packet_id in packet_ids]
    shuffle.shuffle(tokens)  # type: ignore[attr-defined]

    released = [packet_id for token in tokens for packet_id in order.release([token])]

    assert released == packet_ids
    assert len(order) == 0


def test_nothing_leaves_before_its_predecessor() -> None:
    order = AckOrder()
    for packet_id in (11, 12, 13):
        order.take(packet_id)

    assert order.release([2, 3]) == []
    assert len(order) == 3
    assert order.release([1]) == [11, 12, 13]


def test_unknown_and_repeated_tokens_change_nothing() -> None:
    order = AckOrder()
    order.take(11)

    assert order.release([0, 7, 2]) == []
    assert order.release([1, 1]) == [11]
    assert order.release([1]) == []
