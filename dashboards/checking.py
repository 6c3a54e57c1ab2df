"""What must hold of a dashboard and Grafana's SDK lets pass. Each check gives sentences about what does not hold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import promql_parser
from grafana_foundation_sdk.models import units

from alerts.exporters import WATCHDOG
from dashboards.closed import unknown_values
from dashboards.grouping import labels_left
from dashboards.known import Metric, known_metrics
from dashboards.reading import JOB_ASKED, Board, Query, nodes, panels, queries

COLUMNS: Final = 24
MOST: Final = 100
"""Rows that a query may ask for: with 10,000 organisations a panel of all of them is of use to nobody."""
UNITS: Final = frozenset(value for name, value in vars(units).items() if name[0].isupper() and isinstance(value, str))
"""The units that Grafana knows."""

_UID: Final = re.compile("xero-[a-z]+")
_PLACEHOLDER: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_RATES: Final = frozenset({"rate", "irate", "increase"})


def faults(board: Board) -> list[str]:
    """All that does not hold of a dashboard; nothing when it is as it should be."""
    return [fault for check in CHECKS for fault in check(board)]


def numbers(board: Board) -> Iterator[str]:
    """Each panel has a number of its own, or links and annotations mean another one."""
    for number, times in Counter(panel.get("id") for panel in board["panels"]).items():
        if times > 1 or number is None:
            yield f"{times} panels have the id {number}"


def identity(board: Board) -> Iterator[str]:
    """A uid by which links and alerts find it, and nothing by which Grafana takes it for one of its own database."""
    if _UID.fullmatch(str(board.get("uid"))) is None:
        yield f"the uid {board.get('uid')!r} is none of ours"
    if board.get("id") is not None:
        yield "it has an id, which belongs to one Grafana alone"


def words(board: Board) -> Iterator[str]:
    """Every panel has a title and says what to do."""
    for panel in board["panels"]:
        if not panel.get("title", "").strip():
            yield f"panel {panel.get('id')} has no title"
        if panel["type"] != "row" and not panel.get("description", "").strip():
            yield f"{panel.get('title')}: does not say what to do"


def measures(board: Board) -> Iterator[str]:
    """Every panel has thresholds and a unit that Grafana knows."""
    for panel in panels(board):
        defaults = panel["fieldConfig"]["defaults"]
        given = [defaults.get("unit"), *(value for name, value in _overridden(panel) if name == "unit")]
        for unit in given:
            if unit not in UNITS:
                yield f"{panel['title']}: Grafana knows no unit {unit!r}"
        if not defaults.get("thresholds", {}).get("steps"):
            yield f"{panel['title']}: has no thresholds"


def said(board: Board) -> Iterator[str]:
    """A colour is never the only sign: states have words, and no mapping is a colour alone."""
    for panel in panels(board):
        mappings = [panel["fieldConfig"]["defaults"].get("mappings") or []]
        if panel["type"] == "state-timeline" and not mappings[0]:
            yield f"{panel['title']}: its states have no words"
        mappings += [value for name, value in _overridden(panel) if name == "mappings"]
        results = [result for listed in mappings for one in listed for result in one["options"].values()]
        if any(not result.get("text") for result in results):
            yield f"{panel['title']}: maps a value to a colour without a word"


def sources(board: Board) -> Iterator[str]:
    """Data comes from the source that is chosen above, never from one by name."""
    places = [*panels(board), *board["annotations"]["list"]]
    places += [target for panel in panels(board) for target in panel.get("targets", [])]
    places += [variable for variable in board["templating"]["list"] if variable["type"] == "query"]
    for place in places:
        if place.get("datasource", {}).get("uid") != "${datasource}":
            yield f"{place.get('title') or place.get('name') or place.get('expr')}: its data source is not the variable"


def legends(board: Board) -> Iterator[str]:
    """Every panel asks, and every series has a name that reads, made of labels that its query leaves it."""
    known = known_metrics()
    for panel in panels(board):
        if not panel.get("targets"):
            yield f"{panel['title']}: asks nothing"
        for target in panel.get("targets", []):
            legend = target.get("legendFormat", "")
            if not legend or legend == "__auto":
                yield f"{panel['title']} {target['refId']}: its series have no names"
            wanted = set(_PLACEHOLDER.findall(legend))
            for label in sorted(wanted - _left(target["expr"], known) if wanted else ()):
                yield f"{panel['title']} {target['refId']}: its query leaves no label {label} for its legend"


def asked(board: Board) -> Iterator[str]:
    """Every query is PromQL, of known metrics and labels, with rates of counters and only rates of them."""
    known = known_metrics()
    for query in queries(board):
        try:
            tree = query.parsed()
        except ValueError as error:
            yield f"{query.where}: is no PromQL: {error}"
            continue
        for fault in (*_named(tree, known), *_unbounded(tree)):
            yield f"{query.where}: {fault}"
        if not query.where.startswith("variable"):
            for fault in _of_any_job(tree):
                yield f"{query.where}: {fault}"


def layout(board: Board) -> Iterator[str]:
    """Panels do not overlap, and each line is full: of each cell of the grid there is exactly one."""
    cells = Counter(cell for panel in board["panels"] for cell in _cells(panel["gridPos"]))
    deep = 1 + max(y for _, y in cells)
    for y in range(deep):
        counts = [cells[x, y] for x in range(COLUMNS)]
        if any(count > 1 for count in counts):
            yield f"panels overlap at line {y}"
        if any(count == 0 for count in counts):
            yield f"line {y} is not full"
    if any(x >= COLUMNS for x, _ in cells):
        yield "a panel is wider than the grid"


def chosen(board: Board) -> Iterator[str]:
    """It can be pointed at another Prometheus and job, and links keep time and choice."""
    names = [variable["name"] for variable in board["templating"]["list"]]
    if names[:2] != ["datasource", "job"]:
        yield "its first variables are not datasource and job"
    for link in board["links"]:
        if link["type"] == "dashboards" and not (link["keepTime"] and link["includeVars"]):
            yield f"the link {link['title']} forgets time or variables"
    for panel in panels(board):
        urls = [one["url"] for name, value in _overridden(panel) if name == "links" for one in value]
        if any(url.startswith("/d/") and "${__url_time_range}" not in url for url in urls):
            yield f"{panel['title']}: a link forgets the time"


CHECKS: Final[tuple[Callable[[Board], Iterator[str]], ...]] = (
    numbers,
    identity,
    words,
    measures,
    said,
    sources,
    legends,
    asked,
    layout,
    chosen,
)


def _overridden(panel: Board) -> list[tuple[str, Any]]:
    overrides = panel["fieldConfig"].get("overrides") or []
    return [(one["id"], one["value"]) for override in overrides for one in override["properties"]]


def _cells(place: Board) -> Iterator[tuple[int, int]]:
    for y in range(place["y"], place["y"] + place["h"]):
        for x in range(place["x"], place["x"] + place["w"]):
            yield x, y


def _named(tree: promql_parser.Expr, known: Mapping[str, Metric]) -> Iterator[str]:
    """What is wrong with the names of a query."""
    bare, in_rates = _selectors(tree)
    labels: set[str] = set(_made(tree))
    for selector, rated in (*((one, False) for one in bare), *((one, True) for one in in_rates)):
        metric = known.get(selector.name or "")
        if metric is None:
            yield f"there is no metric {selector.name}"
            continue
        labels |= metric.labels
        yield from unknown_values(selector)
        for matcher in selector.matchers.matchers:
            if matcher.name not in metric.labels:
                yield f"{selector.name} has no label {matcher.name}"
        if metric.counts and not rated:
            yield f"{selector.name} is a counter: only its rate means anything"
        if not metric.counts and rated:
            yield f"{selector.name} is no counter: it has no rate"
    for label in sorted(_grouped(tree) - labels):
        yield f"no metric in it has the label {label}"


def _selectors(tree: promql_parser.Expr) -> tuple[list[Any], list[Any]]:
    """The selectors outside and inside of rates."""
    rates = [
        node.args[0].vector_selector
        for node in nodes(tree)
        if isinstance(node, promql_parser.Call) and node.func.name in _RATES
        if isinstance(node.args[0], promql_parser.MatrixSelector)
    ]
    # The parser gives another object each time: what is inside of rates is told by its text.
    left = Counter(str(selector) for selector in rates)
    bare = []
    for node in nodes(tree):
        if isinstance(node, promql_parser.VectorSelector):
            left[str(node)] -= 1
            if left[str(node)] < 0:
                bare.append(node)
    return bare, rates


def _of_any_job(tree: promql_parser.Expr) -> Iterator[str]:
    """Selectors that are not of the chosen job; the watchdog has none: it is of the rules, not of what they watch."""
    bare, in_rates = _selectors(tree)
    for selector in (*bare, *in_rates):
        of = {matcher.name: matcher.value for matcher in selector.matchers.matchers}
        if of.get("job") != JOB_ASKED and of.get("alertname") != WATCHDOG:
            yield f"{selector.name} is not of the chosen job"


def _unbounded(tree: promql_parser.Expr) -> Iterator[str]:
    """The greatest so many: a number that stands there and that people can read."""
    for node in nodes(tree):
        if not isinstance(node, promql_parser.AggregateExpr) or str(node.op) not in {"topk", "bottomk"}:
            continue
        if not isinstance(node.param, promql_parser.NumberLiteral) or not 1 <= node.param.val <= MOST:
            yield f"{node.op} of {node.param}: must be a number up to {MOST}"


def _left(expr: str, known: Mapping[str, Metric]) -> frozenset[str]:
    try:
        return labels_left(Query("", expr, instant=True).parsed(), known)
    except ValueError:  # told by `asked`
        return frozenset()


def _made(tree: promql_parser.Expr) -> Iterator[str]:
    """The labels that the query itself makes."""
    for node in nodes(tree):
        if isinstance(node, promql_parser.Call) and node.func.name in {"label_replace", "label_join"}:
            yield node.args[1].val


def _grouped(tree: promql_parser.Expr) -> set[str]:
    """The labels by which it groups and joins."""
    found: set[str] = set()
    for node in nodes(tree):
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            found |= set(node.modifier.labels)
        if isinstance(node, promql_parser.BinaryExpr) and node.modifier is not None:
            matching = node.modifier.matching
            found |= set(matching.labels if matching is not None else ()) | set(node.modifier.group_labels or ())
    return found
