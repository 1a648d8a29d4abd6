"""The files of the demo's acceptance case: a plan of yesterday, what was measured then, and a laboratory's report.

All of it is made up, and marked so. The branch was renovated; its three rooms were closed for 26 hours before they were
sampled, so that radon's 24 hours are kept, too.
"""

import csv
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from typing import Any, Final

SITE: Final = "tianhe"
ROOMS: Final = {"hall": 60.0, "self-service": 22.0, "meeting-room": 18.0}
"""Area in m2; GB 50325-2020, 6.0.15 orders two points from 50 m2 on."""
LEVELS: Final = {
    "hall-hcho-1": ("hall", 61.0),
    "hall-hcho-2": ("hall", 66.0),
    "self-service-hcho": ("self-service", 52.0),
    "meeting-room-hcho": ("meeting-room", 78.0),
    "outdoor-hcho": ("outdoor", 7.0),
}
"""Formaldehyde by point, ug/m3: so near the limit of 80 that an SFA30 (20 ppb, 24.5 ug/m3) cannot decide."""
LABORATORY_MG_M3: Final = {
    "甲醛": 0.058, "氨": 0.06, "苯": 0.011, "甲苯": 0.034, "二甲苯": 0.028, "TVOC": 0.31,
}  # fmt: skip
RADON_BQ_M3: Final = 46
QUANTITIES: Final = (
    "hcho_ug_m3", "nh3_ug_m3", "benzene_ug_m3", "toluene_ug_m3", "xylene_ug_m3", "tvoc_ug_m3", "radon_bq_m3",
)  # fmt: skip
MINUTES: Final = 60


@dataclass(frozen=True, slots=True)
class Times:
    """When all of it was: sampled for an hour yesterday, works ended ten days before."""

    sampled: datetime

    @classmethod
    def before(cls, now: datetime) -> "Times":
        """For a demo that runs now, in the branch's own zone."""
        return cls((now - timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0))

    @property
    def completed(self) -> str:
        """The date the works ended."""
        return (self.sampled - timedelta(days=10)).date().isoformat()

    def window(self) -> dict[str, str]:
        """The window of sampling, as a plan has it."""
        return {"from": self.sampled.isoformat(), "to": (self.sampled + timedelta(minutes=MINUTES)).isoformat()}

    def closed(self) -> dict[str, str]:
        """From when to when the rooms were closed."""
        end = self.sampled + timedelta(minutes=MINUTES + 10)
        return {"from": (self.sampled - timedelta(hours=26)).isoformat(), "to": end.isoformat()}


def serial(point: str) -> str:
    """The serial of the sensor at a point."""
    return f"DEMO-SFA30-{list(LEVELS).index(point) + 1:02d}"


def plan(times: Times) -> dict[str, Any]:
    """The plan: a sensor at each point, and a laboratory's tubes beside it."""
    rooms = [
        {
            "name": room,
            "area_m2": area,
            "point": [
                entry
                for point, (own, _) in LEVELS.items()
                if own == room
                for entry in (_sensor(point, times), _laboratory(point, times, QUANTITIES))
            ],
        }
        for room, area in ROOMS.items()
    ]
    outdoor = [_sensor("outdoor-hcho", times), _laboratory("outdoor-hcho", times, QUANTITIES[:-1])]
    for entry in outdoor:
        del entry["closed"]
    return {"profile": "gb50325-2020-class2", "completed": times.completed, "room": rooms, "outdoor": outdoor}


def _sensor(point: str, times: Times) -> dict[str, Any]:
    return {
        "name": point, "instrument": "sfa30", "quantities": ["hcho_ug_m3"], "interval_s": 60,
        "closed": times.closed(), "sampled": times.window(),
    }  # fmt: skip


def _laboratory(point: str, times: Times, quantities: tuple[str, ...]) -> dict[str, Any]:
    return {
        "name": point, "instrument": "laboratory", "quantities": list(quantities), "closed": times.closed(),
        "sampled": times.window(),
    }  # fmt: skip


def recording(point: str, times: Times) -> str:
    """What the sensor at a point measured, a value a minute: the air of a closed room fills up slowly."""
    level, place = LEVELS[point][1], list(LEVELS).index(point)
    lines = ["time,hcho_ug_m3"]
    for minute in range(MINUTES):
        rising = 1.0 + 0.06 * (1 - math.exp(-minute / 20))
        wave = 1.1 * math.sin(minute * 0.9 + place) + 0.7 * math.sin(minute * 2.3 + 2 * place)
        lines.append(f"{(times.sampled + timedelta(minutes=minute)).isoformat()},{level * rising + wave:.1f}")
    return "\n".join(lines) + "\n"


def laboratory_file(times: Times) -> str:
    """The laboratory's report as it sends it: Chinese columns, mg/m3."""
    text = StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["检测机构", "资质编号", "检测方法", "采样时间", "样品编号", "房间", "测点", "检测项目", "检测结果", "单位"]
    )
    number = 0
    sampled = (times.sampled + timedelta(minutes=20)).isoformat()
    for place, (point, (room, _)) in enumerate(LEVELS.items()):
        rows = [(name, f"{value * (1 + 0.03 * place):.3f}", "mg/m3") for name, value in LABORATORY_MG_M3.items()]
        if room == "outdoor":
            rows = [(name, "<0.01", "mg/m3") for name in LABORATORY_MG_M3]
        else:
            rows.append(("氡", str(RADON_BQ_M3 + 3 * place), "Bq/m3"))
        for name, value, unit in rows:
            number += 1
            method = {"甲醛": "GB/T 18204.2 AHMT", "氨": "GB/T 18204.2", "氡": "GB 50325 6.0.6"}.get(
                name, "GB 50325 附录 D/E"
            )
            writer.writerow(
                [
                    "示例检测有限公司（虚构）",
                    "CMA 000000000000",
                    method,
                    sampled,
                    f"D-{number:03d}",
                    room,
                    point,
                    name,
                    value,
                    unit,
                ]
            )
    return text.getvalue()
