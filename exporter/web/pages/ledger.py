"""What the pages ask the ledger, and how they say that they cannot. Unknown is not empty."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from exporter.expose.action_shapes import ActionDocument, ExplainedDocument
from exporter.expose.actions_document import action_document
from exporter.model.action import UNSTARTED, ActionKind, Mode, TriggerSource
from exporter.web import remedies
from exporter.web.known import PATIENCE
from exporter.web.pages.rendering import Caller
from exporter.web.problems import ProblemError
from exporter.web.site import Site

RECENT: Final = 10
"""Actions on the page of their organisation; /actions has all."""

_SLOW: Final = f"it did not answer within {PATIENCE:g} s"

_T = TypeVar("_T")


class LedgerUnknownError(Exception):
    """The ledger cannot be asked now; the text says why, and begins in the middle of a sentence."""


async def in_time(asked: Awaitable[_T]) -> _T:
    """What the ledger says.

    Raises:
        LedgerUnknownError: it cannot be used, or says nothing in time.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            return await remedies.of_ledger(asked)
    except TimeoutError:
        raise LedgerUnknownError(_SLOW) from None
    except ProblemError as error:
        raise LedgerUnknownError(error.detail.removeprefix("Nothing was changed: ")) from None


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that can be asked for.

    Attributes:
        kind: what.
        why_not: why it cannot be now, for whoever looks; None: it can.
        joins: the action that alerts wait for, and of which this would take the place; None: there is none.
    """

    kind: ActionKind
    why_not: str | None
    joins: int | None = None


@dataclass(frozen=True, slots=True)
class Acts:
    """What was done for one organisation, what would be, and what can be asked for.

    Attributes:
        explained: what policy and gates would say now; None while the ledger cannot be used.
        recent: its last actions, the newest first.
        offers: what can be asked for, each kind once.
        unknown: why the ledger cannot be used; None while it can.
    """

    explained: ExplainedDocument | None
    recent: Sequence[ActionDocument]
    offers: Sequence[Offer]
    unknown: str | None = None


async def acts_of(site: Site, organization_id: str, caller: Caller) -> Acts:
    """How remediation stands for an organisation of the roster; `Acts.unknown` where that cannot be known."""
    people = caller.operator
    try:
        explained = await in_time(remedies.explain(site, people, None, organization_id))
        found = await in_time(site.desk.actions(organization_id=organization_id, limit=RECENT))
    except LedgerUnknownError as error:
        return Acts(None, (), offers((), site.desk.limits.mode, caller, unknown=True), str(error))
    recent = tuple(action_document(one, people=people) for one in found)
    return Acts(explained, recent, offers(explained.unfinished, explained.gate.mode, caller))


def offers(unfinished: Sequence[ActionDocument], mode: Mode, caller: Caller, *, unknown: bool = False) -> list[Offer]:
    """Each kind once, as `offer`."""
    return [offer(kind, unfinished, mode, caller, unknown=unknown) for kind in ActionKind]


def offer(
    kind: ActionKind, unfinished: Sequence[ActionDocument], mode: Mode, caller: Caller, *, unknown: bool = False
) -> Offer:
    """Whether that can be asked for. Pure.

    Args:
        kind: what.
        unfinished: actions of the organisation that are under way or held.
        mode: `remediation.mode`.
        caller: who looks.
        unknown: whether the ledger cannot be used.
    """
    there = next((one for one in unfinished if one.kind is kind), None)
    if not caller.operator:
        return Offer(kind, f"This {caller.why_not_operator}.")
    if unknown:
        return Offer(kind, "Not while the ledger cannot be used: what cannot be recorded is not done.")
    if mode is Mode.OFF:
        return Offer(kind, "remediation.mode is off: nothing would be done. It is a key of the configuration.")
    if there is not None and there.state not in UNSTARTED:
        return Offer(kind, f"Action {there.id} is {there.state}: ask again when it is known what it did.")
    if there is not None and there.source is TriggerSource.PERSON:
        return Offer(kind, f"Action {there.id} waits with what was asked for before: reject it, or wait for its end.")
    return Offer(kind, None, None if there is None else there.id)
