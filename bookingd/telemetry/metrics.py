"""What Prometheus is told, by its conventions: base units, `_total` for counters, few labels.

Its one rule: no label takes a value that a client chooses. A help text says what the number means and when
somebody should look. Looking a child up by its labels costs more than counting does: where it is done for
each message it is done through `functools.cache`, and the groups here offer their children that way.
"""

from functools import cache

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
)

from bookingd import __version__
from bookingd.telemetry.suppliers import CalendarMetrics, SupplierMetrics

LATENCY = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds, from a cached read to a slow gateway."""

QUICK = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
"""Seconds, for what is over in a millisecond on a good day."""


class BusMetrics:
    """What a transport tells of itself. Without a registry it is counted and not told."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.published = cache(
            Counter(
                "bookingd_bus_published_total",
                "Bundles given to the bus by kind: command or event. More than messages handled: some return",
                ["kind"],
                registry=registry,
            ).labels
        )
        """By kind."""
        self.returned = Counter(
            "bookingd_bus_returned_total",
            "Bundles that the broker did not take (returned, refused, connection lost before that); they"
            " stay in the outbox and are published again. Steady growth: a queue is missing or full",
            registry=registry,
        )
        self.confirm_seconds = Histogram(
            "bookingd_bus_confirm_seconds",
            "From publishing a bundle to the broker's confirmation. A growing tail: its disk is slow",
            buckets=LATENCY,
            registry=registry,
        )
        self.delivered = cache(
            Counter(
                "bookingd_bus_delivered_total",
                "Bundles that were delivered to an actor here",
                ["actor"],
                registry=registry,
            ).labels
        )
        """By actor."""
        self.redelivered = cache(
            Counter(
                "bookingd_bus_redelivered_total",
                "Of these, bundles that somebody had before and left unsettled: connections lost, processes"
                " killed. Growth without either: a message kills its process, look at the dead letters",
                ["actor"],
                registry=registry,
            ).labels
        )
        """By actor."""
        self.connected = Gauge(
            "bookingd_bus_connected",
            "1 while the bus carries messages, 0 while its broker is away and they wait in the outbox",
            registry=registry,
        )
        self.reconnects = Counter(
            "bookingd_bus_reconnects_total",
            "Times that the connection to the broker was lost and made again",
            registry=registry,
        )
        self.queries = cache(
            Counter(
                "bookingd_bus_queries_total",
                "Queries asked here by how they ended: answered, late (nobody answered in time), failed, left"
                " (the asker went away). Late ones: the actor is overloaded or does not run",
                ["query", "outcome"],
                registry=registry,
            ).labels
        )
        """By the query's name and outcome."""
        self.query_seconds = cache(
            Histogram(
                "bookingd_bus_query_seconds",
                "From asking a query to the last part of its answer",
                ["query"],
                buckets=LATENCY,
                registry=registry,
            ).labels
        )
        """By the query's name."""
        self.waiting = Gauge(
            "bookingd_bus_mailbox_bundles",
            "Bundles that wait in a mailbox for a consumer, over all processes. Growth: run more of it",
            ["actor", "lane"],
            registry=registry,
        )
        self.consumers = Gauge(
            "bookingd_bus_mailbox_consumers",
            "Consumers of a mailbox over all processes. 0: nobody runs this actor, and its messages wait",
            ["actor", "lane"],
            registry=registry,
        )


