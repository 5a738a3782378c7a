"""What the intake counts for Prometheus; never touched once a message, only once a batch."""

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_COMMIT_BUCKETS_S: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_SIZE_BUCKETS: Final = (1, 5, 20, 50, 100, 200, 500, 1000, 2000)


class IntakeMetrics:
    """The metrics of one intake in a registry of its own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry: Final = registry or CollectorRegistry()
        self.messages: Final = Counter(
            "gateway_intake_messages_total",
            "Messages by product and what became of them",
            ["product", "outcome"],
            registry=self.registry,
        )
        self.received: Final = Counter(
            "gateway_intake_received_total", "Messages decoded, by product", ["product"], registry=self.registry
        )
        self.batch_messages: Final = Histogram(
            "gateway_intake_batch_messages", "Messages a batch", buckets=_SIZE_BUCKETS, registry=self.registry
        )
        self.commit_s: Final = Histogram(
            "gateway_intake_commit_seconds",
            "From BEGIN to the answer to COMMIT",
            buckets=_COMMIT_BUCKETS_S,
            registry=self.registry,
        )
        self.failures: Final = Counter(
            "gateway_intake_failures_total", "Failed transactions by meaning", ["failure"], registry=self.registry
        )
        self.holding: Final = Gauge(
            "gateway_intake_holding", "1 while a batch is held because the database is away", registry=self.registry
        )
        self.life_safety: Final = Counter(
            "gateway_intake_life_safety_alarms_total",
            "Events that had to sound although they could not be stored in time",
            ["kind"],
            registry=self.registry,
        )
        self._waiting = Gauge("gateway_intake_waiting_messages", "Taken and not acknowledged", registry=self.registry)
        self._oldest_s = Gauge(
            "gateway_intake_oldest_unacknowledged_seconds", "Age of the oldest of them", registry=self.registry
        )

    def watch(self, waiting: Callable[[], float], oldest_s: Callable[[], float]) -> None:
        """Ask these at each scrape."""
        self._waiting.set_function(waiting)
        self._oldest_s.set_function(oldest_s)
