"""What the configuration says of acceptance cases: `[acceptance]`."""

from typing import Annotated

import msgspec
from msgspec import Meta


class AcceptanceConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Acceptance cases.

    Attributes:
        allow_simulated: Let simulated readings decide. For the demo only: no verdict on them is worth anything.
        supervise_every_s: How often running samplings are looked at.
        keep_packs_days: How long raw packs are kept after the last case of their branch has ended; a legal hold keeps
            them longer.
        outdoor_co2_ppm: What the excess of CO2 is counted from where the plan has no outdoor point that measures it.
        closed_room_changes_per_h: Air changes an hour that a closed room does not exceed; more is a risk.
        packs_at_most: In one bundle of evidence.
        cases_open_at_most: Open at the same time.
    """

    allow_simulated: bool = False
    supervise_every_s: Annotated[float, Meta(gt=0, le=3_600)] = 10.0
    keep_packs_days: Annotated[float, Meta(ge=1, le=36_500)] = 3_650.0
    outdoor_co2_ppm: Annotated[float, Meta(ge=300, le=1_000)] = 420.0
    closed_room_changes_per_h: Annotated[float, Meta(gt=0, le=20)] = 2.0
    packs_at_most: Annotated[int, Meta(ge=1_000, le=2_000_000)] = 300_000
    cases_open_at_most: Annotated[int, Meta(ge=1, le=100_000)] = 2_000