class PoolMetrics:
    """What the pool of database connections tells. Without a registry it is counted and not told."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.size = Gauge(
            "bookingd_database_pool_connections", "Connections to PostgreSQL that are open", registry=registry
        )
        self.idle = Gauge(
            "bookingd_database_pool_idle_connections",
            "Of these, connections that nobody uses just now",
            registry=registry,
        )
        self.waiting = Gauge(
            "bookingd_database_pool_waiting",
            "Tasks that want a connection and have none yet. Often above 0: raise database.pool_maximum",
            registry=registry,
        )
        self.acquire_seconds = Histogram(
            "bookingd_database_pool_acquire_seconds",
            "How long a task waited for a connection of the pool",
            buckets=QUICK,
            registry=registry,
        )
        self.failures = Counter(
            "bookingd_database_pool_failures_total",
            "Times that no connection was to be had: PostgreSQL away, or all in use for too long",
            registry=registry,
        )


class CacheMetrics:
    """What the cache tells. Without a registry it is counted and not told."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        asked = Counter(
            "bookingd_cache_requests_total",
            "Look-ups in the cache by where the value was: near (this process's memory), redis, or miss; and"
            " elsewhere: of the misses, those that another process was making already",
            ["found"],
            registry=registry,
        )
        self.near = asked.labels("near")
        self.redis = asked.labels("redis")
        self.miss = asked.labels("miss")
        self.elsewhere = asked.labels("elsewhere")
        self.errors = Counter(
            "bookingd_redis_errors_total",
            "Calls of Redis that failed or took too long; each is followed by a pause without Redis."
            " Bookings go on; searches are slower",
            registry=registry,
        )


class ThrottleMetrics:
    """What slowing down guessers tells. Without a registry it is counted and not told."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.held = Counter(
            "bookingd_throttled_total",
            "Passwords and codes that were not looked at, since they came too early after wrong ones. Growth:"
            " somebody guesses",
            registry=registry,
        )


class BrakeMetrics:
    """What the brake on card testing tells. Without a registry it is counted and not told."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.refused = cache(
            Counter(
                "bookingd_payment_attempts_refused_total",
                "Attempts to pay that were refused, since too many had come to nothing, by what counted them:"
                " network, booking, account, card. Growth: somebody tries out stolen cards",
                ["gate"],
                registry=registry,
            ).labels
        )
        """By gate."""


class PasswordMetrics:
    """What looking at passwords tells. Without a registry it is counted and not told."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.waiting = Gauge(
            "bookingd_passwords_waiting",
            "Passwords that are being looked at or wait for that. Often above 50: sign-ins take seconds; give"
            " them more processors, or run more processes that serve HTTP",
            registry=registry,
        )
        self.turned_away = Counter(
            "bookingd_passwords_turned_away_total",
            "Passwords that were not looked at, since too many waited: 503, come again. Growth: a rush, or an"
            " attack from many networks",
            registry=registry,
        )


class PictureMetrics:
    """What serving pictures tells. Without a registry it is counted and not told."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.served = cache(
            Counter(
                "bookingd_pictures_total",
                "Pictures that were asked for by what became of it: kept (was on disk), made, unknown, away"
                " (503: come again). Many away: raise pictures.workers, or look at"
                " bookingd_picture_fetches_total",
                ["outcome"],
                registry=registry,
            ).labels
        )
        """By outcome."""
        self.fetched = cache(
            Counter(
                "bookingd_picture_fetches_total",
                "Pictures that were fetched from their hosts by what became of it: done, failed (tried again"
                " later), refused (never again)",
                ["outcome"],
                registry=registry,
            ).labels
        )
        """By outcome."""
        self.making = cache(
            Histogram(
                "bookingd_picture_making_seconds",
                "What a worker needs for one picture in all widths: Draw, TakeIn (foreign bytes), Size",
                ["job"],
                buckets=LATENCY,
                registry=registry,
            ).labels
        )
        """By job."""
        self.waiting = Gauge(
            "bookingd_pictures_waiting",
            "Pictures that are being made or wait for that. Often above 20: raise pictures.workers",
            registry=registry,
        )
        self.turned_away = Counter(
            "bookingd_pictures_turned_away_total",
            "Pictures that were not made, since too many waited",
            registry=registry,
        )
        self.workers_lost = Counter(
            "bookingd_picture_workers_lost_total",
            "Workers that died or had to be killed over a picture. More than a few: somebody sends bad ones",
            registry=registry,
        )
        self.cache_bytes = Gauge(
            "bookingd_picture_cache_bytes",
            "Bytes of pictures kept on this host's disk, as of the last look",
            registry=registry,
        )
        self.cache_failures = Counter(
            "bookingd_picture_cache_failures_total",
            "Times that the disk took or gave no picture; it was made anew. Growth: look at paths.var",
            registry=registry,
        )


