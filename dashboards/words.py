"""What the dashboards say, in English and Chinese."""

from typing import Final, Literal

Language = Literal["en", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "title": ("OpenHall: air of one branch", "OpenHall:网点空气"),
    "description": (
        "Every quantity that the branch measures, with its limit. Doubtful values are drawn apart, as points.",
        "网点传感器测得的全部空气指标及其限值;存疑读数以散点单独显示。",
    ),
    "branch": ("Branch", "网点"),
    "quantity": ("Quantity for completeness", "完整率指标"),
    "now": ("Now", "当前"),
    "comfort": ("Carbon dioxide and comfort", "二氧化碳与舒适度"),
    "particles": ("Particles", "颗粒物"),
    "gases": ("Gases", "气体污染物"),
    "more": ("Light, sound, people", "光照、噪声与人员"),
    "data": ("Is the data complete?", "数据是否完整"),
    "suspect": ("doubtful", "存疑"),
    "limit": ("Limit", "限值"),
    "no_limit": ("No limit is drawn for this quantity.", "该指标未绘制限值。"),
    "index": (
        "An index that adapts to its surroundings: good for trends, never to be held against a limit in mg/m³.",
        "该指数会随环境自适应,只适合看趋势,不可与 mg/m³ 限值比较。",
    ),
    "completeness": ("Minutes with a value, per hour", "每小时有数据的分钟比例"),
    "completeness_note": (
        "100 % means a value in every minute. A sensor with a period over one minute stays below; the hour that has "
        "just begun fills up.",
        "100% 表示每分钟都有读数。采样间隔大于一分钟的传感器达不到 100%;刚开始的一小时会逐渐补满。",
    ),
    "backlog": ("Readings waiting in the branch", "网点待上传数据包"),
    "backlog_note": (
        "Packs that the branch still keeps because no receipt has come. It rises while a line is down and falls to "
        "about zero afterwards; nothing is lost meanwhile.",
        "网点因未收到回执而保留的数据包。线路中断时上升,恢复后回落到接近零;期间数据不会丢失。",
    ),
    "alerts_title": ("OpenHall: alerts", "OpenHall:报警"),
    "alerts_description": (
        "What rose, what was taken and what ended, from the measurement alert; one point is one change of state.",
        "报警的产生、处理与结束,来自 alert 数据;每个点是一次状态变化。",
    ),
    "alerts_counts": ("How many", "数量"),
    "alerts_count_note": (
        "Changes into this state within the time shown, not what is open now: that is on the board.",
        "所选时间内进入该状态的次数,并非当前未关闭的数量;当前状态请看看板。",
    ),
    "alerts_unacknowledged": ("Risen", "产生"),
    "alerts_acknowledged": ("Taken by somebody", "有人处理"),
    "alerts_returned_unacknowledged": ("Over, nobody had it", "恢复但无人处理"),
    "alerts_shelved": ("Put aside", "搁置"),
    "alerts_suppressed": ("Held back", "抑制"),
    "alerts_normal": ("Ended", "结束"),
    "alerts_risen": ("Alarms that rose, per hour and severity", "每小时产生的报警(按级别)"),
    "alerts_risen_note": (
        "Ten an hour for one person are more than they can answer well (ISA-18.2, IEC 62682).",
        "每人每小时超过约十条即难以妥善应对(ISA-18.2、IEC 62682)。",
    ),
    "alerts_by_rule": ("Risen, by rule", "产生次数(按规则)"),
    "alerts_by_site": ("Risen, by branch", "产生次数(按网点)"),
    "alerts_changes": ("The newest changes", "最近变化"),
    "alerts_changes_note": ("At most 200, the newest first.", "最多 200 条,最新的在前。"),
    "below": ("at most", "不高于"),
}


def word(key: str, language: Language) -> str:
    """The word in the language."""
    english, chinese = _WORDS[key]
    return english if language == "en" else chinese
