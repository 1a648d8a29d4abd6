"""Feishu (飞书): the robot of a group, signed, which mentions the person."""

import base64
import hashlib
import hmac
from html import escape
from typing import Any, Final
from urllib.parse import quote

from gateway.notifiers.errors import ChannelRefused, ChannelUnavailable
from gateway.notifiers.message import Address, Message
from gateway.notifiers.robot import Robot, code_of, cut, words_of

BASE: Final = "https://open.feishu.cn"
MOST_BYTES: Final = 18_000
"""open.feishu.cn, custom robots: a body has at most 20 kB."""

LATER: Final = frozenset({11232, 99991400})
"""The same: 11232 and 99991400 are rate limits (5 a second, 100 a minute)."""

TOO_MANY: Final = 9499
"""Says both `too many request` and `Bad Request`; only the words tell them apart."""

RATE_WAIT_S: Final = 60.0


class FeishuNotifier:
    """Speaks through one robot."""

    in_group = True

    def __init__(self, key: str, secret: str | None = None, *, base: str = "", timeout_s: float = 10.0) -> None:
        self._robot = Robot(base or BASE, timeout_s=timeout_s)
        self._path = f"/open-apis/bot/v2/hook/{quote(key, safe='')}"
        self._secret = secret

    def send(self, message: Message, to: Address, now_ms: int) -> None:
        """Tell the group, and mention the person by their id.

        Raises:
            ChannelUnavailable: Too fast, or out of reach.
            ChannelRefused: Any other `code`, such as 19021: the signature does not fit, or our clock is an hour off.
        """
        mention = f'<at user_id="{escape(to.feishu)}">{escape(to.name)}</at> ' if to.feishu else ""
        text = mention + escape(cut(f"{message.title}\n{message.text}", MOST_BYTES), quote=False)
        body: dict[str, Any] = {"msg_type": "text", "content": {"text": text}}
        if self._secret is not None:
            body |= {"timestamp": str(now_ms // 1000), "sign": signature(self._secret, now_ms // 1000)}
        answer = self._robot.post(self._path, body, now_ms)
        code = code_of(answer, "code", "StatusCode")
        said = words_of(answer, "msg", "StatusMessage")
        words = f"Feishu answered {code}: {said}"
        if code in LATER or (code == TOO_MANY and "too many" in said.lower()):
            raise ChannelUnavailable(words, wait_s=RATE_WAIT_S)
        if code != 0:
            raise ChannelRefused(words)


def signature(secret: str, now_s: int) -> str:
    """The sign of a moment (custom robots, 签名校验): HMAC-SHA-256 of nothing under `timestamp` newline `secret`."""
    return base64.b64encode(hmac.digest(f"{now_s}\n{secret}".encode(), b"", hashlib.sha256)).decode("ascii")
