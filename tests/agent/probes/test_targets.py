"""What a probe's target may be, and the advice where it may not."""

import pytest

from agent.facility_config import ProbeConfig
from agent.probes import open_probe, problem_of
from agent.probes.targets import Target, target_of


@pytest.mark.parametrize(
    ("method", "text", "target"),
    [
        ("ping", "192.0.2.7", Target(scheme="", host="192.0.2.7", port=0)),
        ("ping", "2001:db8::1", Target(scheme="", host="2001:db8::1", port=0)),
        ("tcp", "atm-1:9100", Target(scheme="", host="atm-1", port=9100)),
        ("tcp", "[2001:db8::1]:22", Target(scheme="", host="2001:db8::1", port=22)),
        ("http", "http://kiosk", Target(scheme="http", host="kiosk", port=80, path="/")),
        ("http", "https://kiosk:8443/a?b=c", Target(scheme="https", host="kiosk", port=8443, path="/a?b=c")),
        ("mqtt", "mqtt://b/queue/+/alive", Target(scheme="mqtt", host="b", port=1883, path="queue/+/alive")),
        ("mqtt", "mqtts://b/a/#", Target(scheme="mqtts", host="b", port=8883, path="a/#")),
        ("sip", "sip:100@pbx", Target(scheme="sip", host="pbx", port=5060, path="100")),
        ("sip", "sip:pbx:5070", Target(scheme="sip", host="pbx", port=5070)),
    ],
)
def test_a_target_is_read(method: str, text: str, target: Target) -> None:
    """Ports that a protocol has by itself need not be given."""
    assert target_of(method, text) == target


@pytest.mark.parametrize(
    ("method", "text", "words"),
    [
        ("ping", "-f", "no host"),
        ("ping", "http://a", "no host"),
        ("tcp", "kiosk", "host:port"),
        ("tcp", "kiosk:99999", "99999"),
        ("tcp", ":80", "no host"),
        ("http", "kiosk/", "http://"),
        ("http", "http://me:secret@kiosk/", "password_file"),
        ("http", "http://kiosk/a\r\nX: y", "no address"),
        ("mqtt", "mqtt://broker", "topic"),
        ("mqtt", "tcp://broker/a", "mqtt://"),
        ("sip", "100@pbx", "sip:"),
    ],
)
def test_a_target_that_does_not_fit_is_told(method: str, text: str, words: str) -> None:
    """With what would be right."""
    with pytest.raises(ValueError, match=words):
        target_of(method, text)


def probe(**words: object) -> ProbeConfig:
    given = {"point": "p", "room": "hall", "kind": "kiosk", "method": "tcp", "target": "kiosk:80"} | words
    return ProbeConfig(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("config", "setting"),
    [
        (probe(kind="teapot"), "kind"),
        (probe(target="kiosk"), "target"),
        (probe(expect_text="x"), "expect_text"),
        (probe(expect_status=200), "expect_status"),
        (probe(username="x"), "username"),
        (probe(method="mqtt", target="mqtt://b/a", password_file="/f"), "password_file"),
    ],
)
def test_settings_that_do_not_fit_are_named(config: ProbeConfig, setting: str) -> None:
    """The setting, and what to do."""
    problem = problem_of(config)
    assert problem is not None
    assert problem[0] == setting


@pytest.mark.parametrize(
    ("method", "target"),
    [("ping", "a"), ("tcp", "a:1"), ("http", "https://a/"), ("sip", "sip:a")],
)
def test_every_method_has_a_probe(method: str, target: str) -> None:
    """Making one sends nothing."""
    config = probe(method=method, target=target)
    assert problem_of(config) is None
    open_probe(config).close()
