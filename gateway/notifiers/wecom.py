"""WeCom (企业微信): the robot of a group, which mentions the person."""

from typing import Final
from urllib.parse import quote

from gateway.notifiers.errors import ChannelRefused, ChannelUnavailable
from gateway.notifiers.message import Address, Message
from gateway.notifiers.robot import Robot, code_of, cut, words_of

BASE: Final = "https://qyapi.weixin.qq.com"
MOST_BYTES: Final = 2_048
"""developer.work.weixin.qq.com, document 91770 (group robots): a text has at most 2,048 bytes."""

LATER: Final = frozenset({-1, 45009, 45033})
"""The same, global error codes: -1 busy, 45009 calls a minute, 45033 calls at once; a robot may send 20 a minute."""

RATE_WAIT_S: Final = 60.0


class WeComNotifier:
    """Speaks through one robot."""

    in_group = True

    def __init__(self, key: str, *, base: str = "", timeout_s: float = 10.0) -> None:
        self._robot = Robot(base or BASE, timeout_s=timeout_s)
        self._path = f"/cgi-bin/webhook/send?key={quote(key, safe='')}"

    def send(self, message: Message, to: Address, now_ms: int) -> None:
        """Tell the group, and mention the person by user id or telephone.

        Raises:
            ChannelUnavailable: Busy or out of reach.
            ChannelRefused: Any other `errcode`.
        """
        text = {"content": cut(f"{message.title}\n{message.text}", MOST_BYTES)}
        mentions = {
            "mentioned_list": [to.wecom] if to.wecom else [],
            "mentioned_mobile_list": [to.mobile] if to.mobile and not to.wecom else [],
        }
        answer = self._robot.post(self._path, {"msgtype": "text", "text": {**text, **mentions}}, now_ms)
        code = code_of(answer, "errcode")
        if code in LATER:
            wait_s = 0.0 if code == -1 else RATE_WAIT_S
            raise ChannelUnavailable(f"WeCom answered {code}: {words_of(answer, 'errmsg')}", wait_s=wait_s)
        if code != 0:
            raise ChannelRefused(f"WeCom answered {code}: {words_of(answer, 'errmsg')}")
