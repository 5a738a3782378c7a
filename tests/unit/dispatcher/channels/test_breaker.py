"""A receiver that keeps failing is left alone for a while, then tried by one attempt at a time."""

from dispatcher.channels.breaker import OPEN_MAX_S, OPEN_S, OPENS_AFTER, Breaker

EACH = 4


def test_lane_that_never_failed_has_all_its_room() -> None:
    assert Breaker().room("sms", EACH, 0.0) == EACH


def test_lane_in_doubt_is_tried_by_one_at_a_time() -> None:
    breaker = Breaker()
    assert not breaker.failed("sms", 0.0)
    assert breaker.room("sms", EACH, 0.0) == 1
    assert breaker.room("voice", EACH, 0.0) == EACH


def test_fifth_failure_opens_the_lane_and_one_more_keeps_it_open_longer() -> None:
    breaker = Breaker()
    opened = [breaker.failed("sms", 0.0) for _ in range(OPENS_AFTER)]
    assert opened == [False] * (OPENS_AFTER - 1) + [True]
    assert breaker.room("sms", EACH, OPEN_S - 1) == 0
    assert breaker.room("sms", EACH, OPEN_S) == 1
    assert breaker.failed("sms", OPEN_S)
    assert breaker.is_open("sms", OPEN_S + 2 * OPEN_S - 1)
    assert not breaker.is_open("sms", OPEN_S + 2 * OPEN_S)


def test_lane_is_never_left_alone_for_longer_than_five_minutes() -> None:
    breaker = Breaker()
    for _ in range(100):
        breaker.failed("sms", 0.0)
    assert not breaker.is_open("sms", OPEN_MAX_S)


def test_success_closes_the_lane_and_forgets() -> None:
    breaker = Breaker()
    for _ in range(OPENS_AFTER):
        breaker.failed("sms", 0.0)
    breaker.worked("sms")
    assert breaker.room("sms", EACH, 0.0) == EACH
    assert breaker.troubled == frozenset()


def test_receiver_that_names_a_time_is_left_alone_until_then() -> None:
    breaker = Breaker()
    assert breaker.failed("sms", 100.0, retry_after_s=7.0)
    assert breaker.room("sms", EACH, 106.9) == 0
    assert breaker.room("sms", EACH, 107.0) == 1
