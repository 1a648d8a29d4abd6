"""`/healthz`, `/readyz` and `/metrics`: for load balancers, operators and Prometheus."""

import msgspec
from litestar import Controller, Response, get
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from gateway.board.problems import MEDIA_TYPE
from gateway.board.sources import Parts


class Ready(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether the gateway does all of its work; where not, also a problem (RFC 9457).

    Attributes:
        ready: False: it answers 503.
        gateway: Its id.
        regions: Whose agents it hears.
        now: Its clock, Unix seconds.
        reasons: Why it is not ready.
        warnings: What somebody should look into although it works.
        parts: The parts that the reasons, then the warnings, are about, in the same order.
    """

    ready: bool
    gateway: str
    regions: list[str]
    now: float
    reasons: list[str]
    warnings: list[str]
    parts: list[str]
    type: str | None = None
    title: str | None = None
    status: int | None = None
    detail: str | None = None


class Health(Controller):
    """What stands outside `/api/v1`."""

    path = "/"
    include_in_schema = False

    @get("/healthz", sync_to_thread=False)
    def healthz(self) -> dict[str, str]:
        """The process lives and answers."""
        return {"status": "alive"}

    @get("/readyz", sync_to_thread=True)
    def readyz(self, sources: Parts) -> Response[Ready]:
        """Store, broker and state do their work; 503 with the reasons where one does not."""
        found = sources.readiness()
        reasons = [one.text for one in found.reasons]
        ready = not reasons
        body = Ready(
            ready=ready,
            gateway=sources.gateway,
            regions=list(sources.regions),
            now=round(sources.clock.now(), 3),
            reasons=reasons,
            warnings=[one.text for one in found.warnings],
            parts=[one.part for one in (*found.reasons, *found.warnings)],
            type=None if ready else "about:blank",
            title=None if ready else "Service Unavailable",
            status=None if ready else 503,
            detail=None if ready else "; ".join(reasons),
        )
        return Response(body, status_code=200 if ready else 503, media_type="application/json" if ready else MEDIA_TYPE)

    @get("/metrics", sync_to_thread=True)
    def metrics(self, sources: Parts) -> Response[bytes]:
        """Every number of the gateway, in the text format of Prometheus."""
        return Response(generate_latest(sources.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
