"""What people call a room and a facility whose id is all that a message would else have. Pure."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.alerts.phrases import CHINESE, Pair

ROOMS: Final = MappingProxyType(
    {
        "archive": Pair("Archive", "档案室"),
        "atm": Pair("Cash machines", "自助取款区"),
        "cash-room": Pair("Cash room", "现金区"),
        "consulting-room": Pair("Consulting room", "洽谈室"),
        "corridor": Pair("Corridor", "走廊"),
        "counter": Pair("Counter", "柜台"),
        "entrance": Pair("Entrance", "入口"),
        "hall": Pair("Hall", "营业厅"),
        "kitchen": Pair("Kitchen", "茶水间"),
        "lift": Pair("Lift", "电梯"),
        "lobby": Pair("Lobby", "大堂"),
        "manager-office": Pair("Manager's office", "行长室"),
        "meeting-room": Pair("Meeting room", "会议室"),
        "monitoring-room": Pair("Monitoring room", "监控室"),
        "office": Pair("Office", "办公室"),
        "outdoor": Pair("Outdoors", "室外"),
        "queue": Pair("Waiting area", "等候区"),
        "ramp": Pair("Ramp", "坡道"),
        "rest-room": Pair("Rest room", "休息室"),
        "safe-boxes": Pair("Safe deposit boxes", "保管箱区"),
        "self-service": Pair("Self-service area", "自助服务区"),
        "server-room": Pair("Server room", "机房"),
        "stairs": Pair("Stairs", "楼梯"),
        "toilet": Pair("Toilet", "卫生间"),
        "vault": Pair("Vault", "金库"),
        "vip": Pair("VIP room", "贵宾室"),
        "vip-room": Pair("VIP room", "贵宾室"),
        "waiting-area": Pair("Waiting area", "等候区"),
    }
)
"""Rooms that most branches have; `[rooms]` of the configuration goes before them."""

KINDS: Final = MappingProxyType(
    {
        "buzzer": Pair("buzzer", "蜂鸣器"),
        "display": Pair("display", "显示屏"),
        "door": Pair("door", "门"),
        "fresh-air": Pair("fresh-air unit", "新风机"),
        "gateway": Pair("gateway", "网关"),
        "hearing-loop": Pair("hearing loop", "助听感应环"),
        "lamp": Pair("lamp", "指示灯"),
        "leak": Pair("water leak sensor", "漏水传感器"),
        "lift": Pair("lift", "电梯"),
        "mains": Pair("mains power", "市电"),
        "queue-machine": Pair("queue machine", "排队机"),
        "ramp": Pair("ramp", "坡道"),
        "shutter": Pair("shutter", "卷帘门"),
    }
)
"""Kinds of facilities; a rule's own words go before them."""

_NUMBERED: Final = re.compile(r"(.+?)-?([0-9]{1,3})")


def room_words(room: str, language: str, given: Mapping[str, tuple[str, str]]) -> str:
    """A room as people call it; its id where nobody has a word for it.

    Args:
        room: Its id; "" is no room.
        language: Of the reader.
        given: English and Chinese words by id, which go before ours; where one is empty the other is used.
    """
    found = _word(room, language, given)
    if found or not room:
        return found
    numbered = _NUMBERED.fullmatch(room)
    word = _word(numbered[1], language, given) if numbered else ""
    return f"{word} {numbered[2]}" if numbered and word else room


def _word(room: str, language: str, given: Mapping[str, tuple[str, str]]) -> str:
    english, chinese = given.get(room, ("", ""))
    own = (chinese or english) if language == CHINESE else (english or chinese)
    if own or room not in ROOMS:
        return own
    return ROOMS[room].in_language(language)
