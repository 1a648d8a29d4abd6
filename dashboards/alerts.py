"""The dashboard of alerts: what rose, who was slow to answer, what changed last; of all branches or of some."""

from typing import Final

from grafana_foundation_sdk.builders import common, dashboard, stat, table, timeseries
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models

from dashboards.influxql import ALERT_SITES, alert_changes, alerts_by, alerts_over_time
from dashboards.panels import numbered, site_variable, source, target
from dashboards.places import SOURCE_UID, long_source
from dashboards.words import Language, word

UID: Final = "openhall-alerts"
COLOURS: Final = {"emergency": "dark-red", "critical": "red", "warning": "orange", "info": "blue"}

_STATES: Final = ("unacknowledged", "acknowledged", "returned-unacknowledged", "shelved", "suppressed", "normal")


def build(language: Language, source_uid: str = SOURCE_UID) -> models.Dashboard:
    """The dashboard in one language, on the InfluxDB data source of the bucket `openhall_long`."""
    uid = long_source(source_uid)
    board = (
        dashboard.Dashboard(word("alerts_title", language))
        .uid(UID if language == "en" else f"{UID}-{language}")
        .description(word("alerts_description", language))
        .tags(["openhall", "alerts", language])
        .timezone("browser")
        .refresh("30s")
        .time("now-7d", "now")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .with_variable(site_variable(language, uid, ALERT_SITES, all_of_them=True))
        .with_row(dashboard.Row(word("alerts_counts", language)))
    )
    for state in _STATES:
        board = board.with_panel(_count_panel(state, language, uid))
    return numbered(
        board.with_panel(_risen_panel(language, uid))
        .with_panel(_by_panel("rule", language, uid))
        .with_panel(_by_panel("site", language, uid))
        .with_row(dashboard.Row(word("alerts_changes", language)))
        .with_panel(_changes_panel(language, uid))
        .build()
    )


def _count_panel(state: str, language: Language, uid: str) -> stat.Panel:
    return (
        stat.Panel()
        .title(word(f"alerts_{state.replace('-', '_')}", language))
        .description(word("alerts_count_note", language))
        .datasource(source(uid))
        .with_target(target("A", "alert", alerts_by(state), "", uid))
        .unit("short")
        .decimals(0)
        .reduce_options(common.ReduceDataOptions().calcs(["sum"]).values(False))
        .no_value("0")
        .span(4)
        .height(4)
    )


def _risen_panel(language: Language, uid: str) -> timeseries.Panel:
    panel = (
        timeseries.Panel()
        .title(word("alerts_risen", language))
        .description(word("alerts_risen_note", language))
        .datasource(source(uid))
        .with_target(target("A", "alert", alerts_over_time(), "[[tag_severity]]", uid))
        .interval("1h")
        .unit("short")
        .decimals(0)
        .min(0)
        .draw_style(common_models.GraphDrawStyle.BARS)
        .fill_opacity(70)
        .stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL))
        .span(24)
        .height(8)
    )
    for severity, colour in COLOURS.items():
        fixed = models.DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": colour})
        panel = panel.override_by_name(severity, [fixed])
    return panel


def _by_panel(tag: str, language: Language, uid: str) -> stat.Panel:
    return (
        stat.Panel()
        .title(word(f"alerts_by_{tag}", language))
        .datasource(source(uid))
        .with_target(target("A", "alert", alerts_by("unacknowledged", tag), f"[[tag_{tag}]]", uid))
        .unit("short")
        .decimals(0)
        .reduce_options(common.ReduceDataOptions().calcs(["sum"]).values(False))
        .text_mode(common_models.BigValueTextMode.VALUE_AND_NAME)
        .no_value("0")
        .span(12)
        .height(8)
    )


def _changes_panel(language: Language, uid: str) -> table.Panel:
    return (
        table.Panel()
        .title(word("alerts_changes", language))
        .description(word("alerts_changes_note", language))
        .datasource(source(uid))
        .with_target(target("A", "alert", alert_changes(), "", uid, result_format="table"))
        .no_value("–")
        .span(24)
        .height(14)
    )
