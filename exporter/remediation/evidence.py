"""What the executor judges by, taken from the snapshot and from a fresh reading. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from exporter.model.action import Action, Trigger, TriggerSource
from exporter.model.facts import OrganizationState, Reading, Snapshot
from exporter.model.judgement import CONNECTION_ISSUES, Thresholds
from exporter.model.limits import Fleetwide
from exporter.model.words import Freshness
from exporter.observe.fold import absorb, age
from exporter.remediation.ledger.upkeep import Episode
from exporter.remediation.policy import Wanted


def fleetwide(snapshot: Snapshot, organization_id: str) -> Fleetwide:
    """How the fleet stands, for one claim."""
    incidents = snapshot.judgement.incidents.values()
    state = snapshot.state(organization_id)
    return Fleetwide(
        incident=True if True in incidents else None if None in incidents else False,
        known=snapshot.tally.known,
        fresh=snapshot.tally.fresh - snapshot.tally.doubtful,
        unhealthy=snapshot.tally.with_issue,
        target_fresh=state is not None and state.freshness is Freshness.FRESH,
    )


def wanted_of(action: Action) -> Wanted:
    """What an action's trigger asked for. Only a person's word names the call; of an alert, policy does, each time."""
    if action.source is TriggerSource.PERSON:
        return Wanted(action.source, kind=action.kind, parameters=action.parameters)
    return Wanted(action.source, issue=action.issue, since=action.since)


def asked_by(action: Action, triggers: Iterable[Trigger]) -> dict[Wanted, list[int]]:
    """Everything that an action that has not started is there for, the oldest first -> the triggers that ask for it.

    A person's word stands alone. Several breaks of a connection are caught up with from the first on.

    Args:
        action: which.
        triggers: those that are planned for it, the oldest first.
    """
    if action.source is TriggerSource.PERSON:
        return {wanted_of(action): []}
    live = list(triggers)
    breaks = [one.since for one in live if one.source is TriggerSource.RECONNECT and one.since is not None]
    asked: dict[Wanted, list[int]] = {}
    for one in live:
        since = min(breaks, default=None) if one.source is TriggerSource.RECONNECT else one.since
        asked.setdefault(Wanted(one.source, issue=one.issue, since=since), []).append(one.id)
    return asked or {wanted_of(action): []}


def read_afresh(state: OrganizationState | None, reading: Reading, rules: Thresholds) -> OrganizationState | None:
    """What is known of the organisation with this reading; None when it is not on the roster any more."""
    return None if state is None else age(absorb(state, reading, rules), reading.ended, rules)


def presence(episodes: Iterable[Episode], snapshot: Snapshot) -> dict[int, bool]:
    """Episode -> whether its issue is there now, of those of which that can be seen.

    It cannot while the organisation is not fresh, while a broken connection hides all other issues, and while it is in
    doubt. Of an organisation that has left the roster nothing is there any more.
    """
    seen = {}
    for episode in episodes:
        state = snapshot.state(episode.organization_id)
        if state is None:
            seen[episode.id] = False
            continue
        if state.freshness is not Freshness.FRESH:
            continue
        issues = {one.issue for one in state.diagnosis.issues}
        hidden = bool(issues & set(CONNECTION_ISSUES)) or state.diagnosis.leaves_open(episode.issue)
        if episode.issue in issues or not hidden:
            seen[episode.id] = episode.issue in issues
    return seen
