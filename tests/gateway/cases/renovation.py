"""A branch after a renovation: its plan, sensors and laboratory, spoken to over HTTP on a clock that tests move."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from telemetry.messages import PointInfo
from telemetry.readings import Flag
from tests.fakes import FakeClock
from tests.gateway.board.branches import Branches

CHINA = timezone(timedelta(hours=8))
SERIALS = {"hall-hcho": "SFA-1", "out-hcho": "SFA-2"}
POINTS = [
    PointInfo(point="hall-hcho", room="hall", part="sfa30", serial="SFA-1", period_s=60, quantities=["hcho_ug_m3"]),
    PointInfo(point="out-hcho", room="yard", part="sfa30", serial="SFA-2", period_s=60, quantities=["hcho_ug_m3"]),
]
CALIBRATION = {"done": "2026-06-01", "due": "2027-06-01", "certificate": "C-1", "calibrated_by": "NIM"}
LABORATORY = "laboratory"
OTHERS = ("nh3_ug_m3", "benzene_ug_m3", "toluene_ug_m3", "xylene_ug_m3", "tvoc_ug_m3", "radon_bq_m3")


def moment(time_s: float) -> str:
    """A time as a plan has it."""
    return datetime.fromtimestamp(time_s, UTC).astimezone(CHINA).isoformat()


class Renovation:
    """One case of one branch; every method does what a person or an agent would do."""

    def __init__(self, branches: Branches) -> None:
        self.branches = branches
        self.client = branches.client()
        clock = branches.clock
        assert isinstance(clock, FakeClock)
        self.clock = clock
        self.begin = clock.now() + 2 * 3600
        """Sampling is planned from two hours ahead, for an hour."""

    # -- what is asked of the gateway ----------------------------------------------------------------------------------

    def post(self, path: str, body: Any, status: int = 200) -> Any:
        answer = self.client.post(f"/api/v1/{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def get(self, path: str, status: int = 200) -> Any:
        answer = self.client.get(f"/api/v1/{path}")
        assert answer.status_code == status, answer.text
        return answer.json()

    def plan(self, **words: Any) -> dict[str, Any]:
        """One room of 40 m2 with a sensor and a laboratory, and one outdoor point of each."""
        return {
            "profile": "gb50325-2020-class2",
            "completed": datetime.fromtimestamp(self.begin - 10 * 86_400, CHINA).date().isoformat(),
            "room": [
                {
                    "name": "hall",
                    "area_m2": 40,
                    "point": [self.point("hall-hcho", "sfa30"), self.point("hall-hcho", LABORATORY)],
                }
            ],
            "outdoor": [self.point("out-hcho", "sfa30"), self.point("out-hcho", LABORATORY)],
            **words,
        }

    def point(self, name: str, instrument: str, **words: Any) -> dict[str, Any]:
        window = {"from": moment(self.begin), "to": moment(self.begin + 3600)}
        more: dict[str, Any] = {} if instrument == LABORATORY else {"interval_s": 60, "quantities": ["hcho_ug_m3"]}
        # Radon wants a day; a laboratory's canister stands that long in a room that is closed that long.
        closed = {"from": moment(self.begin - 25 * 3600), "to": moment(self.begin + 3600)}
        return {"name": name, "instrument": instrument, "sampled": window, "closed": closed, **more, **words}

    def open(self, plan: dict[str, Any] | None = None, **words: Any) -> str:
        body = {"site": "xidan", "title": "Hall 2026", "plan": plan or self.plan(), "by": "Wang", **words}
        return str(self.post("cases", body, status=201)["id"])

    def register(self, serials: Sequence[str] = ("SFA-1", "SFA-2")) -> None:
        for serial in serials:
            self.post("instruments", {
                "serial": serial, "part": "sfa30", "owner": "Bank", "calibrations": [CALIBRATION], "by": "Li",
            })  # fmt: skip

    # -- what agents do ------------------------------------------------------------------------------------------------

    def present(self, points: Sequence[PointInfo] = POINTS) -> None:
        self.branches.present(points)

    def sample(self, indoor: float, outdoor: float = 5.0, *, minutes: int = 60, simulated: bool = False) -> None:
        """Go on through the window; a value a minute at each point comes in one pack, as after a lost connection."""
        self.until(self.begin + 3600)
        times = [round(self.begin * 1000) + 60_000 * minute for minute in range(minutes)]
        flags = {"hcho_ug_m3": (Flag.SIMULATED,)} if simulated else {}
        self.branches.air({time: {"hcho_ug_m3": indoor} for time in times}, point="hall-hcho", flags=flags)
        outdoors = {time: {"hcho_ug_m3": outdoor} for time in times}
        self.branches.air(outdoors, point="out-hcho", room="yard", flags=flags)

    def door(self, state: str) -> None:
        self.branches.door(working=True, state=state, room="hall")

    def until(self, time_s: float) -> None:
        if self.clock.now() < time_s:
            self.clock.advance(time_s - self.clock.now())

    # -- what the laboratory does --------------------------------------------------------------------------------------

    def value(self, quantity: str, value: float | str, *, room: str = "hall", **words: Any) -> dict[str, Any]:
        point = "hall-hcho" if room == "hall" else "out-hcho"
        return {
            "laboratory": "City Laboratory", "accreditation": "CMA 1", "method": "GB/T 18204.2", "room": room,
            "sampled": moment(self.begin + 60), "sample": f"S-{room}-{quantity}", "point": point,
            "quantity": quantity, "value": value, **words,
        }  # fmt: skip

    def whole_report(self, hcho: float = 60.0) -> list[dict[str, Any]]:
        """A value of each of the seven quantities indoors; outdoors little of all but radon."""
        inside = [self.value("hcho_ug_m3", hcho), *(self.value(name, 20) for name in OTHERS)]
        outside = [self.value(name, 2, room="outdoor") for name in ("hcho_ug_m3", *OTHERS[:-1])]
        return inside + outside
