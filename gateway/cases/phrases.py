"""What endangers a sampling, in words for people, in English and Chinese."""

from typing import Final

from gateway.acceptance import phrases
from gateway.acceptance.words import Language
from gateway.cases.words import Phase, Risk

RISKS: Final = {
    Risk.WINDOW_VOID: (
        "{room}: the closure was broken while sampling ({detail}); this window counts for nothing, sample again",
        "{room}：采样期间封闭被破坏（{detail}），本时段作废，请重新采样",
    ),
    Risk.CLOSURE_BROKEN: (
        "{room}: not closed as ordered ({detail}); close it, the hours count anew from then",
        "{room}：未按规定封闭（{detail}），请关闭；封闭时间从关闭时重新计算",
    ),
    Risk.CLOSURE_TOO_LATE: (
        "{room}: closed too late for the planned sampling; sampling may begin at {detail}",
        "{room}：封闭开始过晚，最早可采样时间为 {detail}",
    ),
    Risk.CLOCK_RESTARTED: (
        "{room}: the closure was broken and began anew; sampling may begin at {detail}",
        "{room}：封闭曾中断并重新计时，最早可采样时间为 {detail}",
    ),
    Risk.COMPLETENESS_LOST: (
        "{room}, {point}: too many readings are missing ({detail}); this window can no longer be complete",
        "{room} {point}：缺失读数过多（{detail}），本时段已无法达到完整率要求",
    ),
    Risk.COMPLETENESS_FALLING: (
        "{room}, {point}: readings are missing ({detail} so far, 75 % are needed)",
        "{room} {point}：读数缺失（目前 {detail}，要求不低于 75 %）",
    ),
    Risk.SILENT: (
        "{room}, {point}: no reading for {detail}; look at the sensor and its connection",
        "{room} {point}：已 {detail} 无读数，请检查传感器及其连接",
    ),
    Risk.INSTRUMENT_NOT_VALID: (
        "{room}, {point}: the instrument may not decide ({detail}); register or calibrate it, or take another",
        "{room} {point}：该仪器不得用于判定（{detail}），请登记、校准或更换",
    ),
    Risk.INSTRUMENT_CHANGED: (
        "{room}, {point}: the instrument was changed while sampling ({detail})",
        "{room} {point}：采样期间更换了仪器（{detail}）",
    ),
    Risk.SIMULATED: (
        "{room}, {point}: the readings are simulated and decide nothing",
        "{room} {point}：读数为模拟值，不得用于判定",
    ),
    Risk.CONTACT_UNHEARD: (
        "{room}: no contact tells of: {detail}; the plan's own words count for it",
        "{room}：以下项目没有传感器监视：{detail}；以计划记载为准",
    ),
    Risk.AIR_CHANGES_TOO_FAST: (
        "{room}: CO2 falls as if something stood open ({detail} air changes an hour)",
        "{room}：CO₂ 下降过快（每小时换气 {detail} 次），可能有门窗未关",
    ),
}
KINDS: Final = {
    "door": ("door", "门"),
    "window": ("window", "窗"),
    "fresh-air": ("fresh air", "新风"),
    "purifier": ("purifier", "净化器"),
    "ventilation": ("ventilation", "通风系统"),
}
PHASES: Final = {
    Phase.PLANNED: ("planned", "已计划"),
    Phase.CLOSING: ("rooms are being closed", "封闭中"),
    Phase.SAMPLING: ("sampling", "采样中"),
    Phase.SAMPLED: ("sampled, to be judged", "采样完成，待判定"),
    Phase.JUDGED: ("judged", "已判定"),
    Phase.CLOSED: ("closed", "已结案"),
}


def risk_words(risk: str, room: str, point: str, detail: str, language: Language) -> str:
    """What endangers a sampling, and what to do."""
    if risk == Risk.CONTACT_UNHEARD:
        kinds = [phrases.pick(KINDS.get(kind, (kind, kind)), language) for kind in detail.split(", ")]
        detail = phrases.pick((", ", "、"), language).join(kinds)
    pair = RISKS.get(Risk(risk), ("{detail}", "{detail}"))
    return phrases.pick(pair, language).format(room=room, point=point, detail=detail)
