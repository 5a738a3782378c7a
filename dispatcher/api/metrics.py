"""What the process counts for Prometheus: requests, latencies, log-ins, watchers. No person in it."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """One registry a process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "api_requests_total", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self.latency_s = Histogram(
            "api_request_seconds", "Time to answer.", ("route",), buckets=_BUCKETS_S, registry=self.registry
        )
        self.log_ins = Counter("api_log_ins_total", "Attempts to log in.", ("outcome",), registry=self.registry)
        self.watchers = Gauge("api_stream_watchers", "Open live streams.", registry=self.registry)
        self.watchers_dropped = Counter(
            "api_stream_watchers_dropped_total", "Streams closed by us.", ("reason",), registry=self.registry
        )
        self.stream_position = Gauge("api_stream_position", "Last row read of the stream.", registry=self.registry)

    def rendered(self) -> bytes:
        return generate_latest(self.registry)
