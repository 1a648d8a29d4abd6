"""Certificates that run out: read from real ones, told a month and a week before their last day."""

import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.alerts.certificates import Certificates
from gateway.alerts.rule_files import default_rules
from gateway.alerts.words import When
from telemetry.certificates import ends_of
from tests.certificates import end_by_openssl, make
from tests.gateway.alerts.desk import Desk

DAY_S = 86_400
RULES = [
    {"name": rule.name, "severity": rule.severity, "when": rule.when, "below": rule.below, "recover": rule.recover}
    for rule in default_rules()
    if rule.when is When.CERTIFICATE
]


@pytest.mark.parametrize("days", [1, 400, 12_000, 40_000])
def test_the_end_is_the_one_that_openssl_reads(tmp_path: Path, days: int) -> None:
    """From 2050 on the form of the time is another one."""
    file = make(tmp_path, days)
    assert ends_of(file.read_bytes()) == [end_by_openssl(file) * 1000]


def test_of_a_bundle_the_first_end_counts_and_a_renewal_ends_the_alarm(tmp_path: Path) -> None:
    long, short = make(tmp_path, 900, "long"), make(tmp_path, 60, "short")
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(long.read_bytes() + short.read_bytes())
    desk = Desk(RULES, start_s=end_by_openssl(short) - 31.5 * DAY_S, sites={}, city=["city"])
    certificates = Certificates({"broker-ca": bundle}, "north")
    desk.engine.watch_certificates(certificates.all)
    desk.settle()
    assert desk.open == []
    desk.pass_time(2 * DAY_S, step_s=3_600)
    (alarm,) = desk.open
    assert (alarm.key.rule, alarm.place.region, alarm.detail.split(":")[0]) == (
        "certificate-soon-over",
        "north",
        "bundle.pem",
    )
    assert "29 days left" in desk.told[0][-1].text
    desk.pass_time(23 * DAY_S, step_s=6 * 3_600)
    assert {one.key.rule for one in desk.open} == {"certificate-soon-over", "certificate-nearly-over"}
    bundle.write_bytes(long.read_bytes())
    desk.acknowledge_all()
    desk.pass_time(7_200, step_s=600)
    assert desk.open == []


def test_a_file_that_is_none_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "none.pem").write_text("hello", encoding="ascii")
    good = make(tmp_path, 60)
    files = {"missing": tmp_path / "missing", "none": tmp_path / "none.pem", "good": good}
    assert [life.name for life in Certificates(files, "north").all()] == ["good"]


def test_an_agents_own_alarms_in_its_branch_until_it_is_renewed() -> None:
    desk = Desk(RULES, city=["city"])
    end_s = desk.now_ms / 1000 + 31.5 * DAY_S
    desk.health(certificate_until=end_s)
    assert desk.open == []
    for _hour in range(3 * 24):
        desk.pass_time(3_600, step_s=1_800)
        desk.health(certificate_until=end_s)
    alarm = desk.alarm
    assert (alarm.key.rule, alarm.place.site, alarm.place.point) == ("certificate-soon-over", "b001", "pi-1")
    desk.health(certificate_until=end_s + 365 * DAY_S)
    assert not desk.alarm.active, "another one counts at once"


@pytest.mark.parametrize("until", [-1.0, 0.0, 1e300])
def test_an_end_that_cannot_be_is_passed_over(until: float) -> None:
    desk = Desk(RULES, city=["city"])
    desk.health(certificate_until=until)
    assert desk.open == []


def test_what_a_server_showed_is_watched_once_it_showed_it(tmp_path: Path) -> None:
    file = make(tmp_path, 60)
    shown: list[bytes | None] = [None]
    certificates = Certificates({}, "north", {"broker-shown": lambda: shown[0]})
    assert list(certificates.all()) == []
    shown[0] = ssl.PEM_cert_to_DER_cert(file.read_text("ascii"))
    (life,) = certificates.all()
    assert (life.name, life.region, life.until_ms) == ("broker-shown", "north", end_by_openssl(file) * 1000)
    shown[0] = b"nothing of the kind"
    assert list(certificates.all()) == []


@given(st.binary(max_size=200))
def test_no_bytes_of_a_stranger_break_it(body: bytes) -> None:
    import base64

    pem = b"-----BEGIN CERTIFICATE-----\n" + base64.b64encode(body) + b"\n-----END CERTIFICATE-----"
    with pytest.raises(ValueError, match="certificate"):
        ends_of(pem)
