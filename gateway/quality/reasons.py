"""Why the gateway doubts a sensor, and what somebody should do about it."""

from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple


class Reason(StrEnum):
    """What is wrong with a run of readings."""

    RANGE = "range"
    STEP = "step"
    FLATLINE = "flatline"
    STUCK_AT_ZERO = "stuck-at-zero"
    SILENT = "silent"
    DRIFT = "drift"
    DISAGREEMENT = "disagreement"


class Advice(NamedTuple):
    """What to do, in both languages."""

    en: str
    zh: str


ADVICE: Final = MappingProxyType(
    {
        Reason.RANGE: Advice(
            "The value is one that no inhabited room has: check wiring and supply, then replace the sensor.",
            "数值超出有人房间可能出现的范围：先检查接线和供电，再更换传感器。",
        ),
        Reason.STEP: Advice(
            "The value jumped further than air can change in that time: look for a loose plug, "
            "or somebody breathing on the sensor.",
            "数值跳变超过空气可能的变化速度：检查接头是否松动，或是否有人对着传感器呼气。",
        ),
        Reason.FLATLINE: Advice(
            "The value has not moved for longer than air stands still: switch the sensor off and on, "
            "and replace it if it stays so.",
            "数值长时间完全不变：请断电重启传感器，若仍不变则更换。",
        ),
        Reason.STUCK_AT_ZERO: Advice(
            "The value stays at exactly zero: the cell is probably dead or its fan blocked; replace the sensor.",
            "数值一直为零：测量单元可能损坏或风扇堵塞，请更换传感器。",
        ),
        Reason.SILENT: Advice(
            "No reading came although the branch should send them: check power, plug and bus of the sensor.",
            "应有读数却没有收到：检查传感器的供电、插头和总线。",
        ),
        Reason.DRIFT: Advice(
            "For a week the sensor has shown less CO2 than outdoor air holds: "
            "calibrate it in fresh air, or replace it.",
            "一周以来二氧化碳读数低于室外空气的含量：请在新鲜空气中校准，或更换传感器。",
        ),
        Reason.DISAGREEMENT: Advice(
            "Two sensors in this room differ by more than both their stated errors: "
            "hold a third one beside them, and calibrate the one that is wrong.",
            "同一房间的两个传感器相差超过两者标称误差之和：请用第三个传感器比对，并校准有误的一个。",
        ),
    }
)
