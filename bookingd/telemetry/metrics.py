"""What Prometheus is told, by its conventions: base units, `_total` for counters, few labels."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

LATENCY = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds, from a cached read to a slow gateway."""


class Metrics:
    """One set of metrics for a process, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.messages = Counter(
            "bookingd_messages_total",
            "Messages by what became of them: done, early, retried, refused, dead, late, failed",
            ["actor", "message", "outcome"],
            registry=self.registry,
        )
        self.handling = Histogram(
            "bookingd_message_seconds",
            "From delivery to settling",
            ["actor", "message"],
            buckets=LATENCY,
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "bookingd_messages_in_flight",
            "Messages delivered to an actor and not settled",
            ["actor"],
            registry=self.registry,
        )
        self.batch = Histogram(
            "bookingd_batch_messages",
            "Messages decided in one transaction",
            ["actor"],
            buckets=(1, 2, 4, 8, 16, 32, 64),
            registry=self.registry,
        )
        self.requests = Histogram(
            "bookingd_http_request_seconds",
            "HTTP requests from head to answer",
            ["method", "route", "status"],
            buckets=LATENCY,
            registry=self.registry,
        )
        self.sockets = Gauge("bookingd_live_connections", "Open WebSockets", registry=self.registry)
        self.outbox_lag = Gauge(
            "bookingd_outbox_lag_seconds",
            "Age of the oldest message that is due and not delivered",
            registry=self.registry,
        )
        self.audit_lag = Gauge(
            "bookingd_audit_unchained_seconds",
            "Age of the oldest audit entry that is not in the chain",
            registry=self.registry,
        )
        self.mail_repeats = Counter(
            "bookingd_mail_repeats_total",
            "Mails sent again under the same Message-ID since the first outcome was unknown",
            registry=self.registry,
        )
