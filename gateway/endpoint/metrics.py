"""Counts of the front door: plain integers on the hot path, read by Prometheus when it asks."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.auth.model import ViolationReason
from gateway.endpoint.downlink import Outcome
from gateway.intake.model import PresenceCause


@dataclass(slots=True)
class EndpointCounts:
    connections: int = 0  # open now, with those that have not said CONNECT
    devices: int = 0  # connected now
    connects: int = 0
    publishes_qos0: int = 0
    publishes_qos1: int = 0
    acknowledged: int = 0
    wills: int = 0
    forgotten: int = (
        0  # held while the intake was full, never acknowledged, lost with their connection: devices re-send
    )
    held_bytes: int = 0
    unread: int = 0  # connections that are not read now
    violations: Counter[ViolationReason] = field(default_factory=Counter)
    downlinks: Counter[Outcome] = field(default_factory=Counter)
    ends: Counter[PresenceCause] = field(default_factory=Counter)

    @property
    def publishes(self) -> int:
        return self.publishes_qos0 + self.publishes_qos1


class EndpointCollector(Collector):
    """Give `register` of a Prometheus registry one of these per endpoint."""

    def __init__(self, counts: Callable[[], EndpointCounts]) -> None:
        self._counts = counts

    def collect(self) -> Iterable[Metric]:
        counts = self._counts()
        for name, text, value in (
            ("connections", "Open connections", counts.connections),
            ("devices", "Connected devices", counts.devices),
            ("held_bytes", "Bytes of messages that wait for a full intake", counts.held_bytes),
            ("paused", "Connections that are not read just now", counts.unread),
        ):
            yield GaugeMetricFamily(f"gateway_endpoint_{name}", text, value)
        for name, text, value in (
            ("connects", "Accepted CONNECTs", counts.connects),
            ("pubacks", "Messages acknowledged after their commit", counts.acknowledged),
            ("wills", "Wills spoken for devices whose connection broke", counts.wills),
            (
                "forgotten",
                "Messages lost unacknowledged with their connection while the intake was full",
                counts.forgotten,
            ),
        ):
            yield CounterMetricFamily(f"gateway_endpoint_{name}", text, value)
        yield _labelled(
            "publishes", "Messages received", "qos", {"0": counts.publishes_qos0, "1": counts.publishes_qos1}
        )
        yield _labelled(
            "violations",
            "What was refused, never acknowledged",
            "reason",
            _by_value(ViolationReason, counts.violations),
        )
        yield _labelled("downlinks", "Messages to devices", "outcome", _by_value(Outcome, counts.downlinks))
        yield _labelled(
            "disconnects",
            "Ended connections of devices",
            "cause",
            {cause.value: counts.ends[cause] for cause in counts.ends},
        )


def _labelled(name: str, text: str, label: str, values: dict[str, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(f"gateway_endpoint_{name}", text, labels=[label])
    for value, count in values.items():
        family.add_metric([value], count)
    return family


def _by_value(enum: Iterable[StrEnum], counted: Counter[Any]) -> dict[str, int]:
    return {str(member): counted[member] for member in enum}
