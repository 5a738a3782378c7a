"""Guessing is slowed down per account and address, failures only, in bounded memory."""

import pytest

from dispatcher.accounts.attempts import PER_ACCOUNT, PER_ADDRESS, WINDOW_S, AttemptLimiter
from dispatcher.accounts.errors import TooManyAttempts


def test_account_is_slowed_down_after_its_failures_and_free_again_later() -> None:
    limiter = AttemptLimiter()
    for second in range(PER_ACCOUNT):
        limiter.begin("a", f"10.0.0.{second}", float(second))
    with pytest.raises(TooManyAttempts) as refused:
        limiter.begin("a", "10.0.0.9", 10.0)
    assert refused.value.retry_after_s == WINDOW_S - 10
    limiter.begin("b", "10.0.0.9", 10.0)
    limiter.begin("a", "10.0.0.9", WINDOW_S)


def test_address_is_slowed_down_over_all_accounts() -> None:
    limiter = AttemptLimiter()
    for number in range(PER_ADDRESS):
        limiter.begin(f"user{number}", "10.0.0.1", 0.0)
    with pytest.raises(TooManyAttempts):
        limiter.begin("another", "10.0.0.1", 1.0)


def test_success_is_not_counted() -> None:
    limiter = AttemptLimiter()
    for _ in range(10 * PER_ADDRESS):
        limiter.begin("a", "10.0.0.1", 0.0)
        limiter.succeeded("a", "10.0.0.1")


def test_ten_thousand_guesses_are_evaluated_a_few_times_a_minute() -> None:
    limiter = AttemptLimiter()
    evaluated = 0
    for attempt in range(10_000):
        try:
            limiter.begin("a", "10.0.0.1", attempt * 0.01)
        except TooManyAttempts:
            continue
        evaluated += 1
    assert evaluated <= 60


def test_memory_is_bounded() -> None:
    limiter = AttemptLimiter(keys_max=100)
    for number in range(1000):
        limiter.begin(f"user{number}", f"10.0.{number // 250}.{number % 250}", 0.0)
    assert len(limiter._failed_at) <= 100
