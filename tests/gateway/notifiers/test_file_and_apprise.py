"""The file, and what goes through Apprise: real mail to a real SMTP server, a web hook, and what is refused."""

import json
import sys
from email import message_from_bytes, policy
from pathlib import Path
from subprocess import run
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from gateway.alerts.settings import ChannelConfig
from gateway.errors import ConfigurationError
from gateway.notifiers import Address, ChannelRefused, ChannelUnavailable, Message
from gateway.notifiers.apprise_notifier import AppriseNotifier
from gateway.notifiers.file_notifier import FileNotifier
from gateway.notifiers.make import make_notifier
from tests.gateway.notifiers.webhooks import Webhooks
from tests.servers import free_port

TO = Address(person="li", name="李娜", email="li@bank.example")
MESSAGE = Message(
    key="k1",
    title="严重: 二氧化碳过高",
    text="地点：大厅",
    severity="critical",
    tell="rise",
    alarms=({"id": "7", "rule": "co2"},),
)


class Mailbox:
    """What an SMTP server took."""

    def __init__(self) -> None:
        self.letters: list[tuple[list[str], Any]] = []
        self.answer = "250 OK"

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802
        """Take a letter, or answer as told."""
        self.letters.append((list(envelope.rcpt_tos), message_from_bytes(envelope.content, policy=policy.default)))
        return self.answer


def test_mail_arrives_at_the_person(tmp_path: Path) -> None:
    mailbox = Mailbox()
    port = free_port()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        url = f"mailto://127.0.0.1:{port}?from=openhall@bank.example&to={{email}}&mode=insecure"
        file = tmp_path / "mail.url"
        file.write_text(url, encoding="ascii")
        notifier = make_notifier("mail", ChannelConfig(kind="apprise", url_file=str(file)))
        assert not notifier.in_group
        notifier.send(MESSAGE, TO, 0)
        ((to, letter),) = mailbox.letters
        assert to == ["li@bank.example"]
        assert letter["subject"] == "严重: 二氧化碳过高"
        assert "地点：大厅" in letter.get_body(("plain", "html")).get_content()
        mailbox.answer = "550 no"
        with pytest.raises(ChannelUnavailable, match="mailto did not take it"):
            notifier.send(MESSAGE, TO, 0)
    finally:
        controller.stop()
    with pytest.raises(ChannelUnavailable):
        notifier.send(MESSAGE, TO, 0)


def test_a_web_hook_takes_json() -> None:
    with Webhooks() as server:
        server.answers.append((200, {}, b"{}"))
        notifier = AppriseNotifier(server.base.replace("http", "json") + "/hook")
        assert notifier.in_group
        notifier.send(MESSAGE, TO, 0)
        (_path, body) = server.got[0]
        assert (body["title"], body["message"]) == (MESSAGE.title, MESSAGE.text)


def test_a_person_without_the_address_and_a_url_that_means_nothing_are_refused() -> None:
    with pytest.raises(ChannelRefused, match="li has no mobile"):
        AppriseNotifier("mailto://h?to={mobile}").send(MESSAGE, TO, 0)
    with pytest.raises(ChannelRefused, match="does not understand the nonsense address"):
        AppriseNotifier("nonsense://secret-word@host").send(MESSAGE, TO, 0)


def test_a_line_of_json_for_each_message(tmp_path: Path) -> None:
    file = tmp_path / "told.jsonl"
    notifier = FileNotifier(file, channel="file")
    for _ in range(2):
        notifier.send(MESSAGE, TO, 1_500)
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert len(lines) == 2
    assert lines[0] == lines[1]
    assert {name: lines[0][name] for name in ("time", "to", "key", "tell", "severity", "repeat", "drill")} == {
        "time": 1.5,
        "to": "li",
        "key": "k1",
        "tell": "rise",
        "severity": "critical",
        "repeat": False,
        "drill": False,
    }
    assert lines[0]["alerts"] == [{"id": "7", "rule": "co2"}]
    with pytest.raises(ChannelUnavailable, match="cannot be written"):
        FileNotifier(tmp_path / "none" / "x", channel="file").send(MESSAGE, TO, 0)


def test_secrets_come_from_files_and_a_missing_one_is_named(tmp_path: Path) -> None:
    for kind, name in (
        ("wecom", "key_file"),
        ("dingtalk", "key_file"),
        ("feishu", "key_file"),
        ("apprise", "url_file"),
    ):
        with pytest.raises(ConfigurationError, match=rf"\$\.alerts\.channels\.x\.{name}"):
            make_notifier("x", ChannelConfig(kind=kind, **{name: str(tmp_path / "none")}))
    (tmp_path / "key").write_text("abc\n", encoding="ascii")
    for kind in ("wecom", "dingtalk", "feishu"):
        assert make_notifier("x", ChannelConfig(kind=kind, key_file=str(tmp_path / "key"))).in_group
    assert not make_notifier("x", ChannelConfig(kind="file", path=str(tmp_path / "f"))).in_group


def test_apprise_and_holidays_are_not_loaded_before_they_are_needed() -> None:
    code = (
        "import sys, gateway.run, gateway.notifiers.make, gateway.alerts.dispatch, gateway.alerts.routing;"
        "import gateway.notifiers.apprise_notifier;"
        "sys.exit(bool({'apprise', 'holidays'} & set(sys.modules)))"
    )
    assert run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
