"""`make demo-case ARGS=--live`: a closure and a sampling of now, watched by the contact on the door.

By a standard of the demo's own, since nobody waits an hour in front of a screen: closed for half a minute, sampled for
half a minute, formaldehyde alone. Somebody opens the door meanwhile; the case says so, its clock begins anew, the plan
is moved.
"""

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from deploy.demo_talk import Talk, WentWrongError, say

SITE: Final = "xidan"
ROOM: Final = "hall"
POINT: Final = "hall-hcho"
DOOR: Final = "front-door"
CHINA: Final = timezone(timedelta(hours=8))
CLOSED_S: Final = 30.0
SPARE_S: Final = 20.0
"""At most, between the closure that is ordered and the sampling that is planned."""
WAIT_S: Final = 60.0


def profile(closed_s: float) -> str:
    """The demo's own standard."""
    return f"""\
name = "demo-quick"
title_en = "Quick demonstration, no standard: formaldehyde, closed for {closed_s:g} s"
title_zh = "快速演示（非标准）：甲醛，封闭 {closed_s:g} 秒"
source = "the demo"
[sampling]
rooms_at_least = 1
height_m = [0.8, 1.5]
source = "the demo"
[closure]
natural_h = {closed_s / 3600!r}
natural_keep = {{ door = "closed" }}
[[row]]
quantity = "hcho_ug_m3"
max = 80
instruments = ["laboratory", "sensor"]
source = "the demo; the figure is that of GB 55016-2021 for class II"
"""


class Closure:
    """One case that is watched while it runs."""

    def __init__(self, talk: Talk, *, closed_s: float) -> None:
        self._talk = talk
        self._closed_s = closed_s
        self._ahead_s = closed_s + min(SPARE_S, closed_s)
        self._id = ""

    def run(self) -> None:
        """All steps.

        Raises:
            WentWrongError: If one does not do what it should.
        """
        self._door("closed")
        self._open()
        self._door("open")
        self._until(self._is_at_risk, "the open door was not noticed")
        for risk in self._case()["at_risk"]:
            say(f"  at risk: {risk['message']}")
        self._door("closed")
        self._until(lambda case: self._closure(case)["kept_since"] is not None, "the closed door was not noticed")
        self._replan()
        within_s = self._ahead_s + WAIT_S
        self._until(lambda case: case["phase"] == "sampling", "sampling did not begin", within_s)
        say("sampling runs; the door stays closed")
        self._until(lambda case: case["phase"] == "sampled", "sampling did not end", within_s)
        self._judge()

    def _open(self) -> None:
        body = {
            "site": SITE, "title": "封闭演示 / a closure, watched", "profile_toml": profile(self._closed_s),
            "plan": self._plan(),
        }  # fmt: skip
        self._id = self._talk.post("cases", body)["id"]
        say(f"case {self._id} of {SITE}, closed for {self._closed_s:g} s; on the board: {self._talk.page(self._id)}")
        self._until(lambda case: bool(self._serial(case)), "the agent did not say which sensor stands there")
        calibration = {"done": "2026-01-01", "due": "2099-12-31", "certificate": "DEMO", "calibrated_by": "the demo"}
        serial = self._serial(self._case())
        instrument = {"serial": serial, "part": "sfa30", "owner": "facilities", "calibrations": [calibration]}
        self._talk.post("instruments", instrument, known=409)
        say(f"the sensor there is {serial}, in the register with its calibration")

    def _plan(self) -> dict[str, Any]:
        """Sampled as long as closed, from when the closure may be over; works ended long ago."""
        now = datetime.now(CHINA).replace(microsecond=0)  # noqa: TID251
        begin = now + timedelta(seconds=self._ahead_s)
        end = begin + timedelta(seconds=max(self._closed_s, 15.0))
        point = {
            "name": POINT, "instrument": "sfa30", "quantities": ["hcho_ug_m3"], "interval_s": 5,
            "closed": {"from": now.isoformat(), "to": end.isoformat()},
            "sampled": {"from": begin.isoformat(), "to": end.isoformat()},
        }  # fmt: skip
        room = {"name": ROOM, "area_m2": 40, "point": [point]}
        return {"completed": (now - timedelta(days=20)).date().isoformat(), "room": [room]}

    def _replan(self) -> None:
        self._talk.post(f"cases/{self._id}/plan", {"plan": self._plan(), "why": "the door was opened"})
        say(f"the hours count anew; sampling now begins in {self._ahead_s:g} s")

    def _judge(self) -> None:
        said = self._talk.post(f"cases/{self._id}/judge", {})["judgements"][-1]
        path = f"cases/{self._id}/report.pdf?judgement={said['number']}&lang=both"
        report = self._talk.save(f"report-{self._id}-closure.pdf", path)
        say(f"judged: {said['verdict'].upper()} ({said['basis']}); the report with the closure log: {report}")
        if said["verdict"] != "pass":
            raise WentWrongError(f"the verdict is {said['verdict']}, expected was pass; see {report}")

    def _door(self, state: str) -> None:
        config = self._talk.agent_config(SITE)
        self._talk.program("openhall-agent", "press", DOOR, state, "--config", config)
        say(f"the front door is {state}")

    def _case(self) -> Any:
        return json.loads(self._talk.get(f"cases/{self._id}"))

    @staticmethod
    def _serial(case: Any) -> str:
        return str(case["rooms"][0]["points"][0]["serial"])

    @staticmethod
    def _closure(case: Any) -> Any:
        return case["rooms"][0]["closure"]

    @staticmethod
    def _is_at_risk(case: Any) -> bool:
        return any(risk["risk"] in ("closure-broken", "window-void") for risk in case["at_risk"])

    def _until(self, holds: Callable[[Any], bool], otherwise: str, within_s: float = WAIT_S) -> None:
        deadline = time.monotonic() + within_s
        while not holds(case := self._case()):
            if time.monotonic() > deadline:
                raise WentWrongError(f"{otherwise} within {within_s:g} s: phase {case['phase']}, {case['at_risk']}")
            time.sleep(0.5)
