"""Whether a dashboard in Grafana still is the one we built, whatever Grafana itself has added to it.

A save from Grafana's own pages fills in defaults; those recorded from a real Grafana are dropped before the two are
compared, on both sides, so that only what a person changed is left.
"""

from typing import Any, Final

from dashboards.library import Dashboard

_OWN_FIELDS: Final = ("id", "version")

_TOP_DEFAULTS: Final[Dashboard] = {
    "annotations": {"list": []},
    "editable": True,
    "fiscalYearStartMonth": 0,
    "graphTooltip": 0,
    "links": [],
    "liveNow": False,
    "revision": 1,
    "style": "dark",
    "tags": [],
    "timepicker": {},
    "timezone": "",
    "weekStart": "",
    "templating": {"list": []},
}
_VARIABLE_DEFAULTS: Final[dict[str, Any]] = {
    "skipUrlSync": False,
    "definition": "",
    "hide": 0,
    "includeAll": False,
    "multi": False,
    "options": [],
    "regex": "",
    "sort": 0,
    "allowCustomValue": True,
    "auto": False,
    "auto_count": 30,
    "auto_min": "10s",
}
_PANEL_DEFAULTS: Final[dict[str, Any]] = {
    "transparent": False,
    "repeatDirection": "h",
    "fieldConfig": {"defaults": {}, "overrides": []},
    "options": {},
}
_CUSTOM_DEFAULTS: Final[dict[str, Any]] = {
    "align": "auto",
    "axisCenteredZero": False,
    "axisColorMode": "text",
    "axisLabel": "",
    "axisPlacement": "auto",
    "barAlignment": 0,
    "displayMode": "auto",
    "drawStyle": "line",
    "fillOpacity": 0,
    "gradientMode": "none",
    "hideFrom": {"legend": False, "tooltip": False, "viz": False},
    "inspect": False,
    "lineInterpolation": "linear",
    "lineWidth": 1,
    "pointSize": 5,
    "scaleDistribution": {"type": "linear"},
    "showPoints": "auto",
    "spanNulls": False,
    "stacking": {"group": "A", "mode": "none"},
    "thresholdsStyle": {"mode": "off"},
}
_FIELD_DEFAULTS: Final[dict[str, Any]] = {
    "color": {"mode": "palette-classic"},
    "custom": {},
    "mappings": [],
}
_OPTION_DEFAULTS: Final[dict[str, Any]] = {
    "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True},
    "tooltip": {"mode": "single", "sort": "none"},
    "footer": {"countRows": False, "fields": "", "reducer": ["sum"], "show": False},
    "showHeader": True,
}
_LEGEND_DEFAULTS: Final[dict[str, Any]] = {
    "calcs": [],
    "displayMode": "list",
    "placement": "bottom",
    "showLegend": True,
}
_TOOLTIP_DEFAULTS: Final[dict[str, Any]] = {"sort": "none"}
_THRESHOLDS_DEFAULT: Final = {
    "mode": "absolute",
    "steps": [{"color": "green", "value": None}, {"color": "red", "value": 80}],
}


def differences(kept: Dashboard, wanted: Dashboard) -> list[str]:
    """The places at which two dashboards differ, as paths (`$.panels[3].title`); empty if they are the same."""
    return sorted(_compare(normal(kept), normal(wanted), "$"))


def normal(board: Dashboard) -> Dashboard:
    """The dashboard without what Grafana gives it and without the defaults that its own pages fill in."""
    top = _without(board, _TOP_DEFAULTS)
    for field in _OWN_FIELDS:
        top.pop(field, None)
    annotations = [one for one in board.get("annotations", {}).get("list", []) if not one.get("builtIn")]
    top.pop("annotations", None)
    if annotations:
        top["annotations"] = annotations
    variables = board.get("templating", {}).get("list", [])
    # What is chosen in a variable at the moment, and the choices a query gave, are no part of the dashboard's shape.
    top["templating"] = [_drop(_without(one, _VARIABLE_DEFAULTS), "current", "options") for one in variables]
    top["panels"] = [_panel(one) for one in board.get("panels", [])]
    return top


def _panel(panel: dict[str, Any]) -> dict[str, Any]:
    slim = _drop(_without(panel, _PANEL_DEFAULTS), "pluginVersion")
    config = panel.get("fieldConfig") or {}
    fields = dict(config.get("defaults") or {})
    fields["custom"] = _without(fields.get("custom") or {}, _CUSTOM_DEFAULTS)
    if fields.get("thresholds") == _THRESHOLDS_DEFAULT:
        del fields["thresholds"]
    slim["fieldConfig"] = {"defaults": _without(fields, _FIELD_DEFAULTS), "overrides": config.get("overrides") or []}
    options = dict(panel.get("options") or {})
    for name, defaults in (("legend", _LEGEND_DEFAULTS), ("tooltip", _TOOLTIP_DEFAULTS)):
        if isinstance(options.get(name), dict):
            options[name] = {**defaults, **options[name]}
    slim["options"] = _without(options, _OPTION_DEFAULTS)
    slim["panels"] = [_panel(one) for one in panel.get("panels") or []]
    return slim


def _without(given: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in given.items() if key not in defaults or value != defaults[key]}


def _drop(given: dict[str, Any], *fields: str) -> dict[str, Any]:
    return {key: value for key, value in given.items() if key not in fields}


def _compare(kept: Any, wanted: Any, place: str) -> list[str]:
    if isinstance(kept, dict) and isinstance(wanted, dict):
        places = []
        for key in kept.keys() | wanted.keys():
            if key in kept and key in wanted:
                places += _compare(kept[key], wanted[key], f"{place}.{key}")
            else:
                places.append(f"{place}.{key}")
        return places
    if isinstance(kept, list) and isinstance(wanted, list) and len(kept) == len(wanted):
        return [
            where
            for number, (left, right) in enumerate(zip(kept, wanted, strict=True))
            for where in _compare(left, right, f"{place}[{number}]")
        ]
    return [] if kept == wanted else [place]
