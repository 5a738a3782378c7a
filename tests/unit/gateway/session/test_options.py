"""The url of a broker, the filters, and the delays between attempts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.session.backoff import full_jitter
from gateway.session.options import BrokerUrlInvalid, SessionOptions


def test_url_gives_host_port_and_credentials() -> None:
    options = SessionOptions.of_url("mqtt://city:p%40ss@broker.example:1884", client_id="gw-0")

    assert (options.host, options.port, options.user_name, options.password, options.tls) == (
        "broker.example",
        1884,
        "city",
        "p@ss",
        None,
    )


def test_url_of_tls_has_its_own_port_and_context() -> None:
    options = SessionOptions.of_url("mqtts://broker.example", client_id="gw-0")

    assert options.port == 8883
    assert options.tls is not None


@pytest.mark.parametrize(
    "url", ["http://broker", "mqtt://", "mqtt://broker:99999", "mqtt://broker/topic", "broker:1883"]
)
def test_wrong_url_is_refused_without_repeating_its_secret(url: str) -> None:
    with pytest.raises(BrokerUrlInvalid):
        SessionOptions.of_url(url, client_id="gw-0")


def test_events_are_shared_and_state_is_not() -> None:
    assert SessionOptions(host="b", version_5=True, share="gateways").filters == (
        "$share/gateways//sys/+/+/thing/event/+/post",
        "$share/gateways//sys/+/+/thing/event/+/+/post",
        "/sys/+/+/state",
    )


def test_sharing_needs_version_5() -> None:
    with pytest.raises(ValueError, match="MQTT 5"):
        SessionOptions(host="b", share="gateways")


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_delay_lies_between_nothing_and_the_doubled_bound(attempt: int, part: float) -> None:
    delay_s = full_jitter(attempt, first_s=0.5, max_s=30, uniform=lambda low, high: low + part * (high - low))

    assert 0 <= delay_s <= min(30, 0.5 * 2 ** min(attempt - 1, 10))
