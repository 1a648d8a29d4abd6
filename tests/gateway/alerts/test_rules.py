"""Rules at a place: scope, overrides, limits; and what a file of rules may not say."""

from pathlib import Path

import pytest

from gateway.alerts.checks import rule_faults
from gateway.alerts.rule_files import default_rules, load_rules
from gateway.alerts.rules import Place, Rules, merged
from gateway.alerts.settings import OverrideConfig, RuleConfig
from gateway.alerts.words import Severity, When
from gateway.errors import ConfigurationError
from telemetry.quantities import WIRE_QUANTITIES

HALL = Place("north", "b001", "hall", "hall-air", "air")
CO2 = RuleConfig(name="co2", severity=Severity.WARNING, quantity="co2_ppm", above=1000, recover=900, for_s=600)


def test_a_rule_applies_where_its_scope_fits() -> None:
    for scope, fits in (
        ({}, True),
        ({"region": "north", "site": "b001", "room": "hall", "point": "hall-air", "kind": "air"}, True),
        ({"region": "south"}, False),
        ({"site": "b002"}, False),
        ({"room": "vault"}, False),
        ({"point": "other"}, False),
        ({"kind": "lift"}, False),
    ):
        rule = RuleConfig(name="r", severity=Severity.INFO, quantity="co2_ppm", above=1, **scope)
        assert bool(Rules([rule]).for_air(HALL)) is fits, scope


def test_the_last_override_that_fits_counts() -> None:
    overrides = (
        OverrideConfig(region="north", above=1200.0, severity=Severity.INFO),
        OverrideConfig(site="b001", above=1300.0),
        OverrideConfig(site="b001", room="vault", off=True),
    )
    rules = Rules([RuleConfig(name="r", severity=Severity.WARNING, quantity="co2_ppm", above=1000, override=overrides)])
    (rule,) = rules.for_air(HALL)["co2_ppm"]
    assert (rule.limit, rule.config.severity) == (1300.0, Severity.INFO)
    assert rules.for_air(HALL._replace(room="vault")) == {}
    (elsewhere,) = rules.for_air(HALL._replace(region="south", site="b9"))["co2_ppm"]
    assert (elsewhere.limit, elsewhere.config.severity) == (1000.0, Severity.WARNING)


def test_limits_above_and_below() -> None:
    (rule,) = Rules([CO2]).for_air(HALL)["co2_ppm"]
    assert [rule.is_beyond(value) for value in (1000.0, 1000.1)] == [False, True]
    assert [rule.is_quiet(value) for value in (900.0, 900.1)] == [True, False]
    cold = RuleConfig(name="cold", severity=Severity.INFO, quantity="temperature_c", below=16, recover=17)
    (rule,) = Rules([cold]).for_air(HALL)["temperature_c"]
    assert [rule.is_beyond(value) for value in (16.0, 15.9)] == [False, True]
    assert [rule.is_quiet(value) for value in (17.0, 16.9)] == [True, False]


def test_facility_points_get_the_rules_of_their_kind() -> None:
    rules = Rules(default_rules())
    kinds = {
        "call-toilet": [When.CALL] + [When.FACILITY] * 2,
        "sensor": [When.SENSOR_FAULT],
        "calibration": [],
        "lift": [When.FACILITY] * 2,
    }
    for kind, whens in kinds.items():
        assert [rule.config.when for rule in rules.for_facility(Place("n", "b", "hall", "p", kind))] == whens


def test_the_default_rules_are_good_and_each_has_its_source() -> None:
    assert list(rule_faults(default_rules())) == []
    assert all(rule.source for rule in default_rules())
    watched = {rule.quantity for rule in default_rules() if rule.when is When.THRESHOLD}
    assert watched < set(WIRE_QUANTITIES)
    assert {rule.when for rule in default_rules()} == set(When) - {When.RATE}


def test_a_rule_of_ones_own_takes_the_place_of_its_namesake() -> None:
    own = RuleConfig(name="co2-high", severity=Severity.INFO, quantity="co2_ppm", above=800, off=True)
    rules = Rules(merged(default_rules(), [own]))
    assert "co2-high" not in {rule.name for rule in rules.all}
    assert len(rules.all) == len(default_rules()) - 1


HEAD = '[[rule]]\nname = "r"\nseverity = "warning"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEAD, ["$.rule[0].quantity", "is missing"]),
        (HEAD + 'quantity = "co2"\nabove = 1', ["$.rule[0].quantity", "did you mean 'co2_ppm'"]),
        (HEAD + 'quantity = "co2_ppm"', ["$.rule[0]", "either above or below"]),
        (HEAD + 'when = "call"\nabove = 1', ["$.rule[0].above", "means nothing"]),
        (HEAD + 'when = "health"\nquantity = "cpu"\nabove = 1', ["did you mean 'cpu_c'"]),
        (HEAD + 'when = "hearsay"', ["$.rule[0].when", "give one of threshold, rate"]),
        (HEAD.replace("warning", "loud"), ["$.rule[0].severity", "info, warning, critical, emergency"]),
        (HEAD + 'quantity = "co2_ppm"\nabove = 1\nrecover = 2', ["$.rule[0].recover", "never end"]),
        (
            HEAD + 'quantity = "co2_ppm"\nabove = 9\nrecover = 8\n[[rule.override]]\nabove = 7',
            ["$.rule[0].override[0].recover", "never end"],
        ),
        (
            HEAD + 'quantity = "co2_ppm"\nabove = 9\n[[rule.override]]\nbelow = 7',
            ["$.rule[0].override[0]", "other side"],
        ),
        (HEAD + 'when = "call"\n' + HEAD + 'when = "call"', ["$.rule[1].name", "twice"]),
        ("[[rules]]", ["$.rules", "did you mean 'rule'"]),
        ("rule = ", ["no TOML"]),
    ],
)
def test_a_fault_is_named_by_its_place(tmp_path: Path, text: str, words: list[str]) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_rules(file)
    for word in words:
        assert word in str(caught.value)


def test_a_gateways_configuration_is_a_file_of_rules_too(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text(f'gateway = "g"\nregions = ["n"]\n{HEAD}when = "call"\n[http]\nport = 1\n', encoding="utf-8")
    names = [rule.name for rule in load_rules(file).rule]
    assert names == [*(rule.name for rule in default_rules()), "r"], "a gateway follows the default rules too"
    file.write_text(file.read_text("utf-8") + "[alerts]\ndefaults = false\n", encoding="utf-8")
    assert [rule.name for rule in load_rules(file).rule] == ["r"]


def test_a_file_of_rules_means_these_unless_the_default_ones_are_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(f'{HEAD}when = "call"\n', encoding="utf-8")
    assert [rule.name for rule in load_rules(file).rule] == ["r"]
    assert len(load_rules(file, defaults=True).rule) == len(default_rules()) + 1
    file.write_text(f'{HEAD}when = "call"\noff = true\n', encoding="utf-8")
    with pytest.raises(ConfigurationError, match="--defaults"):
        load_rules(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.toml"):
        load_rules(tmp_path / "none.toml")
