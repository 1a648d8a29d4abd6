"""The words for people, in English and Chinese: what happened, and what to do now."""

from types import MappingProxyType
from typing import Final, NamedTuple

from gateway.alerts.words import Severity, Tell, When

ENGLISH: Final = "en"
CHINESE: Final = "zh-CN"


class Pair(NamedTuple):
    """The same in both languages."""

    en: str
    zh: str

    def in_language(self, language: str) -> str:
        """In one of them; English unless it is Chinese."""
        return self.zh if language == CHINESE else self.en


SEVERITIES: Final = MappingProxyType(
    {
        Severity.INFO: Pair("Note", "提示"),
        Severity.WARNING: Pair("Warning", "警告"),
        Severity.CRITICAL: Pair("Serious", "严重"),
        Severity.EMERGENCY: Pair("EMERGENCY", "紧急"),
    }
)

TELLS: Final = MappingProxyType(
    {
        Tell.CLEAR: Pair("Over", "已恢复"),
        Tell.TAKEN: Pair("Somebody has it", "已有人处理"),
        Tell.MISSED: Pair("Missed call", "错过的呼叫"),
        Tell.REPORT: Pair("Report is due", "请及时上报"),
    }
)

WHAT: Final = MappingProxyType(
    {
        When.CALL: Pair("Somebody calls for help", "有人呼叫求助"),
        When.NO_DATA: Pair("The sensor sends nothing", "传感器没有数据"),
        When.SENSOR_FAULT: Pair("The sensor is faulty", "传感器故障"),
        When.FACILITY: Pair("Out of order", "设施故障"),
        When.AGENT_DARK: Pair("A device of the branch cannot be reached", "网点的一台设备失联"),
        When.BRANCH_DARK: Pair("The branch cannot be reached", "网点失联"),
        When.REGION_DARK: Pair("Many branches of the region cannot be reached", "本地区多个网点失联"),
        When.HEALTH: Pair("A device of the branch needs care", "网点设备需要维护"),
        When.OPENING_HOURS: Pair("The branch is not open", "网点未按时营业"),
        When.CERTIFICATE: Pair("A certificate runs out", "证书即将到期"),
        When.SAMPLING: Pair("An air acceptance sampling is at risk", "空气验收采样存在风险"),
    }
)
"""What happened, for what has no quantity of its own."""

HEALTH_NUMBERS: Final = MappingProxyType(
    {
        "cpu_c": (Pair("Processor temperature of the device", "设备处理器温度"), "°C"),
        "memory_mb": (Pair("Memory in use on the device", "设备内存占用"), "MB"),
        "disk_free_mb": (Pair("Free disk space of the device", "设备剩余磁盘空间"), "MB"),
        "journal_packs": (Pair("Messages of the device without a receipt", "设备未获回执的消息数"), ""),
        "reconnects": (Pair("Number of reconnections of the device", "设备重连次数"), ""),
    }
)
"""What an agent's own numbers are, and their units."""

NO_TIME: Final = Pair("The device has no reliable time", "设备没有可靠时间")
NO_TIME_NUMBER: Final = "clock_ok"

TOO_HIGH: Final = Pair("{quantity} too high", "{quantity}过高")
TOO_LOW: Final = Pair("{quantity} too low", "{quantity}过低")
CHANGED: Final = Pair("{quantity} changes fast", "{quantity}变化过快")
OUT_OF_ORDER: Final = Pair("Out of order: {kind}", "设施故障：{kind}")
WET: Final = Pair("The floor is wet", "地面有水")

AIR_ADVICE: Final = Pair(
    "Open doors and windows or turn the fresh air up. If it stays for half an hour, call the property manager.",
    "请开窗开门或加大新风。半小时内仍不下降，请联系物业。",
)
SOURCE_ADVICE: Final = Pair(
    "Open doors and windows, and look for what gives it off: new furniture, paint, cleaning agents. "
    "Do not let people stay long.",
    "请开窗通风，查找来源（新家具、涂料、清洁剂），不要让人久留。",
)

ADVICE: Final = MappingProxyType(
    {
        "co2_ppm": AIR_ADVICE,
        "co_ug_m3": Pair(
            "Get everybody out into the open air now, put out anything that burns, and call 119.",
            "立即让所有人到室外，关闭一切燃烧设备，并拨打 119。",
        ),
        "pm2_5_ug_m3": Pair(
            "Close the windows if the air outside is bad, and turn the air cleaner on.",
            "室外空气差时请关窗，并打开空气净化器。",
        ),
        "pm10_ug_m3": Pair(
            "Close the windows if the air outside is bad, stop dusty work, and turn the air cleaner on.",
            "室外空气差时请关窗，停止产尘作业，并打开空气净化器。",
        ),
        "radon_bq_m3": Pair(
            "Air the room well and tell the property manager: the floor and its joints are where it comes in.",
            "请加强通风，并通知物业检查地面和缝隙。",
        ),
        "temperature_c": Pair("Check the air conditioning.", "请检查空调。"),
        "humidity_pct": Pair("Check the air conditioning and look for water.", "请检查空调，并查看有无漏水。"),
        "disk_free_mb": Pair(
            "Nothing to do in the branch; tell the operator of OpenHall.", "网点无需操作，请通知系统运维。"
        ),
        "cpu_c": Pair("See that the device stands free and cool.", "请确认设备通风良好、远离热源。"),
        "clock_ok": Pair(
            "Tell the operator of OpenHall: the device has no time.", "请通知系统运维：设备没有可靠时间。"
        ),
    }
)
"""What to do now, by quantity."""

