"""The words of outcomes and reasons as people read them, in English and Chinese."""

from typing import Final

from gateway.acceptance.words import Basis, Language, Outcome, Reason
from telemetry.quantities import QUANTITIES

_OUTCOMES: Final = {
    Outcome.PASS: ("PASS", "合格"),
    Outcome.FAIL: ("FAIL", "不合格"),
    Outcome.INDETERMINATE: ("INDETERMINATE", "无法判定"),
    Outcome.NEVER_MEASURED: ("never measured", "未测量"),
    Outcome.NOT_DUE: ("NOT DUE", "未到检测时间"),
}
_BASES: Final = {
    Basis.SCREENING: ("screening by sensors, no laboratory result", "传感器筛查，非实验室结果"),
    Basis.LABORATORY: ("accredited laboratory", "有资质实验室检测"),
}
_REASONS: Final = {
    Reason.NOT_DUE: (
        "sampled too soon after the works ended: wait and sample again",
        "完工后等待时间不足：请到期后重新采样",
    ),
    Reason.ABOVE_LIMIT: ("above the limit, the error allowed for", "计入误差后仍高于限值"),
    Reason.BELOW_LIMIT: ("below the limit, the error allowed for", "计入误差后仍低于限值"),
    Reason.NOTHING_TO_DECIDE: ("no verified limit was judged", "没有可据以判定的已核实限值"),
    Reason.TOO_FEW_ROOMS: ("fewer rooms were sampled than ordered", "抽检房间数少于规定"),
    Reason.NEVER_MEASURED: ("there is no reading of it", "没有任何读数"),
    Reason.INCOMPLETE: ("less than 75 % of the planned readings are there", "有效读数不足计划的 75 %"),
    Reason.TOO_FEW_POINTS: ("fewer points than the room's area orders", "测点数少于按面积规定的数量"),
    Reason.CLOSURE_TOO_SHORT: ("the room was not closed as long as ordered", "封闭时间短于规定"),
    Reason.WINDOW_TOO_SHORT: ("the window is shorter than the averaging time allows", "采样时段短于平均时间的要求"),
    Reason.INSTRUMENT_MAY_NOT_DECIDE: (
        "this instrument may not decide it: take a laboratory's",
        "该仪器不得用于判定：请送实验室检测",
    ),
    Reason.SEASON_NOT_GIVEN: ("the limit depends on the season: give it in the plan", "限值与季节有关：请在计划中注明"),
    Reason.WITHIN_UNCERTAINTY: (
        "too near the limit for this instrument: take a laboratory sample",
        "距限值过近，仪器无法判定：请送实验室采样检测",
    ),
    Reason.OUTDOOR_NOT_MEASURED: ("the outdoor air was not measured at the same time", "未同步测量室外空气"),
    Reason.OVER_RANGE: ("readings above the instrument's range count as its top", "超量程读数按量程上限计"),
    Reason.UNVERIFIED: ("for information only: the limit is not verified", "仅供参考：限值未经核实"),
}


def pick(pair: tuple[str, str], language: Language) -> str:
    """The English or Chinese one of a pair."""
    return pair[1] if language is Language.CHINESE else pair[0]


def outcome(word: Outcome, language: Language) -> str:
    """An outcome as people read it."""
    return pick(_OUTCOMES[word], language)


def basis(word: Basis, language: Language) -> str:
    """A basis as people read it."""
    return pick(_BASES[word], language)


def reason(word: Reason, language: Language) -> str:
    """A reason, with what to do where there is something."""
    return pick(_REASONS[word], language)


def quantity(name: str, language: Language) -> str:
    """A quantity's title."""
    row = QUANTITIES[name]
    return pick((row.title_en, row.title_zh), language)
