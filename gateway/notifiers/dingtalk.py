"""DingTalk (钉钉): the robot of a group, signed, which mentions the person."""

import base64
import hashlib
import hmac
from typing import Final
from urllib.parse import quote, urlencode

from gateway.notifiers.errors import ChannelRefused, ChannelUnavailable
from gateway.notifiers.message import Address, Message
from gateway.notifiers.robot import Robot, code_of, cut, words_of

BASE: Final = "https://oapi.dingtalk.com"
MOST_BYTES: Final = 20_000
"""open.dingtalk.com, custom robots: a body has at most 20,000 bytes; mentions and JSON need some of it."""

LATER: Final = frozenset({-1, 130101, 410100, 90018})
"""The same, error codes: -1 busy, 130101 and 410100 sent too fast (20 a minute, then ten minutes of silence)."""

RATE_WAIT_S: Final = 600.0


class DingTalkNotifier:
    """Speaks through one robot."""

    in_group = True

    def __init__(self, key: str, secret: str | None = None, *, base: str = "", timeout_s: float = 10.0) -> None:
        self._robot = Robot(base or BASE, timeout_s=timeout_s)
        self._key = key
        self._secret = secret

    def send(self, message: Message, to: Address, now_ms: int) -> None:
        """Tell the group, and mention the person by user id or telephone; without `@` in the text nobody is.

        Raises:
            ChannelUnavailable: Busy, too fast, or out of reach.
            ChannelRefused: Any other `errcode`, such as 310000: key word, signature or address do not fit.
        """
        mention = to.dingtalk or to.mobile
        text = f"{message.title}\n{message.text}" + (f"\n@{mention}" if mention else "")
        body = {
            "msgtype": "text",
            "text": {"content": cut(text, MOST_BYTES - 1_000)},
            "at": {
                "atMobiles": [to.mobile] if to.mobile and not to.dingtalk else [],
                "atUserIds": [to.dingtalk] if to.dingtalk else [],
                "isAtAll": False,
            },
        }
        answer = self._robot.post(self._path(now_ms), body, now_ms)
        code = code_of(answer, "errcode")
        words = f"DingTalk answered {code}: {words_of(answer, 'errmsg')}"
        if code in LATER:
            raise ChannelUnavailable(words, wait_s=0.0 if code == -1 else RATE_WAIT_S)
        if code != 0:
            raise ChannelRefused(words)

    def _path(self, now_ms: int) -> str:
        query = {"access_token": self._key}
        if self._secret is not None:
            query |= {"timestamp": str(now_ms), "sign": signature(self._secret, now_ms)}
        return "/robot/send?" + urlencode(query, quote_via=quote)


def signature(secret: str, now_ms: int) -> str:
    """The sign of a moment (custom robots, 加签): HMAC-SHA-256 over `timestamp` newline `secret`, under the secret."""
    text = f"{now_ms}\n{secret}".encode()
    return base64.b64encode(hmac.digest(secret.encode(), text, hashlib.sha256)).decode("ascii")
