"""What all dashboards share: numbering, the data source, targets, the branch."""

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as models

from dashboards.influxql import InfluxQuery, Target
from dashboards.words import Language, word


def numbered(board: models.Dashboard) -> models.Dashboard:
    """Panels with ids in their order: Grafana would give its own, and every publish would look like a change."""
    for number, panel in enumerate(board.panels or [], start=1):
        panel.id_val = number
    return board


def source(uid: str) -> models.DataSourceRef:
    """The InfluxDB data source of that uid."""
    return models.DataSourceRef(type_val="influxdb", uid=uid)


def target(
    ref_id: str, measurement: str, query: str, alias: str, uid: str, *, result_format: str = "time_series"
) -> Target:
    """One query of a panel."""
    wanted = InfluxQuery(
        ref_id=ref_id,
        measurement=measurement,
        query=query,
        alias=alias,
        datasource_uid=uid,
        result_format=result_format,
    )
    return Target(wanted)


def site_variable(language: Language, uid: str, query: str, *, all_of_them: bool = False) -> dashboard.QueryVariable:
    """The branch, chosen out of those that the query names; with `all_of_them` several or all."""
    variable = (
        dashboard.QueryVariable("site")
        .label(word("branch", language))
        .datasource(source(uid))
        .query(query)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(all_of_them)
        .include_all(all_of_them)
    )
    if not all_of_them:
        return variable
    return variable.all_value(".*").current(models.VariableOption(text="All", value="$__all", selected=True))
