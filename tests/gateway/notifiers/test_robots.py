"""WeCom, DingTalk and Feishu against a local server that answers as they do: success, refusal, rate limit, failure."""

import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from gateway.notifiers import Address, ChannelRefused, ChannelUnavailable, Message, Notifier
from gateway.notifiers.dingtalk import DingTalkNotifier
from gateway.notifiers.feishu import FeishuNotifier
from gateway.notifiers.robot import cut, wait_of
from gateway.notifiers.wecom import WeComNotifier
from tests.gateway.notifiers.webhooks import Webhooks, said

NOW_MS = 1_790_000_000_123
TO = Address(person="li", name="李娜", mobile="13800000000")
MESSAGE = Message(
    key="k", title="严重: 二氧化碳过高", text="地点：大厅\n我来处理: http://b/a/x", severity="critical", tell="rise"
)


@pytest.fixture(scope="module")
def server() -> Iterator[Webhooks]:
    with Webhooks() as webhooks:
        yield webhooks


@pytest.fixture(autouse=True)
def fresh(server: Webhooks) -> None:
    server.got.clear()
    server.answers.clear()


Make = Callable[..., Notifier]


def wecom(base: str, key: str = Webhooks.KEY, timeout_s: float = 5.0) -> Notifier:
    return WeComNotifier(key, base=base, timeout_s=timeout_s)


def dingtalk(base: str, key: str = Webhooks.KEY, timeout_s: float = 5.0) -> Notifier:
    return DingTalkNotifier(key, Webhooks.SECRET, base=base, timeout_s=timeout_s)


def feishu(base: str, key: str = Webhooks.KEY, timeout_s: float = 5.0) -> Notifier:
    return FeishuNotifier(key, Webhooks.SECRET, base=base, timeout_s=timeout_s)


ALL = pytest.mark.parametrize("make", [wecom, dingtalk, feishu])


@ALL
def test_a_message_is_taken_signed_and_whole(server: Webhooks, make: Make) -> None:
    make(server.base).send(MESSAGE, TO, NOW_MS)
    (_path, body) = server.got[0]
    assert "二氧化碳过高" in str(body)
    assert "http://b/a/x" in str(body)


def test_the_person_is_mentioned(server: Webhooks) -> None:
    """By their id where they have one, by their telephone where not."""
    ids = Address(person="li", name="李娜", mobile="13800000000", wecom="LiNa", dingtalk="d1", feishu="ou_1")
    for make, to in ((wecom, TO), (wecom, ids), (dingtalk, TO), (dingtalk, ids), (feishu, ids)):
        make(server.base).send(MESSAGE, to, NOW_MS)
    texts = [body.get("text") for _path, body in server.got]
    assert texts[0]["mentioned_mobile_list"] == ["13800000000"]
    assert texts[1]["mentioned_list"] == ["LiNa"]
    assert server.got[2][1]["at"]["atMobiles"] == ["13800000000"]
    assert texts[2]["content"].endswith("@13800000000")
    assert server.got[3][1]["at"]["atUserIds"] == ["d1"]
    assert '<at user_id="ou_1">李娜</at>' in server.got[4][1]["content"]["text"]


@ALL
def test_a_wrong_key_is_refused_though_http_says_200(server: Webhooks, make: Make) -> None:
    with pytest.raises(ChannelRefused, match="answered"):
        make(server.base, key="other").send(MESSAGE, TO, NOW_MS)


@pytest.mark.parametrize("notifier", [DingTalkNotifier, FeishuNotifier])
def test_a_wrong_signature_is_refused(server: Webhooks, notifier: type) -> None:
    for secret in ("wrong", None):
        with pytest.raises(ChannelRefused, match=r"310000|19021"):
            notifier(Webhooks.KEY, secret, base=server.base).send(MESSAGE, TO, NOW_MS)


@pytest.mark.parametrize(
    ("make", "answer"),
    [
        (wecom, {"errcode": 45009, "errmsg": "api freq out of limit"}),
        (wecom, {"errcode": -1, "errmsg": "system busy"}),
        (dingtalk, {"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"}),
        (feishu, {"code": 11232, "msg": "create message service trigger rate limit"}),
        (feishu, {"code": 9499, "msg": "too many request"}),
    ],
)
def test_a_rate_limit_asks_to_wait(server: Webhooks, make: Make, answer: dict[str, object]) -> None:
    server.answers.append(said(200, answer))
    with pytest.raises(ChannelUnavailable) as caught:
        make(server.base).send(MESSAGE, TO, NOW_MS)
    assert caught.value.wait_s >= (0 if answer.get("errcode") == -1 else 60)
    assert not caught.value.in_doubt


def test_feishu_says_9499_for_a_bad_request_too(server: Webhooks) -> None:
    server.answers.append(said(200, {"code": 9499, "msg": "Bad Request", "data": {}}))
    with pytest.raises(ChannelRefused):
        feishu(server.base).send(MESSAGE, TO, NOW_MS)


def hangs(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(0.6)
    handler.close_connection = True


def hangs_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


@ALL
def test_every_failure_has_its_name_and_tells_no_secret(server: Webhooks, make: Make) -> None:
    """What was sent and got no answer is in doubt; what never left is not."""
    for answer, error, in_doubt in (
        (said(429, {}, Retry_After="17"), ChannelUnavailable, False),
        (said(503, {}), ChannelUnavailable, True),
        (said(302, {}, Location="http://elsewhere/"), ChannelRefused, None),
        (said(404, {}), ChannelRefused, None),
        ((200, {}, b"<html>login"), ChannelUnavailable, True),
        (said(200, {"hello": 1}), ChannelUnavailable, False),
        (hangs, ChannelUnavailable, True),
        (hangs_up, ChannelUnavailable, True),
    ):
        server.answers.append(answer)
        with pytest.raises(error) as caught:
            make(server.base, timeout_s=0.3).send(MESSAGE, TO, NOW_MS)
        assert Webhooks.KEY not in str(caught.value)
        if in_doubt is not None:
            assert caught.value.in_doubt is in_doubt, answer
    with pytest.raises(ChannelUnavailable) as caught:
        make("http://127.0.0.1:1").send(MESSAGE, TO, NOW_MS)
    assert not caught.value.in_doubt
    assert Webhooks.KEY not in str(caught.value)


def test_retry_after_is_honoured(server: Webhooks) -> None:
    server.answers.append(said(429, {}, Retry_After="17"))
    with pytest.raises(ChannelUnavailable) as caught:
        wecom(server.base).send(MESSAGE, TO, NOW_MS)
    assert caught.value.wait_s == 17
    assert wait_of("Mon, 21 Sep 2026 14:13:50 GMT", 1_790_000_000_000) == pytest.approx(30.0)
    assert [wait_of(word, 0) for word in (None, "", "soon", "999999999")] == [0, 0, 0, 3_600]


def test_a_long_message_is_cut_between_letters(server: Webhooks) -> None:
    long = Message(key="k", title="标题", text="很长" * 2_000, severity="info", tell="rise")
    for make in (wecom, dingtalk, feishu):
        make(server.base).send(long, TO, NOW_MS)
    assert len(cut("很长" * 100, 100).encode()) <= 100
    assert cut("short", 100) == "short"
