"""Counts what remediation does. How it stands is told from the ledger; while that cannot be read, it is not told."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from prometheus_client import CollectorRegistry, Counter

from exporter.model.accounts import Account
from exporter.model.action import ActionState, AttemptOutcome, Mode, TriggerSource
from exporter.model.asked import LeftOut, Receipt
from exporter.model.family import Family
from exporter.model.limits import Limits
from exporter.telemetry.gauges import WholeGauge
from exporter.telemetry.instruments import Instruments
from exporter.telemetry.remediation_families import CODES, ENDED, RECORDED, REMEDIATION_FAMILIES

_FAMILIES: Final[Mapping[str, Family]] = MappingProxyType(
    {family.name.removeprefix("xero_exporter_remediation_"): family for family in REMEDIATION_FAMILIES}
)


class RemediationMetrics:
    """The metrics of remediation; every known counter starts at 0. To be used from the thread of the event loop."""

    def __init__(self, registry: CollectorRegistry) -> None:
        make = Instruments(_FAMILIES, registry)
        self._mode = WholeGauge(make.gauge("mode"))
        self._ledger_up = make.optional("ledger_up")
        self._ledger_created = make.optional("ledger_created_timestamp_seconds")
        self._executing = make.optional("executing")
        self._paused_since = make.optional("paused_since_timestamp_seconds")
        self._paused = make.optional("paused")
        self._storm = make.optional("storm")
        self._blind = make.optional("blind")
        self._breaker_open = make.optional("breaker_open")
        self._credential_refused = make.optional("credential_refused")
        self._actions = WholeGauge(make.gauge("actions"))
        self._held = WholeGauge(make.gauge("held_actions"))
        self._waiting = make.optional("waiting_triggers")
        self._budget = WholeGauge(make.gauge("budget_calls"))
        self._limit = WholeGauge(make.gauge("budget_limit_calls"))
        triggers, entered = make.counter("triggers_total"), make.counter("transitions_total")
        self._triggers = {source: triggers.labels(source) for source in TriggerSource}
        self._entered = {state: entered.labels(state) for state in ActionState}
        attempts = make.counter("attempts_total")
        self._attempts: dict[AttemptOutcome, Counter] = {outcome: attempts.labels(outcome) for outcome in ENDED}
        self._verified = make.histogram("verified_seconds")
        requests, alerts = make.counter("webhook_requests_total"), make.counter("webhook_alerts_total")
        self._requests = {code: requests.labels(str(code)) for code in CODES}
        self._alerts = {result: alerts.labels(result) for result in (*RECORDED, *LeftOut)}

    def rules(self, limits: Limits) -> None:
        """Says what is configured."""
        self._mode.set({str(mode): int(mode is limits.mode) for mode in Mode})
        self._limit.set({"hour": limits.per_hour, "day": limits.per_day})

    def blind(self, blind: bool | None) -> None:  # noqa: FBT001 - the answer itself, not a switch
        """Says whether too little is known to judge anybody; None takes the sample away."""
        self._blind.set(None if blind is None else int(blind))

    def stands(self, account: Account, now: float) -> None:
        """Says how the ledger stands, and counts what is new in it.

        Args:
            account: by the ledger; what is new is counted once.
            now: seconds since 1970 UTC.
        """
        gate, totals = account.gate, account.totals
        self._ledger_up.set(1)
        self._ledger_created.set(gate.created_at)
        self._executing.set(int(gate.obeyed(now)))
        self._paused_since.set(gate.paused_at)
        self._paused.set(int(gate.paused_at is not None))
        self._storm.set(int(gate.storm_seen_at is not None))
        self._breaker_open.set(int(gate.breaker_opened_at is not None))
        self._credential_refused.set(int(gate.credential_refused_at is not None))
        self._actions.set({str(state): count for state, count in totals.actions.items()})
        self._held.set({str(hold): count for hold, count in totals.held.items()})
        self._waiting.set(totals.waiting)
        self._budget.set({"hour": account.hour, "day": account.day})
        for source, count in account.triggers.items():
            self._triggers[source].inc(count)
        for state, count in account.entered.items():
            self._entered[state].inc(count)
        for outcome, count in account.attempts.items():
            self._attempts[outcome].inc(count)
        for seconds in account.verified:
            self._verified.observe(seconds)

    def unusable(self) -> None:
        """Says that the ledger cannot be used; how it stands is not known then."""
        self.untold()
        self._ledger_up.set(0)

    def untold(self) -> None:
        """Takes away what the ledger says: nobody looks at it."""
        for gauge in (
            self._ledger_up,
            self._ledger_created,
            self._executing,
            self._paused_since,
            self._paused,
            self._storm,
            self._breaker_open,
            self._credential_refused,
            self._waiting,
            self._blind,
        ):
            gauge.set(None)
        for gauges in (self._actions, self._held, self._budget):
            gauges.set({})

    def posted(self, code: int) -> None:
        """Counts a post of an Alertmanager by its answer."""
        if code in self._requests:
            self._requests[code].inc()

    def delivered(self, receipt: Receipt, left: Mapping[LeftOut, int]) -> None:
        """Counts the alerts of an accepted post."""
        self._alerts["recorded"].inc(receipt.recorded)
        self._alerts["repeated"].inc(receipt.repeated)
        for why, count in left.items():
            self._alerts[why].inc(count)
