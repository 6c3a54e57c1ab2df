"""Whatever happens in whatever order: the invariants of remediation, held by a state machine.

The platform is a list of calls; the executor is real but for the sockets, and so is the ledger, in a file.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from exporter.errors import RefusedError
from exporter.model.action import (
    UNFINISHED,
    UNSTARTED,
    Action,
    ActionKind,
    ActionState,
    AttemptOutcome,
    Effect,
    Mode,
    Parameters,
    TriggerSource,
    TriggerState,
)
from exporter.model.asked import Reconnect
from exporter.model.holds import Hold
from exporter.model.limits import Fleetwide
from exporter.model.words import Issue, Sent
from exporter.remediation.evidence import asked_by
from exporter.remediation.ledger.claiming import Claim, Judged
from exporter.remediation.ledger.recording import Result
from exporter.remediation.ledger.rows import written
from exporter.remediation.policy import Decision, Do, Opinion, Over, Wait, Wanted
from tests.unit.acting import AUTO, DAY, HOUR, MINUTE, RESYNC, RETRY, WELL, Book, a_request, alert

ORGANIZATIONS = ["org-1", "org-2", "org-3"]
ISSUES = [Issue.CONTACTS_FAILING, Issue.INVOICES_FAILING]
LIMITS = replace(AUTO, per_organization_day=1, per_hour=1, per_day=2, fallback_resync=True, catch_up_resync=True)
DECISIONS: list[Decision] = [
    Do(ActionKind.RETRY, RETRY),
    Do(ActionKind.RETRY, replace(RETRY, record_ids=("uuid-1", "uuid-2"))),
    Do(ActionKind.RESYNC, RESYNC),
    Wait(Hold.UNREADABLE),
    Wait(Hold.RETRY_CANNOT_HELP),
    Over(),
]
STORM, BLIND = replace(WELL, incident=True), replace(WELL, fresh=80)
ANSWERS = [
    Result(AttemptOutcome.ACCEPTED, sent=Sent.YES, http_status=202),
    Result(AttemptOutcome.UNKNOWN, sent=Sent.MAYBE),
    Result(AttemptOutcome.REFUSED, sent=Sent.YES, http_status=400),
    Result(AttemptOutcome.REFUSED, sent=Sent.YES, http_status=401, hold=Hold.CREDENTIAL, credential="one"),
    Result(AttemptOutcome.RATE_LIMITED, sent=Sent.YES, http_status=429),
    Result(AttemptOutcome.NOT_SENT, sent=Sent.NO),
]
NAMES = st.sampled_from(ORGANIZATIONS)
MODES = st.sampled_from([Mode.AUTO, Mode.AUTO, Mode.APPROVE, Mode.OFF])
FLEETS = st.sampled_from([WELL, WELL, WELL, STORM, BLIND])


class Remediation(RuleBasedStateMachine):
    """Alerts, people, time, crashes and answers, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.book = Book(self.folder / "ledger.db", LIMITS)
        self.claim: Claim | None = None
        self.confirmed = False
        self.passed = 0.0
        self.calls: list[tuple[str, str, float]] = []
        self.not_sent: set[str] = set()
        self.acknowledged: set[str] = set()
        self.promised: set[tuple[int, str]] = set()
        self.approved: dict[int, tuple[ActionKind, Parameters, float]] = {}
        self.diagnosis: dict[tuple[str, Issue | None], Decision] = {}
        self.paused = self.refused = False

    def teardown(self) -> None:
        """Leaves nothing."""
        self.book.work.close()
        shutil.rmtree(self.folder)

    def decided(self, name: str, wanted: Wanted) -> Decision:
        """What policy would say now of one who asks."""
        if wanted.kind is not None and wanted.parameters is not None:
            return Do(wanted.kind, wanted.parameters)
        return self.diagnosis.get((name, wanted.issue), DECISIONS[0])

    @rule(name=NAMES, issue=st.sampled_from([*ISSUES, None]), decision=st.sampled_from(DECISIONS))
    def the_diagnosis_changes(self, name: str, issue: Issue | None, decision: Decision) -> None:
        """Of one issue; None: what a reconnect needs."""
        if issue is None and isinstance(decision, Do):
            decision = Do(ActionKind.RESYNC, RESYNC)
        self.diagnosis[name, issue] = decision

    @rule(name=NAMES)
    def a_connection_is_well_again(self, name: str) -> None:
        """And has a gap."""
        self.diagnosis.setdefault((name, None), Do(ActionKind.RESYNC, RESYNC))
        self.book.work.reconnected([Reconnect(name, self.book.now - HOUR)], self.book.now)

    @rule(name=NAMES, issue=st.sampled_from(ISSUES), resolved=st.booleans())
    def alerts_come(self, name: str, issue: Issue, resolved: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        """From two Alertmanagers."""
        one = alert(name, issue=issue, resolved=resolved)
        self.book.work.deliver([one, one], 0, self.book.now)
        self.acknowledged.add(f"{name} {issue}")

    @rule()
    def triggers_are_planned(self) -> None:
        """By what is known then."""
        self.book.plan(lambda one: self.decided(one.organization_id, Wanted(one.source, issue=one.issue)))

    @rule(name=NAMES, kind=st.sampled_from(list(ActionKind)))
    def a_person_asks(self, name: str, kind: ActionKind) -> None:
        """And may be refused."""
        parameters = RETRY if kind is ActionKind.RETRY else RESYNC
        if parameters.since is not None:
            parameters = replace(parameters, since=self.book.now - HOUR)
        try:
            action = self.book.work.ask(a_request(name, kind=kind, parameters=parameters), LIMITS, self.book.now)
        except RefusedError:
            return
        self.promised.add((action.id, str(written(parameters))))

    @rule(approves=st.booleans())
    def a_person_judges_what_waits(self, approves: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        """The newest, by what it shows."""
        for action in self.book.work.actions(None, UNSTARTED, 1, None):
            if not approves:
                self.book.work.reject(action.id, "jo", "", LIMITS, self.book.now)
            elif action.parameters is not None:
                self.book.work.approve(action.id, "jo", "", LIMITS, self.book.now)
                self.approved[action.id] = action.kind, action.parameters, self.book.now

    @rule(seconds=st.sampled_from([1.0, 3.0, MINUTE, 10 * MINUTE, 31 * MINUTE, HOUR, DAY, -HOUR]))
    def time_passes(self, seconds: float) -> None:
        """Or is set back."""
        self.book.wait(seconds)
        self.passed += max(0.0, seconds)

    @precondition(lambda self: self.claim is None)
    @rule(mode=MODES, fleet=FLEETS)
    def the_executor_has_its_turn(self, mode: Mode, fleet: Fleetwide) -> None:
        """Up to the claim."""
        self.book.limits = replace(LIMITS, mode=mode)
        judged = []
        for action, triggers in self.book.work.due(100, self.book.now):
            asked = asked_by(action, triggers).items()
            opinions = [Opinion(one, self.decided(action.organization_id, one), tuple(ids)) for one, ids in asked]
            judged.append(Judged(action, opinions, fleet))
        self.claim = self.book.work.settle(judged, self.book.gates, self.book.limits, self.book.now)
        self.confirmed = False
        if self.claim is not None:
            assert not self.paused
            assert not self.refused
            assert mode is not Mode.OFF
            assert fleet is WELL
            self.is_what_somebody_asks_for(self.claim.action, mode)
        for one in judged:
            self.nobody_is_kept_waiting(one)

    def is_what_somebody_asks_for(self, action: Action, mode: Mode) -> None:
        """A person, in these words; or an alert, and in mode approve a person has seen just that."""
        assert action.parameters is not None
        if action.source is TriggerSource.PERSON:
            assert (action.id, written(action.parameters)) in self.promised
            return
        wanted = Wanted(action.source, issue=action.issue)
        assert self.decided(action.organization_id, wanted) == Do(action.kind, action.parameters)
        if mode is Mode.APPROVE:
            kind, parameters, at = self.approved[action.id]
            assert kind is action.kind
            assert set(action.parameters.record_ids) <= set(parameters.record_ids)
            assert abs(self.book.now - at) < LIMITS.approval_expires

    def nobody_is_kept_waiting(self, judged: Judged) -> None:
        """Who can be mended is held by a gate, and never by what policy says of somebody else."""
        after = self.book.work.action(judged.action.id)
        assert after is not None
        curable = [one for one in judged.opinions if isinstance(one.decision, Do)]
        if after.action.hold in (Hold.UNREADABLE, Hold.RETRY_CANNOT_HELP) and after.action.version > 0:
            still = {one.id for one in after.triggers if one.state is TriggerState.PLANNED}
            looked_at = after.action.look_at > self.book.now
            assert not looked_at or not any(still & set(one.triggers) for one in curable)

    @precondition(lambda self: self.claim is not None)
    @rule()
    def the_executor_looks_a_last_time(self) -> None:
        """A pause stops it here."""
        assert self.claim is not None
        assert self.claim.action.parameters is not None
        found = self.book.work.confirm(self.claim, self.claim.action.parameters, 2, self.book.now)
        if isinstance(found, Hold):
            assert self.paused or self.refused
            self.book.close(self.claim, Result(AttemptOutcome.NOT_CALLED, hold=found))
            self.claim = None
        else:
            assert not self.paused
            self.claim, self.confirmed = found, True

    @precondition(lambda self: self.claim is not None and self.confirmed)
    @rule(answer=st.sampled_from(ANSWERS), crashes=st.booleans())
    def the_executor_calls(self, answer: Result, crashes: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        """The answer is recorded, or lost with the process."""
        assert self.claim is not None
        claim, self.claim = self.claim, None
        committed = self.book.work.action(claim.action.id)
        assert committed is not None
        assert (claim.idempotency_key, AttemptOutcome.STARTED) in {
            (one.idempotency_key, one.outcome) for one in committed.attempts
        }
        if answer.outcome is not AttemptOutcome.NOT_SENT:
            self.calls.append((claim.idempotency_key, claim.action.organization_id, self.passed))
        if crashes:
            self.book.reopened()
            return
        self.book.close(claim, answer)
        self.refused = self.refused or answer.hold is Hold.CREDENTIAL

    @precondition(lambda self: self.claim is None)
    @rule(name=NAMES, answer=st.sampled_from(ANSWERS), crashes=st.booleans())
    def an_alert_goes_all_the_way(self, name: str, answer: Result, crashes: bool) -> None:  # noqa: FBT001 - drawn
        """As far as the gates let it: what most sequences of single steps never reach."""
        self.time_passes(3.0)
        self.alerts_come(name, Issue.CONTACTS_FAILING, False)
        self.diagnosis[name, Issue.CONTACTS_FAILING] = DECISIONS[0]
        self.triggers_are_planned()
        self.the_executor_has_its_turn(Mode.AUTO, WELL)
        if self.claim is not None:
            self.the_executor_looks_a_last_time()
        if self.claim is not None:
            self.the_executor_calls(answer, crashes)

    @rule()
    def the_process_ends_and_begins(self) -> None:
        """With whatever was under way."""
        self.claim = None
        self.book.reopened()

    @rule(helped=st.booleans())
    def readings_tell(self, helped: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        """What came of what is watched."""
        for action in self.book.work.watched():
            effect = Effect.VERIFIED if helped else Effect.INEFFECTIVE
            self.book.work.judge_effect(action, effect, LIMITS, self.book.now)

    @rule(really=st.sampled_from([True, False, False, False, False]))
    def a_person_pauses(self, really: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        """In any moment, but not so often that nothing else is ever tried."""
        if not really:
            return
        self.book.work.pause("jo", "", self.book.now)
        self.paused = True

    @rule()
    def a_person_resumes(self) -> None:
        """And takes the token for good."""
        self.book.work.resume("jo", "", self.book.now)
        self.paused = self.refused = False

    @rule()
    def the_token_changes(self) -> None:
        """Another file."""
        self.book.work.beat(Mode.AUTO, 1, f"token {self.book.now}", LIMITS, self.book.now)
        self.refused = False

    @invariant()
    def at_most_one_call_per_attempt(self) -> None:
        """Each with a key of its own."""
        keys = [key for key, _, _ in self.calls]
        assert len(keys) == len(set(keys))

    @invariant()
    def never_over_budget(self) -> None:
        """By the time that really passed, whatever the clock of the ledger was set to."""
        now = self.passed
        recent = [(name, at) for _, name, at in self.calls]
        assert sum(now - HOUR < at <= now for _, at in recent) <= LIMITS.per_hour
        assert sum(now - DAY < at <= now for _, at in recent) <= LIMITS.per_day
        for name in ORGANIZATIONS:
            assert sum(one == name and now - DAY < at <= now for one, at in recent) <= LIMITS.per_organization_day

    @invariant()
    def at_most_one_unfinished_action_per_organization_and_kind(self) -> None:
        """Whoever asked."""
        unfinished = [(one.organization_id, one.kind) for one in self.book.work.actions(None, UNFINISHED, 1000, None)]
        assert len(unfinished) == len(set(unfinished))

    @invariant()
    def everything_acknowledged_is_in_the_ledger(self) -> None:
        """With what became of it."""
        with closing(sqlite3.connect(self.book.path)) as other:
            found = other.execute("SELECT organization_id || ' ' || issue FROM triggers WHERE source = 'alert'")
            assert {one for (one,) in found} == self.acknowledged

    @invariant()
    def what_people_were_promised_is_on_the_record(self) -> None:
        """Whatever became of it."""
        with closing(sqlite3.connect(self.book.path)) as other:
            found = set(other.execute("SELECT action_id, parameters FROM events WHERE parameters IS NOT NULL"))
            assert self.promised <= found

    @invariant()
    def nobody_is_forgotten_when_an_action_ends(self) -> None:
        """Who asks for something else than what it was done for asks again by itself."""
        with closing(sqlite3.connect(self.book.path)) as other:
            joined = other.execute(
                "SELECT actions.state, actions.source, actions.issue, triggers.source, triggers.issue FROM triggers"
                " JOIN actions ON actions.id = action_id WHERE triggers.state = 'planned' AND NOT resolved"
            )
            for state, *done_for in joined:
                assert state in UNFINISHED or done_for[:2] == done_for[2:]

    @invariant()
    def who_is_held_says_why(self) -> None:
        """A word, always."""
        for action in self.book.work.actions(None, (), 1000, None):
            assert (action.hold is not None) or action.state is not ActionState.HELD


Remediation.TestCase.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
TestRemediation = Remediation.TestCase
