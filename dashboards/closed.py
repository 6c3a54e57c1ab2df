"""The closed lists from which label values come: what a query looks for must be there, or it finds nothing for ever."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

import promql_parser

from alerts.entries import Scope, Severity
from alerts.table import all_alerts
from exporter.model.action import ActionKind, ActionState, AttemptOutcome, Mode, TriggerSource
from exporter.model.asked import LeftOut
from exporter.model.holds import Hold
from exporter.model.words import (
    Failure,
    Freshness,
    IncidentKind,
    Issue,
    Reason,
    RosterSource,
    ServiceStatus,
    SyncStatus,
    SyncType,
    Verdict,
)
from exporter.telemetry.families import SCRAPE_FORMATS, UPSTREAMS
from exporter.telemetry.remediation_families import CODES, RECORDED, WINDOWS

CLOSED: Final[Mapping[str, frozenset[str]]] = {
    "alertname": frozenset(alert.name for alert in all_alerts()),
    "alertstate": frozenset({"firing", "pending"}),
    "code": frozenset(str(code) for code in CODES),
    "failure": frozenset(Failure),
    "format": frozenset(SCRAPE_FORMATS),
    "freshness": frozenset(Freshness),
    "hold": frozenset(Hold),
    "issue": frozenset(Issue),
    "kind": frozenset(IncidentKind) | frozenset(ActionKind),
    "mode": frozenset(Mode),
    "outcome": frozenset(AttemptOutcome),
    "reason": frozenset(Reason),
    "result": frozenset(RECORDED) | frozenset(LeftOut),
    "scope": frozenset(Scope),
    "severity": frozenset(Severity),
    "source": frozenset(RosterSource) | frozenset(TriggerSource),
    "state": frozenset(ActionState),
    "status": frozenset(SyncStatus) | frozenset(ServiceStatus),
    "sync_type": frozenset(SyncType),
    "upstream": frozenset(UPSTREAMS),
    "verdict": frozenset(Verdict),
    "window": frozenset(WINDOWS),
}
"""The values of each label that has a closed list, of all families that have a label of that name."""

_WORDS: Final = re.compile(r"\w+(\|\w+)*")


def unknown_values(selector: promql_parser.VectorSelector) -> Iterator[str]:
    """Values that a selector looks for and that its label never has.

    Args:
        selector: of a query. Expressions that are more than words with bars between them are left alone.
    """
    for matcher in selector.matchers.matchers:
        known = CLOSED.get(matcher.name)
        if known is None or not _WORDS.fullmatch(matcher.value):
            continue
        exact = matcher.op in (promql_parser.MatchOp.Equal, promql_parser.MatchOp.NotEqual)
        for value in [matcher.value] if exact else matcher.value.split("|"):
            if value not in known:
                yield f"{selector.name}: the label {matcher.name} is never {value}"
