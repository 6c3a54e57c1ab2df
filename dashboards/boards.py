"""What every dashboard has: variables, links, annotations, rows of panels, and the numbers of these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as model

from alerts.writing import RUNBOOKS
from dashboards.annotations import begins
from dashboards.panels import SOURCE, AnyPanel
from dashboards.queries import Spans

TAG: Final = "xero-exporter"
"""By which dashboards find each other: one that is added later is linked from all others at once."""

HERE: Final = "&${datasource:queryparam}&${job:queryparam}&${__url_time_range}"
"""What a link to another dashboard carries along."""

TO_ORGANIZATION: Final = "/d/xero-organization?var-organization_id=${__data.fields.Organisation}" + HERE
"""From a row with a column Organisation to that organisation's dashboard."""


RUNBOOK: Final = RUNBOOKS + "/${__data.fields.Alert}.md"
"""From a row with a column Alert to its runbook; `xero-exporter bundle --runbooks-url` fills the address in."""


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one head.

    Attributes:
        title: its head; empty for the first, which needs none.
        panels: left to right, each line of them 24 columns wide.
    """

    title: str
    panels: Sequence[AnyPanel]


def board(
    uid: str,
    title: str,
    description: str,
    rows: Sequence[Row],
    *,
    alerts: str,
    spans: Spans,
    variables: Sequence[dashboard.TextBoxVariable] = (),
    links: Sequence[dashboard.DashboardLink] = (),
    annotations: Sequence[dashboard.AnnotationQuery] = (),
) -> dict[str, object]:
    """A dashboard as it is written, panels numbered.

    Args:
        uid: by which links find it.
        title: as lists show it.
        description: what it is for.
        rows: its panels.
        alerts: whose begin is marked in graphs, as a selector of ``ALERTS``.
        spans: durations of queries.
        variables: further ones.
        links: further ones.
        annotations: further ones.
    """
    made = (
        dashboard.Dashboard(title)
        .uid(uid)
        .description(description)
        .tags([TAG])
        .time("now-6h", "now")
        .refresh("1m")
        .timezone("browser")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .variables([_datasource(), _job(), *variables])
        .annotations([begins(alerts, spans), *annotations])
        .links([_others(), *links])
    )
    number = 0
    for row in rows:
        if row.title:
            number += 1
            made = made.with_row(dashboard.Row(row.title).id(number))
        for panel in row.panels:
            number += 1
            made = made.with_panel(panel.id(number))
    return made.build().to_json()


def _datasource() -> dashboard.DatasourceVariable:
    variable = dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus")
    return variable.description("The Prometheus that scrapes the exporter and evaluates its rules.")


def _job() -> dashboard.QueryVariable:
    variable = dashboard.QueryVariable("job").label("Job").datasource(SOURCE)
    variable = variable.query({"query": "label_values(xero_exporter_build_info, job)", "refId": "job"})
    variable = variable.refresh(model.VariableRefresh.ON_DASHBOARD_LOAD).sort(model.VariableSort.ALPHABETICAL_ASC)
    return variable.description("The scrape job of the exporters; the rules know it as xero.")


def _others() -> dashboard.DashboardLink:
    link = dashboard.DashboardLink("Xero").type(model.DashboardLinkType.DASHBOARDS).tags([TAG])
    return link.include_vars(True).keep_time(True).as_dropdown(False).tooltip("The other dashboards, for the same time")