WHAT_TO_DO: Final = MappingProxyType(
    {
        When.CALL: Pair("Go there now. Clear the call at the place itself.", "请立即前往，并在现场解除呼叫。"),
        When.NO_DATA: Pair(
            "See whether the sensor is plugged in and its light is on.", "请检查传感器是否插好、指示灯是否亮。"
        ),
        When.SENSOR_FAULT: Pair(
            "Unplug the sensor for ten seconds. If it stays faulty, have it exchanged.",
            "请拔下传感器十秒后重新插上，仍有故障请报修更换。",
        ),
        When.FACILITY: Pair(
            "Go and look, put a sign up if people could be hurt, and call for repair.",
            "请到现场查看，如有危险请设置警示牌，并报修。",
        ),
        When.AGENT_DARK: Pair("See whether the device has power and network.", "请检查该设备的电源和网络。"),
        When.BRANCH_DARK: Pair(
            "See whether router and device have power. Until then calls for help are not heard outside.",
            "请检查路由器和设备的电源。恢复之前，求助呼叫无法传出网点，请留意现场。",
        ),
        When.OPENING_HOURS: Pair(
            "See whether the shutter is up. If the branch stays closed, put a notice on the door and tell the region.",
            "请确认卷帘门是否已打开；如确需停业，请张贴告示并告知上级行。",
        ),
        When.CERTIFICATE: Pair(
            "Nothing to do in the branch; have the certificate renewed before its day. Afterwards nothing connects.",
            "网点无需操作。请运维在到期前更换证书，过期后将无法连接。",
        ),
        When.SAMPLING: Pair(
            "Do what the detail says, then look at the case on the board; a window that is void must be sampled again.",
            "请按详情处理，并在看板查看该验收；作废的时段须重新采样。",
        ),
        When.REGION_DARK: Pair(
            "One fault at broker, network or power is likely: call the network operator, not the branches.",
            "多为消息服务器、网络或供电的同一故障：请联系网络运维，无需逐个联系网点。",
        ),
    }
)
"""What to do now, for what has no quantity of its own."""

WHERE: Final = Pair("Where", "地点")
SINCE: Final = Pair("Since", "开始")
NOW: Final = Pair("Measured", "测得")
LIMIT: Final = Pair("limit", "限值")
DO: Final = Pair("What to do now", "现在请")
REPORTED: Final = Pair("I have reported it", "已上报")
REPORT_BY: Final = Pair("Report by", "上报时限")
HAVE: Final = Pair("I have it", "我来处理")
BY: Final = Pair("Taken by", "处理人")
OVER: Final = Pair("Over since", "恢复")
DETAIL: Final = Pair("Details", "详情")
PRESSED: Final = Pair("Pressed {age} ago; it was over before we heard of it.", "{age}前按下，我们收到时已经结束。")
REPEAT: Final = Pair("[repeat]", "【重复】")
DRILL: Final = Pair("[DRILL]", "【演练】")
SIMULATED: Final = Pair("[simulated]", "【模拟】")
REGION: Final = Pair("Region {region}", "{region} 地区")
MORE: Final = Pair("{count} alarms", "{count} 条报警")
REFERENCE: Final = Pair("Ref.", "编号")
STILL_GOOD: Final = Pair("{n} days left", "剩余 {n} 天")
SECONDS: Final = Pair("{n} s", "{n} 秒")
MINUTES: Final = Pair("{n} min", "{n} 分钟")
HOURS: Final = Pair("{n} h", "{n} 小时")
DAYS: Final = Pair("{n} days", "{n} 天")

TOO_MANY: Final = Pair(
    "{who} is told of {is_:.2f} alarms an hour; at most {limit:g}",
    "{who} 每小时收到 {is_:.2f} 条报警，上限 {limit:g} 条",
)
TOO_FLOODED: Final = Pair(
    "{is_:.2%} of all ten minutes are floods; at most {limit:.2%}", "报警洪泛占 {is_:.2%} 的时段，上限 {limit:.2%}"
)
TOO_CHATTERING: Final = Pair(
    "{is_} causes chatter ({names}); at most {limit}", "{is_} 个原因反复报警（{names}），上限 {limit} 个"
)
TOO_STALE: Final = Pair(
    "{is_} alarms last for more than a day; at most {limit}", "{is_} 条报警持续超过一天，上限 {limit} 条"
)
