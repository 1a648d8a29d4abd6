"""The numbers of acceptance cases for `/metrics`; `gateway/cases/README.md` lists them."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class CaseMetrics:
    """Counters and gauges of cases, on the gateway's registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.open = Gauge("openhall_cases_open", "Acceptance cases that are open", registry=registry)
        self.at_risk = Gauge("openhall_cases_at_risk", "Of those, sampling at risk", registry=registry)
        self.judged = Counter("openhall_cases_judged", "Verdicts given", ["verdict"], registry=registry)
        self.packs = Counter("openhall_evidence_packs", "Raw packs kept as evidence", registry=registry)
        self.packs_expired = Counter(
            "openhall_evidence_packs_expired", "Raw packs deleted long after the last case of their branch",
            registry=registry,
        )  # fmt: skip
        self.past_asked = Counter(
            "openhall_evidence_past_asked",
            "Requests to agents for packs from before a case was opened",
            ["outcome"],
            registry=registry,
        )
        for outcome in ("asked", "refused"):
            self.past_asked.labels(outcome)
        self.failures = Counter(
            "openhall_cases_supervision_failures", "Rounds of supervision that store or state did not answer",
            registry=registry,
        )  # fmt: skip
