"""The dashboard of one branch's air: every quantity, its limit, doubtful values apart, and whether data is complete."""

from typing import Final

from grafana_foundation_sdk.builders import common, dashboard, stat, timeseries
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models

from dashboards.influxql import SITES, backlog, completeness, curve, newest
from dashboards.limits import LIMITS
from dashboards.panels import numbered, site_variable, source, target
from dashboards.places import SOURCE_UID
from dashboards.words import Language, word
from telemetry.quantities import WIRE_QUANTITIES, Quantity

UID: Final = "openhall-branch-air"
WRITE_INTERVAL: Final = "1m"
"""Grafana rounds `$__interval` up to it, so that a slow sensor is a line and not a row of dots."""

_ROWS: Final = {
    "comfort": ("co2_ppm", "temperature_c", "humidity_pct", "pressure_hpa", "air_speed_m_s"),
    "particles": ("pm1_ug_m3", "pm2_5_ug_m3", "pm4_ug_m3", "pm10_ug_m3"),
    "gases": (
        "hcho_ug_m3",
        "tvoc_ug_m3",
        "voc_index",
        "nox_index",
        "nh3_ug_m3",
        "benzene_ug_m3",
        "toluene_ug_m3",
        "xylene_ug_m3",
        "o3_ug_m3",
        "no2_ug_m3",
        "so2_ug_m3",
        "co_ug_m3",
        "radon_bq_m3",
    ),
    "more": ("illuminance_lx", "noise_dba", "occupancy"),
}
_NOW: Final = ("co2_ppm", "temperature_c", "humidity_pct", "hcho_ug_m3", "tvoc_ug_m3", "pm2_5_ug_m3")
_GRAFANA_UNITS: Final = {
    "ppm": "ppm",
    "Cel": "celsius",
    "%RH": "humidity",
    "hPa": "pressurehpa",
    "ug/m3": "conμgm3",
    "Bq": "suffix: Bq/m³",
    "lx": "lux",
    "dB": "dB",
    "m/s": "velocityms",
    "count": "short",
    "/": "short",
}
_GOOD: Final = "green"
_BAD: Final = "red"
_DOUBTFUL: Final = "orange"
_PLACE: Final = "[[tag_room]] / [[tag_point]]"


def build(language: Language, source_uid: str = SOURCE_UID) -> models.Dashboard:
    """The dashboard in one language, on the InfluxDB data source of that uid (bucket `openhall`)."""
    board = (
        dashboard.Dashboard(word("title", language))
        .uid(UID if language == "en" else f"{UID}-{language}")
        .description(word("description", language))
        .tags(["openhall", "air", language])
        .timezone("browser")
        .refresh("30s")
        .time("now-24h", "now")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .with_variable(site_variable(language, source_uid, SITES))
        .with_variable(_quantity_variable(language))
    )
    board = board.with_row(dashboard.Row(word("now", language)))
    for name in _NOW:
        board = board.with_panel(_now_panel(WIRE_QUANTITIES[name], language, source_uid))
    for row, names in _ROWS.items():
        board = board.with_row(dashboard.Row(word(row, language)))
        for name in names:
            board = board.with_panel(_curve_panel(WIRE_QUANTITIES[name], language, source_uid))
    board = board.with_row(dashboard.Row(word("data", language)))
    board = board.with_panel(_completeness_panel(language, source_uid)).with_panel(_backlog_panel(language, source_uid))
    return numbered(board.build())


def _title(quantity: Quantity, language: Language) -> str:
    return quantity.title_en if language == "en" else quantity.title_zh


def _quantity_variable(language: Language) -> dashboard.CustomVariable:
    options = [
        models.VariableOption(text=_title(one, language), value=one.name, selected=one.name == "co2_ppm")
        for one in WIRE_QUANTITIES.values()
    ]
    # In a custom variable a comma parts the options and " : " a text from its value.
    return (
        dashboard.CustomVariable("quantity")
        .label(word("quantity", language))
        .values(",".join(f"{option.text} : {option.value}" for option in options))
        .current(options[0])
        .options(options)
        .multi(False)
        .include_all(False)
    )


