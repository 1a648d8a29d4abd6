"""Certificates that run out: read from real ones, told a month and a week before their last day."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.alerts.certificates import Certificates, ends_of
from gateway.alerts.rule_files import default_rules
from gateway.alerts.words import When
from tests.gateway.alerts.desk import Desk
from tests.servers import require_program

DAY_S = 86_400
RULES = [
    {"name": rule.name, "severity": rule.severity, "when": rule.when, "below": rule.below, "recover": rule.recover}
    for rule in default_rules()
    if rule.when is When.CERTIFICATE
]


def make(folder: Path, days: int, name: str = "a") -> Path:
    openssl = str(require_program("openssl", "Debian's openssl"))
    file = folder / f"{name}.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -keyout"
    subprocess.run(
        [openssl, *words.split(), str(folder / "key"), "-out", str(file), "-days", str(days)],
        check=True,
        capture_output=True,
    )
    return file


def end_by_openssl(file: Path) -> float:
    openssl = str(require_program("openssl", "Debian's openssl"))
    said = subprocess.run([openssl, "x509", "-in", file, "-noout", "-enddate"], check=True, capture_output=True)
    text = said.stdout.decode().strip().removeprefix("notAfter=")
    return datetime.strptime(text, "%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC).timestamp()


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


@given(st.binary(max_size=200))
def test_no_bytes_of_a_stranger_break_it(body: bytes) -> None:
    import base64

    pem = b"-----BEGIN CERTIFICATE-----\n" + base64.b64encode(body) + b"\n-----END CERTIFICATE-----"
    with pytest.raises(ValueError, match="certificate"):
        ends_of(pem)
