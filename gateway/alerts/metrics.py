"""The numbers of the alert engine, for `/metrics`."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class AlertMetrics:
    """Counters and gauges on one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.open = Gauge(
            "openhall_alerts_open", "Alarms that have not ended", ["severity", "state"], registry=registry
        )
        self.changes = Counter("openhall_alert_changes", "Changes of alarms, by reason", ["reason"], registry=registry)
        self.refused = Counter(
            "openhall_alerts_refused", "Alarms not raised because too many are open", registry=registry
        )
        self.unheard = Counter(
            "openhall_alerts_unheard", "Steps of escalation that had nobody to tell", registry=registry
        )
        self.conditions = Gauge(
            "openhall_alert_conditions", "What is beyond a limit, alarms and not yet alarms", registry=registry
        )
        self.notices = Counter(
            "openhall_notices", "Messages by channel: told, failed, refused", ["channel", "outcome"], registry=registry
        )
        self.waiting = Gauge("openhall_notices_waiting", "Notices that wait to be told", registry=registry)
        self.hopeless = Counter(
            "openhall_notices_hopeless", "Messages for which no channel was left", registry=registry
        )
        self.standing = Gauge("openhall_alerts_standing", "Alarms that last and are not held back", registry=registry)
        self.stale = Gauge("openhall_alerts_stale", "Those of them that last for more than a day", registry=registry)
        self.chattering = Gauge(
            "openhall_alerts_chattering",
            "Causes that rose three times within an hour, in the last day",
            registry=registry,
        )
        self.floods = Gauge("openhall_alert_floods", "Floods of one responder in the last day", registry=registry)
        self.per_hour = Gauge(
            "openhall_alerts_per_responder_hour",
            "Alarms that one responder was told of in an hour, over the last day",
            ["responder"],
            registry=registry,
        )
        self.incidents = Gauge(
            "openhall_incidents", "Incidents of this month by how they are reported", ["standing"], registry=registry
        )
        self.acknowledge_s = Histogram(
            "openhall_alert_acknowledge_seconds",
            "From the rise of an alarm to its acknowledgement",
            buckets=(30, 60, 120, 300, 600, 1_800, 3_600, 14_400, 86_400),
            registry=registry,
        )
        self.clear_s = Histogram(
            "openhall_alert_clear_seconds",
            "From the rise of an alarm to the return to normal",
            buckets=(60, 300, 900, 1_800, 3_600, 14_400, 86_400, 604_800),
            registry=registry,
        )
