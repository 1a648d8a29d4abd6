"""From `[[probes]]` to probes."""

from collections.abc import Callable
from typing import Final

from agent.facility_config import ProbeConfig
from agent.probes.callers import Check
from agent.probes.targets import Target, target_of

PROBE_KINDS: Final = (
    "access-control",
    "atm",
    "camera",
    "display",
    "gateway",
    "hearing-loop",
    "kiosk",
    "phone",
    "player",
    "printer",
    "queue-machine",
    "recorder",
    "router",
    "server",
    "wifi",
)
"""What a probe may stand for."""


def problem_of(config: ProbeConfig) -> tuple[str, str] | None:
    """What is wrong with a probe: which setting, and what to do; None if nothing is."""
    if config.kind not in PROBE_KINDS:
        return "kind", f"no kind {config.kind!r} for a probe; there are {', '.join(PROBE_KINDS)}"
    try:
        target_of(config.method, config.target)
    except ValueError as error:
        return "target", str(error)
    if config.expect_text and config.method != "http":
        return "expect_text", f"a probe by {config.method} sees no text; only http does"
    if config.expect_status and config.method not in ("http", "sip"):
        return "expect_status", f"a probe by {config.method} gets no status; only http and sip do"
    if (config.username or config.password_file) and config.method != "mqtt":
        return "username", f"a probe by {config.method} does not sign in; only mqtt does"
    if config.password_file and not config.username:
        return "password_file", "a password needs a username; set username"
    return None


def open_probe(config: ProbeConfig) -> Check:
    """The probe of one table; nothing is sent yet."""
    target = target_of(config.method, config.target)
    return _OPENERS[config.method](config, target)


def _ping(config: ProbeConfig, target: Target) -> Check:
    from agent.probes.ping import Ping

    return Ping(target.host, config.timeout_s)


def _tcp(config: ProbeConfig, target: Target) -> Check:
    from agent.probes.tcp import TcpConnect

    return TcpConnect(target, config.timeout_s)


def _http(config: ProbeConfig, target: Target) -> Check:
    from agent.probes.http import HttpGet, tls_context

    return HttpGet(
        target,
        config.timeout_s,
        status=config.expect_status or 200,
        text=config.expect_text or "",
        tls=tls_context(config.ca_file, verify=config.tls_verify) if target.scheme == "https" else None,
    )


def _mqtt(config: ProbeConfig, target: Target) -> Check:
    from agent.probes.http import tls_context
    from agent.probes.mqtt import MqttHeartbeat

    return MqttHeartbeat(
        target,
        config.timeout_s,
        every_s=config.period_s,
        username=config.username,
        password_file=config.password_file,
        tls=tls_context(config.ca_file, verify=config.tls_verify) if target.scheme == "mqtts" else None,
    )


def _sip(config: ProbeConfig, target: Target) -> Check:
    from agent.probes.sip import SipOptions

    return SipOptions(target, config.timeout_s, status=config.expect_status)


_OPENERS: Final[dict[str, Callable[[ProbeConfig, Target], Check]]] = {
    "ping": _ping,
    "tcp": _tcp,
    "http": _http,
    "mqtt": _mqtt,
    "sip": _sip,
}
