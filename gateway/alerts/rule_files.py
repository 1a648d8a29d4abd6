"""Reading rules: the defaults that come with the program, and a file of one's own."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from gateway import toml_places
from gateway.alerts.checks import alerts_faults, grade_faults, rule_faults
from gateway.alerts.rules import merged
from gateway.alerts.settings import AlertsConfig, RuleConfig
from gateway.errors import ConfigurationError


class RuleFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of rules, and of whom they would tell."""

    rule: tuple[RuleConfig, ...] = ()
    alerts: AlertsConfig = AlertsConfig()


@cache
def default_rules() -> tuple[RuleConfig, ...]:
    """The rules of the first day."""
    raw = toml_places.parse((files("gateway.alerts") / "defaults.toml").read_bytes(), "defaults.toml")
    return msgspec.convert(raw, RuleFile).rule


def rule_names(own: Sequence[RuleConfig]) -> frozenset[str]:
    """The names of the default rules and of one's own, those that are switched off among them."""
    return frozenset(rule.name for rule in (*default_rules(), *own))


def load_rules(path: Path, *, defaults: bool = False) -> RuleFile:
    """The rules in a file: of its own, or a gateway's whole configuration, of which only these tables are looked at.

    A gateway follows the default rules beside its own unless `[alerts]` says otherwise, and so does its file; a file of
    rules of its own means only these, unless `defaults` asks for the others.

    Raises:
        ConfigurationError: If the file cannot be read, is no TOML, or a rule cannot mean anything; all faults found
            are named by their place.
    """
    try:
        body = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}; give a file of [[rule]] tables") from error
    raw = toml_places.parse(body, str(path))
    is_gateways = "gateway" in raw and "regions" in raw
    if is_gateways:
        raw = {name: table for name, table in raw.items() if name in RuleFile.__struct_fields__}
    found: RuleFile = _converted(raw, path)
    faults: Sequence[tuple[str, str]] = [
        *rule_faults(found.rule),
        *alerts_faults(found.alerts),
        *grade_faults(found.alerts, rule_names(found.rule)),
    ]
    if faults:
        raise ConfigurationError("\n".join(f"{path}: {place}: {text}" for place, text in faults))
    if defaults or (is_gateways and found.alerts.defaults):
        found = msgspec.structs.replace(found, rule=merged(default_rules(), found.rule))
    if not any(not rule.off for rule in found.rule):
        raise ConfigurationError(f"{path}: has no [[rule]] that is on; --defaults takes those that come with OpenHall")
    return found


def _converted(raw: dict[str, Any], path: Path) -> RuleFile:
    try:
        return toml_places.convert(raw, RuleFile)
    except toml_places.ShapeError as error:
        raise ConfigurationError(f"{path}: {error}") from error
