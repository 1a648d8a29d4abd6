"""People, hours and titles of a branch come from the register where the configuration is silent."""

from typing import Any

import msgspec

from gateway.alerts.places import Titles
from gateway.alerts.routing import Routing
from gateway.alerts.rules import Place
from gateway.alerts.settings import AlertsConfig
from gateway.alerts.words import Role
from gateway.config import SiteConfig
from gateway.sites.site import Site

NOON_MS = 1_790_049_600_000  # Tuesday, 22 September 2026, 12:00 in Shanghai
NIGHT_MS = NOON_MS + 9 * 3_600_000
REGISTER = {
    "a": Site(
        region="north",
        site="a",
        title_en="Branch A",
        hours="Mo-Fr 09:00-17:00",
        responsible="zhang, nobody-we-know li",
        deputy="wang",
    )
}


def _routing(**alerts: Any) -> Routing:
    person = {"name": "x", "channels": ["file"]}
    people = dict.fromkeys(("zhang", "li", "wang", "zhao"), person)
    config = {"people": people, "channels": {"file": {"kind": "file", "path": "/dev/null"}}, "holidays": "", **alerts}
    return Routing(msgspec.convert(config, AlertsConfig), register=lambda: REGISTER)


def test_the_register_names_people_and_hours() -> None:
    """Whoever is none of the configured people cannot be told and is passed over."""
    routing = _routing()
    place = Place("north", "a")
    assert routing.people(Role.RESPONSIBLE, place, NOON_MS) == ("zhang", "li")
    assert routing.people(Role.DEPUTY, place, NOON_MS) == ("wang",)
    assert routing.opening("a").is_open(NOON_MS)
    assert not routing.opening("a").is_open(NIGHT_MS)
    assert routing.people(Role.RESPONSIBLE, Place("north", "b"), NOON_MS) == ()
    assert routing.opening("b").is_open(NIGHT_MS)


def test_the_configuration_goes_before_the_register() -> None:
    routing = _routing(sites={"a": {"responsible": ["zhao"], "hours": "24/7"}})
    assert routing.people(Role.RESPONSIBLE, Place("north", "a"), NOON_MS) == ("zhao",)
    assert routing.people(Role.DEPUTY, Place("north", "a"), NOON_MS) == ("wang",)
    assert routing.opening("a").is_open(NIGHT_MS)


def test_titles_come_from_both() -> None:
    titles = Titles({"a": SiteConfig(title_zh="甲支行"), "b": SiteConfig(title_en="B")}, lambda: REGISTER)
    assert dict(titles) == {"a": ("Branch A", "甲支行"), "b": ("B", "")}
    assert titles.get("c") is None
    assert len(titles) == 2