class ExchangeMetrics:
    """What selling in other currencies tells. Without a registry it is counted and not told."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.age = Gauge(
            "bookingd_exchange_rates_age_days",
            "Business days since the newest exchange rates; NaN where there are none, or nothing is sold in"
            " other currencies. Above the limit nothing is sold in them: bookingd rates import",
            registry=registry,
        )
        self.limit = Gauge(
            "bookingd_exchange_rates_age_limit_days",
            "How many business days old exchange rates may be (exchange.maximum_age_business_days)",
            registry=registry,
        )
        self.refused = cache(
            Counter(
                "bookingd_exchange_refused_total",
                "What was not sold in another currency for want of a rate, by where (search, offer, booking)"
                " and reason (missing, too_old). Growth: bookingd rates import",
                ["where", "reason"],
                registry=registry,
            ).labels
        )
        """By where and reason."""


class LogMetrics:
    """What becomes of log records. Without a registry it is counted and not told."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.dropped = Counter(
            "bookingd_log_records_dropped_total",
            "Log records that Logstash did not get, since it was slow or away. Standard error has them all",
            registry=registry,
        )
        self.failures = Counter(
            "bookingd_logstash_failures_total",
            "Times that Logstash could not be reached, or took nothing for too long",
            registry=registry,
        )


