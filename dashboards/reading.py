"""What a dashboard's JSON asks of Prometheus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import promql_parser

Board: TypeAlias = Mapping[str, Any]
"""A dashboard, parsed from its JSON."""

JOB_ASKED: Final = "xero"
"""What stands for the variable in a query that is parsed."""

RATE_INTERVAL: Final = "$__rate_interval"
_IDS: Final = "$organization_id"


@dataclass(frozen=True, slots=True)
class Query:
    """One query of a dashboard.

    Attributes:
        where: the panel, variable or annotation, for people.
        expr: PromQL with Grafana's variables.
        instant: whether it is of the end of the range alone.
        empty: what no data means; nothing where no data is a fault.
    """

    where: str
    expr: str
    instant: bool
    empty: str = ""

    def filled(self, *, job: str, organization_id: str, rate_interval: str) -> str:
        """The query with these in place of variables."""
        text = self.expr.replace(RATE_INTERVAL, rate_interval)
        return text.replace("$job", job).replace(_IDS, organization_id)

    def parsed(self) -> promql_parser.Expr:
        """The query as a tree.

        Raises:
            ValueError: it is no PromQL.
        """
        return promql_parser.parse(self.filled(job=JOB_ASKED, organization_id="org-1", rate_interval="5m"))


def panels(board: Board) -> Iterator[Mapping[str, Any]]:
    """Every panel but the heads of rows."""
    return (panel for panel in board["panels"] if panel["type"] != "row")


def queries(board: Board) -> Iterator[Query]:
    """Every query: of panels, of annotations, of variables."""
    for panel in panels(board):
        empty = panel["fieldConfig"]["defaults"].get("noValue", "")
        for target in panel.get("targets", []):
            yield Query(f"{panel['title']} {target['refId']}", target["expr"], bool(target.get("instant")), empty)
    for annotation in board["annotations"]["list"]:
        yield Query(f"annotation {annotation['name']}", annotation["expr"], instant=False, empty="nothing began")
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            inside = str(variable["query"]["query"]).removeprefix("label_values(").removesuffix(")")
            selector, _, label = inside.rpartition(",")
            yield Query(f"variable {variable['name']}", f"count by ({label.strip()}) ({selector})", instant=True)


def nodes(expr: promql_parser.Expr) -> list[promql_parser.Expr]:
    """Every node of the tree; the selector inside a range stands for itself."""
    found: list[promql_parser.Expr] = []
    promql_parser.walk(expr, found.append)
    return found