def _thresholds(quantity: Quantity) -> dashboard.ThresholdsConfig:
    limit = LIMITS.get(quantity.name)
    steps = [models.Threshold(value=None, color=_GOOD)]
    if limit is not None and limit.low is not None:
        steps = [models.Threshold(value=None, color=_BAD), models.Threshold(value=limit.low, color=_GOOD)]
    if limit is not None and limit.high is not None:
        steps.append(models.Threshold(value=limit.high, color=_BAD))
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def _limit_text(quantity: Quantity, language: Language) -> str:
    limit = LIMITS.get(quantity.name)
    if quantity.unit == "/":
        return word("index", language)
    if limit is None:
        return word("no_limit", language)
    if limit.low is not None and limit.high is not None:
        span = f"{limit.low:g} - {limit.high:g}"
    else:
        span = f"{word('below', language)} {limit.high:g}"
    return f"{word('limit', language)}: {span} {quantity.display_unit} ({limit.source})"


def _now_panel(quantity: Quantity, language: Language, uid: str) -> stat.Panel:
    return (
        stat.Panel()
        .title(_title(quantity, language))
        .description(_limit_text(quantity, language))
        .datasource(source(uid))
        .with_target(target("A", "air", newest(quantity.name), _PLACE, uid))
        .unit(_GRAFANA_UNITS[quantity.unit])
        .decimals(quantity.decimals)
        .thresholds(_thresholds(quantity))
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .no_value("–")
        .span(4)
        .height(5)
    )


def _curve_panel(quantity: Quantity, language: Language, uid: str) -> timeseries.Panel:
    suspect = f"{word('suspect', language)}: {_PLACE}"
    doubtful = [
        models.DynamicConfigValue(id_val="custom.drawStyle", value="points"),
        models.DynamicConfigValue(id_val="custom.pointSize", value=6),
        models.DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": _DOUBTFUL}),
    ]
    has_limit = quantity.name in LIMITS
    style = common_models.GraphThresholdsStyleMode.DASHED if has_limit else common_models.GraphThresholdsStyleMode.OFF
    return (
        _time_series(_title(quantity, language), _limit_text(quantity, language), uid)
        .with_target(target("A", "air", curve(quantity.name), _PLACE, uid))
        .with_target(target("B", "air", curve(f"{quantity.name}_suspect"), suspect, uid))
        .override_by_query("B", doubtful)
        .unit(_GRAFANA_UNITS[quantity.unit])
        .decimals(quantity.decimals)
        .thresholds(_thresholds(quantity))
        .thresholds_style(common.GraphThresholdsStyleConfig().mode(style))
        .color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.PALETTE_CLASSIC))
    )


def _time_series(title: str, description: str, uid: str) -> timeseries.Panel:
    return (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(source(uid))
        .interval(WRITE_INTERVAL)
        .legend(
            common.VizLegendOptions()
            .show_legend(True)
            .display_mode(common_models.LegendDisplayMode.LIST)
            .placement(common_models.LegendPlacement.BOTTOM)
        )
        .tooltip(common.VizTooltipOptions().mode(common_models.TooltipDisplayMode.MULTI))
        .span(12)
        .height(8)
    )


def _completeness_panel(language: Language, uid: str) -> timeseries.Panel:
    return (
        _time_series(word("completeness", language), word("completeness_note", language), uid)
        .with_target(target("A", "air", completeness("$quantity"), _PLACE, uid))
        .unit("percent")
        .min(0)
        .max(100)
        .draw_style(common_models.GraphDrawStyle.BARS)
        .fill_opacity(60)
    )


def _backlog_panel(language: Language, uid: str) -> timeseries.Panel:
    return (
        _time_series(word("backlog", language), word("backlog_note", language), uid)
        .with_target(target("A", "agent", backlog(), "[[tag_agent]]", uid))
        .unit("short")
        .decimals(0)
        .min(0)
    )
