"""The counts as Prometheus reads them."""

from prometheus_client import CollectorRegistry, generate_latest

from gateway.auth.model import ViolationReason
from gateway.endpoint.metrics import EndpointCollector, EndpointCounts
from gateway.session.metrics import SessionCollector, SessionCounts


def test_counts_are_read_when_prometheus_asks() -> None:
    registry = CollectorRegistry()
    counts, session = EndpointCounts(), SessionCounts()
    registry.register(EndpointCollector(lambda: counts))
    registry.register(SessionCollector(lambda: session))

    counts.publishes_qos1 += 3
    counts.violations[ViolationReason.FOREIGN_TOPIC] += 2
    session.received += 5

    page = generate_latest(registry).decode()
    assert 'gateway_endpoint_publishes_total{qos="1"} 3.0' in page
    assert 'gateway_endpoint_violations_total{reason="foreign_topic"} 2.0' in page
    assert 'gateway_endpoint_violations_total{reason="oversize"} 0.0' in page
    assert "gateway_session_received_total 5.0" in page
