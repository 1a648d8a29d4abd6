"""The numbers of the gateway's bus, for `/metrics`."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class BusMetrics:
    """Counters of one bus on one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.connected = Gauge(
            "openhall_bus_connected", "1 while the broker carries our messages, else 0", registry=registry
        )
        self.connects = Counter("openhall_bus_connects", "Connections made to the broker", registry=registry)
        self.received = Counter("openhall_bus_messages_received", "Messages taken from the broker", registry=registry)
        self.dropped = Counter(
            "openhall_bus_messages_dropped",
            "Messages not sent (unsendable, offline, full), not taken in (fault) or not readable (malformed)",
            ["reason"],
            registry=registry,
        )