class Metrics:
    """One set of metrics for a process, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        Info("bookingd_build", "Which release this process runs", registry=registry).info(
            {"version": __version__}
        )
        self.bus = BusMetrics(registry)
        self.pool = PoolMetrics(registry)
        self.cache = CacheMetrics(registry)
        self.throttle = ThrottleMetrics(registry)
        self.brake = BrakeMetrics(registry)
        self.passwords = PasswordMetrics(registry)
        self.pictures = PictureMetrics(registry)
        self.exchange = ExchangeMetrics(registry)
        self.log = LogMetrics(registry)
        self.suppliers = SupplierMetrics(registry)
        self.calendars = CalendarMetrics(registry)
        self.messages = Counter(
            "bookingd_messages_total",
            "Messages by what became of them: done, early (comes again), retried (the other side was away),"
            " busy (is being handled elsewhere: comes again), refused (by the other side), suspected (a"
            " process died while handling it: comes again), dead (somebody has to look), late and failed"
            " (queries)",
            ["actor", "message", "outcome"],
            registry=registry,
        )
        self.handling = Histogram(
            "bookingd_message_seconds",
            "From delivery to settling",
            ["actor", "message"],
            buckets=LATENCY,
            registry=registry,
        )
        self.in_flight = Gauge(
            "bookingd_messages_in_flight",
            "Messages delivered to an actor and not settled. High for long: what it calls is slow",
            ["actor"],
            registry=registry,
        )
        self.batch = Histogram(
            "bookingd_batch_messages",
            "Messages decided in one transaction. Near 64: the actor has all that it can do",
            ["actor"],
            buckets=(1, 2, 4, 8, 16, 32, 64),
            registry=registry,
        )
        self.requests = Histogram(
            "bookingd_http_request_seconds",
            "HTTP requests from head to answer, without WebSockets",
            ["method", "route", "status"],
            buckets=LATENCY,
            registry=registry,
        )
        self.requests_in_flight = Gauge(
            "bookingd_http_requests_in_flight",
            "HTTP requests that are being answered, without WebSockets",
            registry=registry,
        )
        self.request_bytes = Counter(
            "bookingd_http_request_bytes_total", "Bytes of bodies that were read", registry=registry
        )
        self.response_bytes = Counter(
            "bookingd_http_response_bytes_total", "Bytes of bodies that were answered", registry=registry
        )
        self.sign_ins = Counter(
            "bookingd_sign_ins_total",
            "Tries to sign in by what was shown (password, second_factor, passkey) and what became of them:"
            " done, second_factor_needed (the password was right), failed. Many failed: somebody guesses",
            ["shown", "outcome"],
            registry=registry,
        )
        self.sessions_replayed = Counter(
            "bookingd_sessions_replayed_total",
            "Sessions that were ended since a refresh token was shown a second time; their owners are told."
            " More than a few: tokens are being stolen, or a client of yours keeps old ones",
            registry=registry,
        )
        self.searches_refused = cache(
            Counter(
                "bookingd_searches_refused_total",
                "Searches that were not made, since their client had spent what it may, counted by account or"
                " by network. Growth: somebody reads out our offers, or search.budget is too small for an"
                " office behind one address",
                ["counted_by"],
                registry=registry,
            ).labels
        )
        """By what the client was counted by."""
        self.api_keys_refused = Counter(
            "bookingd_api_keys_refused_total",
            "Requests with an API key that is none of ours, or is over. Growth: a partner's program has to be"
            " told, or somebody has found an old key",
            registry=registry,
        )
        self.booking_access = Counter(
            "bookingd_booking_access_total",
            "Guests who come back by a booking's reference and address: asked (for a code), opened, failed (a"
            " code that was not right), throttled (not looked at). Many failed: somebody guesses",
            ["outcome"],
            registry=registry,
        )
        self.webhooks_refused = Counter(
            "bookingd_webhooks_refused_total",
            "Webhooks that were not taken, by gateway and reason: bad_signature, too_old, foreign_account,"
            " unreadable, too_large, not_now (sent again). Growth: a secret was changed on one side only, or"
            " somebody tries",
            ["gateway", "reason"],
            registry=registry,
        )
        self.sockets = Gauge("bookingd_live_connections", "Open WebSockets", registry=registry)
        self.ready = Gauge(
            "bookingd_ready",
            "1 while this process may be sent work, else 0; /readyz says why",
            registry=registry,
        )
        self.outbox_lag = Gauge(
            "bookingd_outbox_lag_seconds",
            "Age of the oldest message that is due and not delivered, over all processes. Above 60:"
            " the broker, or an actor in the process of its sender, is stuck",
            registry=registry,
        )
        self.outbox_due = Gauge(
            "bookingd_outbox_due_bundles",
            "Bundles in the outbox that are due and not delivered, over all processes",
            registry=registry,
        )
        self.dead_letters = Gauge(
            "bookingd_dead_letters", "Dead letters that wait for an operator", registry=registry
        )
        self.attention = Gauge(
            "bookingd_attention_open",
            "Open entries on the list of what waits for an operator",
            registry=registry,
        )
        self.reconciliation_age = Gauge(
            "bookingd_reconciliation_age_seconds",
            "Age of the last comparison of our books with the gateways'; 0 before the first one",
            registry=registry,
        )
        self.reconciliation_findings = Gauge(
            "bookingd_reconciliation_findings",
            "What differed when our books were last compared with the gateways', by kind",
            ["kind"],
            registry=registry,
        )
        self.reconciliation_unasked = Gauge(
            "bookingd_reconciliation_gateways_unasked",
            "Gateways that could not be asked for their books at the last comparison",
            registry=registry,
        )
        self.disputes_open = Gauge(
            "bookingd_disputes_open", "Disputes that the gateways have not decided", registry=registry
        )
        self.dispute_answer_due = Gauge(
            "bookingd_dispute_answer_due_timestamp_seconds",
            "Until when the most urgent dispute can be answered (Unix time); 0 where none waits for us",
            registry=registry,
        )
        self.audit_lag = Gauge(
            "bookingd_audit_unchained_seconds",
            "Age of the oldest audit entry that is not in the chain; told by who runs the audit actor",
            registry=registry,
        )
        self.mail_repeats = Counter(
            "bookingd_mail_repeats_total",
            "Mails sent again under the same Message-ID since the first outcome was unknown",
            registry=registry,
        )
        self.loop_lag = Histogram(
            "bookingd_event_loop_lag_seconds",
            "How much later than asked for the event loop came back to a sleeper. Above 0.1: something"
            " computes for too long, or this host lacks processors",
            buckets=QUICK,
            registry=registry,
        )
