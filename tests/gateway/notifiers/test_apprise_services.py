"""What goes through Apprise to services of the world: each against a local server that answers as it documents.

Telegram, Slack and Twilio have fixed addresses; there Apprise is pointed to the local server, and the rest is its own.
"""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import paho.mqtt.client as mqtt
import pytest

from gateway.notifiers import Address, ChannelUnavailable, Message
from gateway.notifiers.apprise_notifier import AppriseNotifier, load
from tests.servers import Mosquitto, free_port

TO = Address(person="li", name="李娜", mobile="+8613800000000", address="12345")
MESSAGE = Message(key="k1", title="严重: 二氧化碳过高", text="地点：大厅", severity="critical", tell="rise")


class Service:
    """A server that remembers what it got, and answers as told."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, Any]]] = []
        self.answer: tuple[int, dict[str, Any] | str] = (200, {})
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                if "json" in self.headers.get("Content-Type", ""):
                    outer.got.append((self.path, json.loads(body)))
                else:
                    outer.got.append((self.path, {name: words[0] for name, words in parse_qs(body).items()}))
                status, said = outer.answer
                content = (said if isinstance(said, str) else json.dumps(said)).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_words: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server.server_port}"


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    thread = threading.Thread(target=service.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield service
    service.server.shutdown()
    thread.join()
    service.server.server_close()


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch, service: Service) -> None:
    """Apprise's services with fixed addresses speak to the local server."""
    known = load().plugins.N_MGR
    base = f"http://{service.host}"
    monkeypatch.setattr(known["tgram"], "notify_url", f"{base}/bot")
    monkeypatch.setattr(known["slack"], "webhook_url", f"{base}/services")
    monkeypatch.setattr(known["twilio"], "notify_sms_url", base + "/2010-04-01/Accounts/{sid}/Messages.json")


TELEGRAM = "tgram://123456789:abcdefg_hijklmnop/{address}/"
SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/"
TWILIO = "twilio://AC" + "a" * 32 + ":" + "b" * 32 + "@15005550006/{mobile}"


@pytest.mark.usefixtures("plugins")
def test_telegram_takes_it_for_the_persons_own_chat(service: Service) -> None:
    service.answer = (200, {"ok": True, "result": {"message_id": 1}})
    notifier = AppriseNotifier(TELEGRAM)
    assert not notifier.in_group
    notifier.send(MESSAGE, TO, 0)
    (path, body) = service.got[-1]
    assert path == "/bot123456789:abcdefg_hijklmnop/sendMessage"
    assert str(body["chat_id"]) == "12345"
    assert "二氧化碳过高" in body["text"]
    assert "地点：大厅" in body["text"]


@pytest.mark.usefixtures("plugins")
def test_slack_takes_it_for_the_channel_of_its_hook(service: Service) -> None:
    service.answer = (200, "ok")
    notifier = AppriseNotifier(SLACK)
    assert notifier.in_group
    notifier.send(MESSAGE, TO, 0)
    (path, body) = service.got[-1]
    assert path == "/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    assert "地点：大厅" in json.dumps(body, ensure_ascii=False)


@pytest.mark.usefixtures("plugins")
def test_an_sms_goes_to_the_persons_telephone(service: Service) -> None:
    service.answer = (201, {"sid": "SM1", "status": "queued"})
    AppriseNotifier(TWILIO).send(MESSAGE, TO, 0)
    (path, body) = service.got[-1]
    assert path.endswith("/Messages.json")
    assert body["To"] == "+8613800000000"
    assert "二氧化碳过高" in body["Body"]


def test_an_sms_gateway_of_ones_own_is_reached_too(service: Service) -> None:
    """A device in the bank's own network, so that SMS need no internet."""
    service.answer = (200, {"result": {"message_id": "748", "status": "ok"}})
    AppriseNotifier(f"smseagle://token@{service.host}/{{mobile}}").send(MESSAGE, TO, 0)
    (_path, body) = service.got[-1]
    assert "8613800000000" in json.dumps(body)


REFUSALS = [
    (429, {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 5}}),
    (401, {"ok": False, "error_code": 401, "description": "Unauthorized"}),
    (500, "oops"),
]


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize("url", [TELEGRAM, SLACK, TWILIO])
@pytest.mark.parametrize("answer", REFUSALS)
def test_a_rate_limit_a_refusal_and_a_failure_are_none_of_them_taken_for_success(
    service: Service, url: str, answer: tuple[int, dict[str, Any] | str]
) -> None:
    service.answer = answer
    with pytest.raises(ChannelUnavailable) as caught:
        AppriseNotifier(url).send(MESSAGE, TO, 0)
    for secret in ("abcdefg_hijklmnop", "TIiajkdnlazkcOXrIdevi7FQ", "b" * 32):
        assert secret not in str(caught.value)


def test_mqtt_publishes_to_a_real_broker(mosquitto: Mosquitto) -> None:
    got: list[bytes] = []
    there = threading.Event()
    ready = threading.Event()
    listener = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    listener.on_connect = lambda client, *_rest: client.subscribe("bank/li/alerts", qos=1)
    listener.on_subscribe = lambda *_rest: ready.set()

    def take(_client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        got.append(message.payload)
        there.set()

    listener.on_message = take
    listener.connect("127.0.0.1", mosquitto.port)
    listener.loop_start()
    try:
        assert ready.wait(30)
        AppriseNotifier(f"mqtt://127.0.0.1:{mosquitto.port}/bank/{{person}}/alerts?qos=1").send(MESSAGE, TO, 0)
        assert there.wait(30)
    finally:
        listener.disconnect()
        listener.loop_stop()
    assert "地点：大厅" in got[0].decode()
    with pytest.raises(ChannelUnavailable):
        AppriseNotifier(f"mqtt://127.0.0.1:{free_port()}/bank/alerts").send(MESSAGE, TO, 0)
