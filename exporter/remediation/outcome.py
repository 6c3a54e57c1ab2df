"""Whether a call helped, by the readings after it. Pure."""

from __future__ import annotations

from typing import Final

from exporter.model.action import Action, Effect
from exporter.model.facts import OrganizationState
from exporter.model.words import Freshness

UNSEEN: Final = 4.0
"""Times `verify_within` after which an action that no reading could judge counts as one that did not help."""

MOST_AHEAD: Final = 120.0
"""Seconds that a sync may lie in the future to count: as much as clocks may differ before nothing is concluded."""


def is_of_the_future(last_sync: float, skew: float | None, now: float) -> bool:
    """Whether a last sync cannot have been yet, by our clock: no call can be verified by it."""
    return last_sync - (skew or 0.0) > now + MOST_AHEAD


def effect(action: Action, state: OrganizationState | None, now: float) -> Effect:
    """What is known by now of an action that was called.

    Verified needs both: fewer failures than before the call (or its issue gone, where the platform does not count,
    and not only in doubt), and a sync after the call. Either alone also happens without us. An answer is no evidence,
    whatever it says.

    Args:
        action: accepted or unknown, with its call's instants.
        state: what is known of its organisation; None when it is not on the roster any more.
        now: seconds since 1970 UTC.
    """
    called, verify_by = action.called_at, action.verify_by
    if called is None or verify_by is None:
        return Effect.INEFFECTIVE
    if called - now > (verify_by - called) * UNSEEN:
        return Effect.INEFFECTIVE  # the clock was ahead at the call: no reading will ever be later than that
    looked = state is not None and state.last_success is not None and state.last_success.wall > called
    if looked and state is not None and state.freshness is Freshness.FRESH and _helped(action, state, called, now):
        return Effect.VERIFIED
    patience = verify_by if looked else called + (verify_by - called) * UNSEEN
    return Effect.WAITING if now < patience else Effect.INEFFECTIVE


def _helped(action: Action, state: OrganizationState, called: float, now: float) -> bool:
    status = state.status
    if status is None or status.last_sync is None:
        return False
    # The platform writes whole seconds of its own clock.
    synced = status.last_sync - (state.skew or 0.0) > called
    return synced and not is_of_the_future(status.last_sync, state.skew, now) and _fewer_failures(action, state)


def _fewer_failures(action: Action, state: OrganizationState) -> bool:
    status = state.status
    assert status is not None
    before, after = action.failed_before, status.failed_syncs
    if before is not None and after is not None:
        # After a reconnect nothing need have failed: it must not begin to.
        return not after if action.issue is None and before == 0 else after < before
    if state.diagnosis.leaves_open(action.issue):
        return False
    if action.issue is None:
        return before == 0
    return all(one.issue is not action.issue for one in state.diagnosis.issues)
