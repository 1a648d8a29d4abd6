"""The words of an alarm's history, in English and Chinese: what changed, what was told, how far it came."""

from types import MappingProxyType
from typing import Final

from gateway.alerts.outbox import Stage
from gateway.alerts.phrases import Pair
from gateway.alerts.words import Reason, Tell

REASONS: Final = MappingProxyType(
    {
        Reason.RAISED: Pair("It began", "报警产生"),
        Reason.RAISED_AGAIN: Pair("It began again", "再次报警"),
        Reason.CALLED_AGAIN: Pair("It began again after it was taken", "处理后再次报警"),
        Reason.MISSED_CALL: Pair("A call came in late; it was over already", "收到迟到的呼叫，当时已结束"),
        Reason.RAISED_IN_SILENCE: Pair("It began while alarms are held back here", "在抑制期间产生"),
        Reason.RAISED_ON_THE_SHELF: Pair("It began again while put aside", "搁置期间再次产生"),
        Reason.RETURNED: Pair("It was over; nobody had taken it", "已恢复，但尚无人确认"),
        Reason.RETURNED_IN_SILENCE: Pair("It was over", "抑制或搁置期间已恢复"),
        Reason.CLOSED: Pair("It ended", "报警结束"),
        Reason.ACKNOWLEDGED: Pair("Somebody took it", "有人确认并处理"),
        Reason.SHELVED: Pair("It was put aside", "已搁置"),
        Reason.SHELF_ENDED: Pair("It was no longer put aside", "搁置结束"),
        Reason.SUPPRESSED: Pair("It was held back", "已抑制"),
        Reason.TAKEN_OUT_OF_SERVICE: Pair("What it is about was taken out of service", "对象已停用"),
        Reason.RELEASED: Pair("It was no longer held back", "抑制结束"),
        Reason.ESCALATED: Pair("Nobody answered: more people were told", "无人应答，已通知更多人"),
        Reason.GONE: Pair("What it is about is no longer there", "对象已移除"),
        Reason.EXPIRED: Pair("It was over for long and ended by itself", "恢复已久，自动结束"),
        Reason.NOTHING_CHANGES: Pair("Nothing changed", "无变化"),
        Reason.ALREADY_ACKNOWLEDGED: Pair("Somebody had it already", "已有人处理"),
        Reason.IS_CLOSED: Pair("It had ended already", "此前已结束"),
        Reason.EMERGENCIES_ARE_NOT_SILENCED: Pair("A call for help is never put aside", "求助呼叫不可搁置"),
    }
)

TELLS: Final = MappingProxyType(
    {
        Tell.RISE: Pair("that it began", "报警产生"),
        Tell.MISSED: Pair("of the missed call", "错过的呼叫"),
        Tell.CLEAR: Pair("that it is over", "已恢复"),
        Tell.TAKEN: Pair("that somebody has it", "已有人处理"),
        Tell.REPORT: Pair("that its report is due", "应及时上报"),
    }
)

STAGES: Final = MappingProxyType(
    {
        Stage.WAITING: Pair("not sent yet", "尚未发送"),
        Stage.SENT: Pair("sent: the service took it", "已发送（服务已接收）"),
        Stage.DELIVERED: Pair("delivered to the person", "已送达本人"),
        Stage.READ: Pair("read or answered", "已读或已应答"),
        Stage.FAILED: Pair("could not be sent", "发送失败"),
        Stage.CANCELLED: Pair("called off before it was sent", "发送前已取消"),
    }
)
