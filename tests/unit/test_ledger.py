"""The ledger forbids harm: what is acknowledged is kept, nothing is done twice, everything says why."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.config.expressions import Expression
from exporter.errors import LedgerError, RefusedError
from exporter.model.accounts import Account, Marks
from exporter.model.action import ActionKind, ActionState, AttemptOutcome, Effect, Mode, Parameters
from exporter.model.asked import Reconnect
from exporter.model.holds import Hold
from exporter.model.words import MAX_RECORD_IDS, Issue, Sent, SyncType
from exporter.remediation.evidence import wanted_of
from exporter.remediation.gates import GATES, LOOK_AGAIN
from exporter.remediation.ledger.claiming import MAX_CAUSES, Judged
from exporter.remediation.ledger.receiving import REOPENS
from exporter.remediation.ledger.recording import Result
from exporter.remediation.policy import Do, Opinion, Over, Wait
from tests.unit.acting import (
    ACCEPTED,
    AUTO,
    DAY,
    HOUR,
    MINUTE,
    NOON,
    RESYNC,
    RETRY,
    WELL,
    Book,
    a_request,
    alert,
)

REFUSED = Result(AttemptOutcome.REFUSED, sent=Sent.YES, http_status=400)
NOT_SENT = Result(AttemptOutcome.NOT_SENT, sent=Sent.NO)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """A ledger that is a day old, with an executor in mode auto."""
    return Book(tmp_path / "ledger.db")


def told(book: Book) -> Account:
    """What metrics are told of the whole ledger."""
    return book.work.account(Marks(), book.limits, book.now)


def ineffective(book: Book) -> None:
    """The newest action was called, and did not help."""
    book.close(book.claim())
    book.wait(15 * MINUTE)
    (action,) = book.work.watched()
    book.work.judge_effect(action, Effect.INEFFECTIVE, book.limits, book.now)


def healthy_for_a_day(book: Book) -> None:
    """No issue is seen anywhere: every episode ends."""
    for _ in range(2):
        book.work.seen({one.id: False for one in book.work.episodes()}, book.now)
        book.wait(DAY)


class TestTriggers:
    def test_an_alert_that_comes_again_is_the_same_trigger(self, book: Book) -> None:
        """From two Alertmanagers, and every group_interval."""
        assert book.work.deliver([alert()], 0, NOON).recorded == 1
        receipt = book.work.deliver([alert(), alert()], 0, NOON)
        assert (receipt.recorded, receipt.repeated) == (0, 2)
        (trigger,) = book.work.waiting(10)
        assert trigger.deliveries == 3

    def test_two_alerts_of_one_organisation_are_one_action(self, book: Book) -> None:
        """Another beginning, another fingerprint: the action is what counts."""
        book.deliver(alert(), alert(starts_at="later"), alert(fingerprint="other"))
        record = book.work.action(book.only().id)
        assert record is not None
        assert len(record.triggers) == 3

    def test_a_fingerprint_does_not_swallow_what_is_about_somebody_else(self, book: Book) -> None:
        """It is only the sender's word."""
        book.deliver(alert("org-1", fingerprint="x"), alert("org-2", fingerprint="x"))
        assert len(book.work.actions(None, (), 10, None)) == 2

    def test_an_alert_asks_again_once_its_action_has_ended(self, book: Book) -> None:
        """Knowing it must not prevent what is needed now."""
        book.deliver(alert())
        book.close(book.claim(), REFUSED)
        book.deliver(alert())
        assert [one.state for one in book.work.actions(None, (), 10, None)] == [
            ActionState.PLANNED,
            ActionState.FAILED,
        ]

    def test_an_attempt_knows_the_spans_that_asked_for_it_after_a_restart_too(self, book: Book) -> None:
        """The one in which an alert asked; a repeat asks for nothing, and what came without a span has none."""
        book.work.deliver([alert()], 0, book.now, "00-first")
        book.work.deliver([alert(), alert(starts_at="later")], 0, book.now + 1, "00-second")
        book.work.deliver([alert(starts_at="untold")], 0, book.now + 2)
        book.plan()
        book.reopened()
        claim = book.claim()
        assert claim is not None
        assert sorted(claim.caused_by) == ["00-first", "00-second"]

    def test_an_attempt_is_linked_to_the_post_by_which_an_alert_asked_again(self, book: Book) -> None:
        """Not to the one whose action has ended."""
        book.work.deliver([alert()], 0, book.now, "00-first")
        book.plan()
        book.close(book.claim(), REFUSED)
        book.wait(HOUR)
        book.work.deliver([alert()], 0, book.now, "00-again")
        book.plan()
        claim = book.claim()
        assert claim is not None
        assert claim.caused_by == ("00-again",)

    def test_the_latest_spans_are_known_where_there_are_many(self, book: Book) -> None:
        """More than anybody follows."""
        for number in range(MAX_CAUSES + 2):
            book.work.deliver([alert(starts_at=str(number))], 0, book.now + number, f"00-{number}")
        book.plan()
        claim = book.claim()
        assert claim is not None
        assert claim.caused_by == tuple(f"00-{number}" for number in reversed(range(2, MAX_CAUSES + 2)))

    def test_an_alert_that_is_over_before_it_is_judged_asks_for_nothing(self, book: Book) -> None:
        """And so does one whose end came first, through the other Alertmanager."""
        book.work.deliver([alert()], 0, NOON)
        book.work.deliver([alert(resolved=True), alert("org-2", resolved=True)], 0, NOON)
        book.work.deliver([alert(), alert("org-2")], 0, NOON)
        assert book.work.waiting(10) == []

    def test_the_end_of_an_alert_cancels_nothing_by_itself(self, book: Book) -> None:
        """The diagnosis has to agree, and is looked at soon."""
        book.deliver(alert())
        book.claim(Wait(Hold.CONNECTION))
        book.deliver(alert(resolved=True))
        assert book.only().state is ActionState.HELD
        assert book.only().look_at == book.now
        book.claim(Over())
        assert book.only().state is ActionState.CANCELLED

    def test_nothing_is_planned_for_a_healthy_organisation(self, book: Book) -> None:
        """The trigger is dismissed."""
        book.deliver(alert(), decide=lambda _: Over())
        assert book.work.actions(None, (), 10, None) == []
        assert told(book).totals.waiting == 0

    def test_ten_thousand_at_once_cost_less_than_two_seconds(self, book: Book) -> None:
        """Alertmanager waits ten seconds for an answer."""
        alerts = [alert(f"org-{number}") for number in range(10_000)]
        began = time.process_time()
        assert book.work.deliver(alerts, 0, NOON).recorded == 10_000
        assert time.process_time() - began < 2
        assert book.work.deliver(alerts, 0, NOON).repeated == 10_000
        assert told(book).totals.waiting == 10_000

    def test_alerts_that_were_left_out_are_evidence_of_a_storm(self, book: Book) -> None:
        """Nobody knows how many there are."""
        book.work.deliver([alert()], 7, NOON)
        book.plan()
        assert book.claim() is None
        assert book.hold() is Hold.STORM

    def test_an_alert_that_fires_on_after_an_end_asks_again(self, book: Book) -> None:
        """One of two Alertmanagers took it for ended; a late delivery comes sooner than five minutes."""
        book.deliver(alert(resolved=True))
        book.wait(REOPENS - 1)
        book.deliver(alert())
        assert book.work.actions(None, (), 10, None) == []
        book.wait(1)
        book.deliver(alert())
        assert book.only().state is ActionState.PLANNED

    def test_an_end_that_a_wrong_clock_wrote_is_no_end_for_ever(self, book: Book) -> None:
        """It lies a year ahead."""
        book.now += 365 * DAY
        book.deliver(alert(resolved=True))
        book.now = NOON
        book.deliver(alert())
        assert book.only().state is ActionState.PLANNED


class TestClaims:
    def test_a_claim_is_an_attempt_on_the_record(self, book: Book) -> None:
        """Before any call."""
        book.deliver(alert())
        claim = book.claim()
        assert claim is not None
        record = book.work.action(claim.action.id)
        assert record is not None
        assert record.action.state is ActionState.STARTED
        (attempt,) = record.attempts
        assert (attempt.outcome, attempt.parameters, attempt.idempotency_key) == (
            AttemptOutcome.STARTED,
            RETRY,
            claim.idempotency_key,
        )

    def test_only_one_call_is_under_way(self, book: Book) -> None:
        """For the whole fleet."""
        book.deliver(alert("org-1"), alert("org-2"))
        assert book.claim() is not None
        book.wait(10)
        assert book.claim() is None
        assert book.hold() is Hold.BUSY

    def test_the_one_call_is_held_by_the_database_too(self, book: Book) -> None:
        """Careful code is not enough: without the gate the second claim is refused by an index."""
        book.gates = ()
        book.deliver(alert("org-1"), alert("org-2"))
        assert book.claim() is not None
        with pytest.raises(LedgerError, match="twice"):
            book.claim()

    def test_who_is_not_the_executor_claims_nothing(self, book: Book) -> None:
        """Two processes at one file never do one thing twice."""
        other = book.opened()
        assert not other.begin(AUTO, NOON)
        book.deliver(alert())
        book.work, executor = other, book.work
        assert book.claim() is None
        other.close()
        book.work = executor
        assert book.claim() is not None

    def test_a_pause_between_claim_and_call_is_obeyed(self, book: Book) -> None:
        """It is a kill switch."""
        book.deliver(alert())
        claim = book.claim()
        assert claim is not None
        book.opened().pause("jo", "", book.now)
        assert book.work.confirm(claim, RETRY, 2, book.now) is Hold.PAUSED
        book.close(claim, Result(AttemptOutcome.NOT_CALLED, hold=Hold.PAUSED))
        assert (book.only().state, book.hold()) == (ActionState.HELD, Hold.PAUSED)

    def test_what_the_call_carries_is_on_the_record_before_it(self, book: Book) -> None:
        """The fresh reading may have named other records."""
        book.deliver(alert())
        claim = book.claim()
        assert claim is not None
        other = Parameters((SyncType.CONTACTS,), record_ids=("uuid-2",))
        confirmed = book.work.confirm(claim, other, 7, book.now)
        assert not isinstance(confirmed, Hold)
        record = book.work.action(claim.action.id)
        assert record is not None
        assert (record.attempts[0].parameters, record.action.failed_before) == (other, 7)

    def test_a_person_who_is_faster_wins(self, book: Book) -> None:
        """What was read before the rejection claims nothing."""
        book.deliver(alert())
        ((stale, _),) = book.work.due(10, book.now)
        book.work.reject(stale.id, "jo", "", book.limits, book.now)
        judged = [Judged(stale, [Opinion(wanted_of(stale), Do(ActionKind.RETRY, RETRY))], WELL)]
        assert book.work.settle(judged, book.gates, AUTO, book.now) is None
        assert book.only().state is ActionState.CANCELLED

    def test_another_kind_that_is_there_already_is_joined(self, book: Book) -> None:
        """One unfinished action per kind, whatever policy makes of it later."""
        book.deliver(alert(), decide=lambda _: Wait(Hold.NO_RECORD_IDS, ActionKind.RESYNC))
        book.deliver(alert(issue=Issue.INVOICES_FAILING))
        assert len(book.work.actions(None, (), 10, None)) == 2
        book.limits = replace(AUTO, fallback_resync=True)
        book.claim(Do(ActionKind.RETRY, RETRY))
        resync, retry = sorted(book.work.actions(None, (), 10, None), key=lambda one: one.kind)
        assert (resync.state, retry.state) == (ActionState.STARTED, ActionState.CANCELLED) or (
            resync.state,
            retry.state,
        ) == (ActionState.CANCELLED, ActionState.STARTED)


class TestCounting:
    """What the gates go by is what happened: each count by a story of its own."""

    def called(self, book: Book, *names: str, after: float = MINUTE) -> None:
        """One refused call for each."""
        for name in names:
            book.deliver(alert(name))
            book.close(book.claim(), REFUSED)
            book.wait(after)

    @pytest.mark.parametrize(
        ("limits", "names", "after", "hold", "then"),
        [
            ({"per_hour": 2}, ["a", "b", "c"], MINUTE, Hold.HOUR_BUDGET, HOUR),
            ({"per_day": 2}, ["a", "b", "c"], HOUR, Hold.DAY_BUDGET, DAY),
            ({"per_organization_day": 2}, ["a", "a", "a"], HOUR, Hold.ORGANIZATION_BUDGET, DAY),
            ({"cooldown": 2 * HOUR}, ["a", "a"], HOUR, Hold.COOLDOWN, HOUR),
            ({"pace": 90.0}, ["a", "b"], MINUTE, Hold.BUSY, MINUTE),
        ],
    )
    def test_calls_are_counted_and_age(
        self, book: Book, *, limits: dict[str, float], names: list[str], after: float, hold: Hold, then: float
    ) -> None:
        """And the hold ends when they are old enough."""
        book.limits = replace(AUTO, breaker_after=100, expires=7 * DAY, **limits)  # type: ignore[arg-type]
        *before, last = names
        self.called(book, *before, after=after)
        book.deliver(alert(last))
        assert book.claim() is None
        assert book.hold() is hold
        book.wait(then)
        assert book.claim() is not None

    def test_another_action_of_the_organisation_that_is_watched_is_waited_for(self, book: Book) -> None:
        """Else nobody could tell which of the two helped."""
        book.limits = replace(AUTO, cooldown=1.0, fallback_resync=True)
        book.deliver(alert())
        book.close(book.claim())
        book.wait(MINUTE)
        book.deliver(alert(issue=Issue.INVOICES_FAILING), decide=lambda _: Do(ActionKind.RESYNC, RESYNC))
        assert book.claim() is None
        assert book.hold() is Hold.BUSY
        (watched,) = book.work.watched()
        book.work.judge_effect(watched, Effect.VERIFIED, book.limits, book.now)
        book.wait(LOOK_AGAIN)
        assert book.claim() is not None

    def test_what_was_not_called_costs_nothing(self, book: Book) -> None:
        """Connections that could not be made, and holds after the claim."""
        book.limits = replace(AUTO, per_hour=1, per_day=1, per_organization_day=1, attempts=1)
        book.deliver(alert())
        action = book.close(book.claim(), NOT_SENT)
        book.now = action.look_at
        assert book.claim() is not None


class TestOutcomes:
    def test_a_call_that_helped_is_verified(self, book: Book) -> None:
        """And closes what it opened."""
        book.deliver(alert())
        assert book.close(book.claim()).state is ActionState.ACCEPTED
        (action,) = book.work.watched()
        assert book.work.judge_effect(action, Effect.VERIFIED, AUTO, book.now).state is ActionState.VERIFIED

    def test_a_call_that_did_not_help_has_its_alert_ask_again(self, book: Book) -> None:
        """After the cooldown, as long as the alert stands."""
        book.deliver(alert())
        ineffective(book)
        assert book.only().state is ActionState.INEFFECTIVE
        book.plan()
        assert book.claim() is None
        assert book.hold() is Hold.COOLDOWN
        book.wait(15 * MINUTE)
        assert book.claim() is not None

    def test_after_three_attempts_a_person_has_to_look(self, book: Book) -> None:
        """Exhausted: its alert asks no more by itself, and is held when it comes again."""
        book.deliver(alert())
        for _ in range(3):
            ineffective(book)
            book.wait(30 * MINUTE)
            book.plan()
        assert book.newest().state is ActionState.EXHAUSTED
        book.deliver(alert())
        assert book.claim() is None
        assert book.hold() is Hold.ATTEMPTS

    @pytest.mark.parametrize("by", ["time", "person"])
    def test_an_exhausted_episode_ends(self, book: Book, by: str) -> None:
        """When the issue was absent for a day, or a person asks for a retry."""
        book.limits = replace(AUTO, per_organization_day=50, expires=7 * DAY)
        book.deliver(alert())
        for _ in range(3):
            ineffective(book)
            book.wait(30 * MINUTE)
            book.plan()
        book.deliver(alert())
        assert book.claim() is None
        (episode,) = book.work.episodes()
        if by == "time":
            book.work.seen({episode.id: False}, book.now)
            book.wait(DAY)
            book.work.seen({episode.id: False}, book.now)
        else:
            book.work.ask(a_request(), book.limits, book.now)
            assert book.work.episodes() != []
        assert book.claim() is not None
        assert episode not in book.work.episodes()

    def test_an_issue_that_comes_back_within_the_day_is_the_same_episode(self, book: Book) -> None:
        """Absence has to be seen, and without a break."""
        book.deliver(alert())
        book.close(book.claim())
        (episode,) = book.work.episodes()
        for there in (False, True, False):
            book.work.seen({episode.id: there}, book.now)
            book.wait(20 * HOUR)
        book.work.seen({}, book.now)
        assert book.work.episodes() != []

    def test_a_refusal_is_final(self, book: Book) -> None:
        """The platform said no; the same call would get the same answer."""
        book.deliver(alert())
        assert book.close(book.claim(), REFUSED).state is ActionState.FAILED
        book.wait(HOUR)
        assert book.claim() is None

    @pytest.mark.parametrize("word", [AttemptOutcome.NOT_SENT, AttemptOutcome.RATE_LIMITED])
    def test_what_did_not_get_through_is_tried_again_later(self, book: Book, word: AttemptOutcome) -> None:
        """Longer each time."""
        book.deliver(alert())
        waits = []
        for _ in range(3):
            action = book.close(book.claim(), Result(word, sent=Sent.NO))
            assert action.hold is Hold.BACK_OFF
            waits.append(action.look_at - book.now)
            book.now = action.look_at
        assert waits == [60, 120, 240]

    def test_the_platform_may_ask_to_wait_longer(self, book: Book) -> None:
        """Retry-After."""
        book.deliver(alert())
        action = book.close(book.claim(), Result(AttemptOutcome.RATE_LIMITED, retry_after=7200.0))
        assert action.look_at == book.now + 7200

    def test_an_attempt_ends_once(self, book: Book) -> None:
        """Recording it again, because nobody knew whether that worked, changes nothing."""
        book.deliver(alert())
        claim = book.claim()
        book.close(claim)
        before = book.only()
        assert book.close(claim, REFUSED) == before

    def test_a_hold_after_the_claim_counts_for_the_cooldown_alone(self, book: Book) -> None:
        """Nothing was sent, and nobody is asked twice a minute."""
        book.limits = replace(AUTO, per_hour=1)
        book.deliver(alert(), alert("org-2"))
        book.close(book.claim(), Result(AttemptOutcome.NOT_CALLED, hold=Hold.UNREADABLE))
        book.wait(LOOK_AGAIN)
        claim = book.claim()
        assert claim is not None
        assert claim.action.organization_id == "org-2"
        book.close(claim)
        book.wait(MINUTE)
        book.claim()
        first = book.work.actions("org-1", (), 1, None)[0]
        assert first.hold is Hold.COOLDOWN


class TestBreaker:
    def opened(self, book: Book) -> None:
        """Five organisations in a row were not helped."""
        for number in range(5):
            book.deliver(alert(f"org-{number}"))
            book.close(book.claim(), REFUSED)
            book.wait(MINUTE)

    def test_it_opens_and_lets_one_through_after_an_hour(self, book: Book) -> None:
        """One that is verified closes it."""
        self.opened(book)
        book.deliver(alert("org-8"), alert("org-9"))
        assert book.claim() is None
        assert book.hold() is Hold.BREAKER
        book.wait(HOUR)
        book.close(book.claim())
        book.wait(MINUTE)
        assert book.claim() is None
        (trial,) = book.work.watched()
        book.work.judge_effect(trial, Effect.VERIFIED, AUTO, book.now)
        book.wait(MINUTE)
        assert book.claim() is not None

    def test_one_that_does_not_help_doubles_the_pause(self, book: Book) -> None:
        """Up to a day."""
        book.limits = replace(AUTO, per_day=1000, expires=7 * DAY)
        self.opened(book)
        pauses = []
        for number in range(7):
            book.deliver(alert(f"trial-{number}"))
            book.wait(DAY)
            book.close(book.claim(), REFUSED)
            pauses.append(book.work.gate().breaker_pause)
        assert pauses == [2 * HOUR, 4 * HOUR, 8 * HOUR, 16 * HOUR, DAY, DAY, DAY]


class TestCredential:
    def test_a_refused_token_holds_everybody(self, book: Book) -> None:
        """Until it changes."""
        book.deliver(alert(), alert("org-2"))
        refused = Result(
            AttemptOutcome.REFUSED, sent=Sent.YES, http_status=401, hold=Hold.CREDENTIAL, credential="first"
        )
        book.close(book.claim(), refused)
        book.wait(HOUR)
        assert book.claim() is None
        assert {one.hold for one in book.work.actions(None, (), 10, None)} == {Hold.CREDENTIAL}
        assert book.work.beat(Mode.AUTO, 1, "first", AUTO, book.now).credential_refused_at is not None
        assert book.work.beat(Mode.AUTO, 1, "second", AUTO, book.now).credential_refused_at is None
        assert book.claim() is not None

    def test_a_person_can_say_that_it_is_good_now(self, book: Book) -> None:
        """The platform's rights changed, and not the token."""
        book.deliver(alert())
        book.close(book.claim(), Result(AttemptOutcome.REFUSED, http_status=403, hold=Hold.CREDENTIAL))
        book.work.resume("jo", "", book.now)
        book.wait(30 * MINUTE)
        assert book.claim() is not None


class TestDryRun:
    def test_it_goes_all_the_way_but_the_call(self, book: Book) -> None:
        """And tells what it would have done."""
        book.limits = replace(AUTO, mode=Mode.DRY_RUN)
        book.deliver(alert())
        claim = book.claim()
        assert claim is not None
        assert claim.rehearsal
        action = book.close(claim, Result(AttemptOutcome.REHEARSED))
        assert (action.state, action.hold, action.would) == (ActionState.HELD, Hold.DRY_RUN, "call")
        assert action.parameters == RETRY
        for wait in (LOOK_AGAIN, HOUR):
            book.wait(wait)
            assert book.claim() is None
            assert book.only().would == "call"

    def test_it_tells_what_would_hold(self, book: Book) -> None:
        """The gates are those of the real thing."""
        book.limits = replace(AUTO, mode=Mode.DRY_RUN)
        book.deliver(alert())
        book.claim(fleet=replace(WELL, incident=True))
        assert (book.only().hold, book.only().would) == (Hold.DRY_RUN, Hold.STORM)

    def test_its_budgets_run_out_like_real_ones(self, book: Book) -> None:
        """Else it would promise too much."""
        book.limits = replace(AUTO, mode=Mode.DRY_RUN, per_hour=2)
        for number in range(3):
            book.deliver(alert(f"org-{number}"))
            claim = book.claim()
            if claim is not None:
                book.close(claim, Result(AttemptOutcome.REHEARSED))
            book.wait(MINUTE)
        assert book.newest().would is Hold.HOUR_BUDGET

    def test_in_another_mode_it_is_done(self, book: Book) -> None:
        """What was rehearsed costs no real budget."""
        book.limits = replace(AUTO, mode=Mode.DRY_RUN)
        book.deliver(alert())
        book.close(book.claim(), Result(AttemptOutcome.REHEARSED))
        book.limits = replace(AUTO, per_hour=1, per_organization_day=1, attempts=1)
        book.wait(LOOK_AGAIN)
        claim = book.claim()
        assert claim is not None
        assert not claim.rehearsal


class TestPeople:
    def test_what_a_person_asks_for_is_approved(self, book: Book) -> None:
        """It goes through the gates like everything else."""
        book.limits = replace(AUTO, mode=Mode.APPROVE, include=())
        book.work.ask(a_request(note="account code mended"), book.limits, book.now)
        claim = book.claim()
        assert claim is not None
        assert (claim.action.actor, claim.action.note) == ("jo", "account code mended")

    def test_what_waits_is_taken_over(self, book: Book) -> None:
        """One unfinished action per kind: the person's word replaces the alert's."""
        book.deliver(alert(), decide=lambda _: Wait(Hold.NO_RECORD_IDS))
        first = book.only()
        action = book.work.ask(a_request(), AUTO, book.now)
        assert (action.id, action.state, action.parameters) == (first.id, ActionState.PLANNED, RETRY)

    def test_what_has_started_is_not(self, book: Book) -> None:
        """Nobody asks the platform for the same thing twice."""
        book.deliver(alert())
        book.close(book.claim())
        with pytest.raises(RefusedError, match="accepted"):
            book.work.ask(a_request(), AUTO, book.now)

    @pytest.mark.parametrize(
        "request_",
        [
            a_request(parameters=Parameters((SyncType.CONTACTS,))),
            a_request(parameters=Parameters((), record_ids=("a",))),
            a_request(kind=ActionKind.RESYNC),
            a_request(kind=ActionKind.RESYNC, parameters=Parameters((SyncType.CONTACTS,), since=0.0)),
            a_request(kind=ActionKind.RESYNC, parameters=Parameters((SyncType.CONTACTS,), since=NOON + 1)),
        ],
    )
    def test_a_request_that_could_mean_all_is_refused(self, book: Book, request_: object) -> None:
        """No ids, no since, or one that reaches too far."""
        with pytest.raises(RefusedError):
            book.work.ask(request_, AUTO, book.now)  # type: ignore[arg-type]
        assert book.work.actions(None, (), 10, None) == []

    def test_an_alert_waits_for_approval(self, book: Book) -> None:
        """In mode approve."""
        book.limits = replace(AUTO, mode=Mode.APPROVE)
        book.deliver(alert())
        assert book.claim() is None
        assert (book.only().state, book.hold()) == (ActionState.AWAITING_APPROVAL, Hold.APPROVAL)
        book.work.approve(book.only().id, "jo", "", book.limits, book.now)
        claim = book.claim()
        assert claim is not None
        assert claim.action.approved_by == "jo"

    def test_an_approval_that_nobody_gives_expires(self, book: Book) -> None:
        """After four hours: by then the world is another one."""
        book.limits = replace(AUTO, mode=Mode.APPROVE)
        book.deliver(alert())
        book.claim()
        book.wait(4 * HOUR)
        book.claim()
        assert book.only().state is ActionState.EXPIRED

    def test_what_has_started_cannot_be_rejected(self, book: Book) -> None:
        """The call may be out already."""
        book.deliver(alert())
        claim = book.claim()
        assert claim is not None
        with pytest.raises(RefusedError, match="started"):
            book.work.reject(claim.action.id, "jo", "", book.limits, book.now)
        with pytest.raises(RefusedError, match="no action 99"):
            book.work.approve(99, "jo", "", AUTO, book.now)

    def test_every_event_has_its_actor(self, book: Book) -> None:
        """Who did it, in whose words."""
        book.deliver(alert())
        book.work.reject(book.only().id, "jo", "customer mends it", book.limits, book.now)
        record = book.work.action(book.only().id)
        assert record is not None
        assert [(one.what, one.actor, one.note) for one in record.events] == [
            ("planned", "", ""),
            ("cancelled", "jo", "customer mends it"),
        ]

    def test_a_pause_says_whether_it_is_obeyed(self, book: Book) -> None:
        """A switch that nothing is connected to must not look like one."""
        assert not book.work.pause("jo", "", book.now).obeyed(book.now)
        assert book.work.beat(Mode.AUTO, 7, "", AUTO, book.now).obeyed(book.now)
        assert not book.work.gate().obeyed(book.now + 31)

    def test_a_rejection_lasts(self, book: Book) -> None:
        """Alertmanager sends it again in five minutes: until it has ended, or a day is over, it asks for nothing."""
        book.deliver(alert())
        book.work.reject(book.only().id, "jo", "", book.limits, book.now)
        for _ in range(4):
            book.wait(5 * MINUTE)
            book.deliver(alert())
        assert book.only().state is ActionState.CANCELLED
        book.wait(book.limits.expires)
        book.deliver(alert())
        assert book.newest().state is ActionState.PLANNED

    def test_a_rejection_ends_with_its_alert(self, book: Book) -> None:
        """What fires afterwards is news."""
        book.deliver(alert())
        book.work.reject(book.only().id, "jo", "", book.limits, book.now)
        book.deliver(alert(resolved=True))
        book.wait(REOPENS)
        book.deliver(alert())
        assert book.newest().state is ActionState.PLANNED
        book.work.reject(book.newest().id, "jo", "", book.limits, book.now)
        book.deliver(alert(starts_at="later"))
        assert book.newest().state is ActionState.PLANNED

    def test_a_rejection_is_of_what_was_shown(self, book: Book) -> None:
        """Another issue that waited for the same action asks again at once."""
        book.deliver(alert(), alert(issue=Issue.INVOICES_FAILING))
        book.work.reject(book.only().id, "jo", "", book.limits, book.now)
        assert [one.issue for one in book.work.waiting(10)] == [Issue.INVOICES_FAILING]

    def test_what_another_person_asked_for_is_not_overwritten(self, book: Book) -> None:
        """It was acknowledged: 202 means that it is in the ledger. The same once more is no harm."""
        first = book.work.ask(a_request(actor="ann"), AUTO, book.now)
        other = replace(RETRY, record_ids=("uuid-2",))
        for actor in ("bob", "ann"):
            with pytest.raises(RefusedError, match=f"action {first.id} .* waits"):
                book.work.ask(a_request(actor=actor, parameters=other), AUTO, book.now)
        assert book.work.ask(a_request(actor="bob"), AUTO, book.now).id == first.id
        assert book.only().parameters == RETRY

    def test_what_a_person_asked_for_and_approved_stays_on_the_record(self, book: Book) -> None:
        """Whatever becomes of the action."""
        book.deliver(alert(), decide=lambda _: Do(ActionKind.RETRY, replace(RETRY, record_ids=("uuid-2",))))
        book.work.approve(book.only().id, "ann", "", AUTO, book.now)
        book.work.ask(a_request(actor="bob"), AUTO, book.now)
        record = book.work.action(book.only().id)
        assert record is not None
        assert [(one.actor, one.parameters and one.parameters.record_ids) for one in record.events] == [
            ("", None),
            ("ann", ("uuid-2",)),
            ("bob", ("uuid-1",)),
        ]

    def test_a_request_that_is_never_called_frees_no_episode(self, book: Book) -> None:
        """Exhausted stays exhausted until a person's call is claimed."""
        book.deliver(alert())
        for _ in range(3):
            ineffective(book)
            book.wait(30 * MINUTE)
            book.plan()
        action = book.work.ask(a_request(), book.limits, book.now)
        book.work.reject(action.id, "jo", "", book.limits, book.now)
        book.wait(DAY)
        book.deliver(alert())
        assert book.claim() is None
        assert book.hold() is Hold.ATTEMPTS


class TestApprovals:
    """An approval is of the call that a person saw."""

    @pytest.fixture
    def book(self, tmp_path: Path) -> Book:
        """A ledger in mode approve, and an alert that waits."""
        book = Book(tmp_path / "ledger.db", replace(AUTO, mode=Mode.APPROVE, fallback_resync=True))
        book.deliver(alert())
        assert book.claim() is None
        return book

    def approved(self, book: Book) -> None:
        """By jo, now."""
        book.work.approve(book.only().id, "jo", "", book.limits, book.now)

    @pytest.mark.parametrize(
        "other",
        [
            Do(ActionKind.RESYNC, RESYNC),
            Do(ActionKind.RETRY, replace(RETRY, record_ids=("uuid-1", "uuid-2"))),
            Do(ActionKind.RETRY, replace(RETRY, sync_types=(SyncType.INVOICES,))),
        ],
    )
    def test_it_is_of_no_other_call(self, book: Book, other: Do) -> None:
        """Neither before the claim nor after the fresh reading; and that it ended is an event."""
        self.approved(book)
        assert book.claim(other) is None
        assert (book.only().state, book.only().approved_by) == (ActionState.AWAITING_APPROVAL, None)
        record = book.work.action(book.only().id)
        assert record is not None
        assert "approval_ended" in [one.note for one in record.events]

    def test_nor_after_the_fresh_reading(self, book: Book) -> None:
        """Which names one record more."""
        self.approved(book)
        claim = book.claim()
        assert claim is not None
        wider = replace(RETRY, record_ids=("uuid-1", "uuid-2"))
        assert book.work.confirm(claim, wider, 2, book.now) is Hold.APPROVAL
        book.close(claim, Result(AttemptOutcome.NOT_CALLED, hold=Hold.APPROVAL))
        book.wait(HOUR)
        assert book.claim(Do(ActionKind.RETRY, wider)) is None
        assert book.only().state is ActionState.AWAITING_APPROVAL

    def test_it_covers_a_part(self, book: Book) -> None:
        """One of two records is well by now."""
        book.wait(MINUTE)
        book.claim(Do(ActionKind.RETRY, replace(RETRY, record_ids=("uuid-1", "uuid-2"))))
        self.approved(book)
        claim = book.claim(Do(ActionKind.RETRY, RETRY))
        assert claim is not None
        assert claim.action.approved_by == "jo"

    def test_there_is_none_of_a_call_that_is_not_known(self, book: Book) -> None:
        """Nobody approves what nobody can see."""
        book.deliver(alert("org-2"), decide=lambda _: Wait(Hold.CONNECTION))
        book.claim(Wait(Hold.CONNECTION))
        with pytest.raises(RefusedError, match=r"no call yet .*connection"):
            book.work.approve(book.newest().id, "jo", "", book.limits, book.now)

    def test_it_ends_after_some_hours(self, book: Book) -> None:
        """By then the world is another one; what holds it then holds."""
        book.limits = replace(book.limits, mode=Mode.AUTO, exclude=(Expression("org-.*"),))
        book.deliver(alert("org-2"))
        book.claim()
        book.work.approve(book.newest().id, "jo", "", book.limits, book.now)
        book.wait(book.limits.approval_expires)
        assert book.claim() is None
        assert book.hold() is Hold.ORGANIZATION_NOT_ALLOWED


class TestCrashes:
    def test_what_was_started_becomes_unknown_and_is_not_sent_again(self, book: Book) -> None:
        """It may have been received."""
        book.deliver(alert())
        book.claim()
        book.reopened()
        assert book.only().state is ActionState.UNKNOWN
        book.wait(DAY)
        assert book.claim() is None

    @pytest.mark.parametrize(
        ("effect", "state"),
        [(Effect.VERIFIED, ActionState.VERIFIED), (Effect.INEFFECTIVE, ActionState.INEFFECTIVE)],
    )
    def test_the_unknown_is_resolved_by_observation(self, book: Book, effect: Effect, state: ActionState) -> None:
        """Done, or not done."""
        book.deliver(alert())
        book.claim()
        book.reopened()
        (action,) = book.work.watched()
        assert action.verify_by == book.now + AUTO.verify_within
        assert book.work.judge_effect(action, effect, AUTO, book.now).state is state

    def test_an_attempt_that_was_cut_off_is_not_judged_by_the_count_of_an_earlier_one(self, book: Book) -> None:
        """Failures that went away between the two are not the work of a call that may never have been sent."""
        book.deliver(alert())
        claim = book.claim()
        assert claim is not None
        confirmed = book.work.confirm(claim, RETRY, 4, book.now)
        assert not isinstance(confirmed, Hold)
        book.close(confirmed, NOT_SENT)
        assert book.only().failed_before == 4
        book.wait(HOUR)
        assert book.claim() is not None
        book.reopened()
        assert (book.only().state, book.only().failed_before) == (ActionState.UNKNOWN, None)

    def test_a_rehearsal_that_was_cut_off_sent_nothing(self, book: Book) -> None:
        """It is held again."""
        book.limits = replace(AUTO, mode=Mode.DRY_RUN)
        book.deliver(alert())
        book.claim()
        book.reopened()
        assert (book.only().state, book.hold()) == (ActionState.HELD, Hold.DRY_RUN)


class TestUpkeep:
    def test_what_ended_long_ago_is_forgotten_and_what_is_unfinished_never(self, book: Book) -> None:
        """Its triggers, attempts and events with it."""
        book.deliver(alert(), alert("org-2"))
        book.close(book.claim(), REFUSED)
        healthy_for_a_day(book)
        book.wait(100 * DAY)
        assert book.work.forget(book.now - 90 * DAY) == 1
        assert book.only().state is ActionState.PLANNED
        book.claim()
        assert book.only().id == 2

    def test_a_number_never_comes_back(self, book: Book) -> None:
        """A person who approves 1 means that 1."""
        book.deliver(alert())
        book.close(book.claim(), REFUSED)
        healthy_for_a_day(book)
        book.wait(100 * DAY)
        book.work.forget(book.now)
        book.deliver(alert("org-2"))
        assert book.only().id == 2

    def test_what_counts_in_an_open_episode_is_kept(self, book: Book) -> None:
        """Else an exhausted issue that never went would be tried again as if for the first time."""
        book.deliver(alert())
        for _ in range(3):
            ineffective(book)
            book.wait(30 * MINUTE)
            book.plan()
        book.wait(8 * DAY)
        book.work.forget(book.now - 7 * DAY)
        book.deliver(alert())
        assert book.claim() is None
        assert book.hold() is Hold.ATTEMPTS

    def test_an_episode_that_a_wrong_clock_saw_absent_ends(self, book: Book) -> None:
        """A day from now, not a day after that instant."""
        book.deliver(alert())
        book.close(book.claim(), REFUSED)
        (episode,) = book.work.episodes()
        book.work.seen({episode.id: False}, book.now + 365 * DAY)
        healthy_for_a_day(book)
        assert book.work.episodes() == []

    def test_a_clock_that_was_ahead_leaves_no_hold_behind(self, book: Book) -> None:
        """Budgets, cooldown, breaker, storm, an action that waits: nothing waits for a year that will not come."""
        book.limits = replace(AUTO, per_hour=6, breaker_after=5, verify_within=MINUTE)
        book.wait(365 * DAY)
        for number in range(5):
            book.deliver(alert(f"org-{number}"))
            book.close(book.claim(), REFUSED)
            book.wait(MINUTE)
        book.deliver(alert("org-5"))
        assert book.claim(fleet=replace(WELL, incident=True)) is None
        book.now = NOON
        book.deliver(alert("org-1", starts_at="later"))
        for _ in range(2):
            book.work.beat(Mode.AUTO, 1, "", book.limits, book.now)
            book.wait(HOUR)
        trial = book.close(book.claim(), ACCEPTED)
        assert trial.organization_id == "org-5"
        book.work.judge_effect(trial, Effect.VERIFIED, book.limits, book.now)
        book.wait(LOOK_AGAIN)
        claim = book.claim()
        assert claim is not None
        assert claim.action.organization_id == "org-1"

    @pytest.mark.parametrize("ahead", [2 * HOUR, 30 * DAY])
    def test_a_reconnect_that_a_clock_ahead_took_in_is_one_call(self, book: Book, ahead: float) -> None:
        """It is not for ever later than the call that was made for it."""
        book.now = NOON + ahead
        book.work.reconnected([Reconnect("org-1", book.now - HOUR)], book.now)
        book.plan(lambda _: Do(ActionKind.RESYNC, RESYNC))
        book.work.beat(Mode.AUTO, 1, "", book.limits, book.now)
        book.limits = replace(AUTO, catch_up_resync=True)
        calls = 0
        for hour in range(1, 49):
            book.now = NOON + hour * HOUR
            book.work.beat(Mode.AUTO, 1, "", book.limits, book.now)
            book.plan(lambda _: Do(ActionKind.RESYNC, RESYNC))
            if (claim := book.claim()) is not None:
                calls += 1
                done = book.close(claim)
                book.work.judge_effect(done, Effect.VERIFIED, book.limits, book.now + MINUTE)
        assert calls == 1

    def test_what_was_only_put_off_by_a_clock_ahead_is_looked_at_again_at_once(self, book: Book) -> None:
        """Not when that clock would have looked."""
        blind = replace(WELL, target_fresh=False)
        book.deliver(alert())
        book.claim(fleet=blind)
        book.now += 6 * HOUR
        book.work.beat(Mode.AUTO, 1, "", book.limits, book.now)
        assert book.claim(fleet=blind) is None
        book.now -= 6 * HOUR - MINUTE
        book.work.beat(Mode.AUTO, 1, "", book.limits, book.now)
        assert book.claim() is not None

    def test_what_the_platform_asked_to_wait_for_stays_when_the_clock_was_ahead_meanwhile(self, book: Book) -> None:
        """It was written by the right clock, before; and no action expires early."""
        book.deliver(alert())
        claim = book.claim()
        patient = Result(AttemptOutcome.RATE_LIMITED, sent=Sent.YES, http_status=429, retry_after=6 * HOUR)
        before = book.close(claim, patient)
        book.now += 7 * HOUR
        book.work.beat(Mode.AUTO, 1, "", book.limits, book.now)
        assert book.claim(fleet=replace(WELL, incident=True)) is None
        book.now -= 7 * HOUR - MINUTE
        book.work.beat(Mode.AUTO, 1, "", book.limits, book.now)
        after = book.only()
        assert (after.back_off_until, after.expires_at) == (before.back_off_until, before.expires_at)

    @pytest.mark.parametrize("before", [True, False], ids=["before the jump", "after it"])
    def test_a_no_of_a_clock_that_was_ahead_does_not_silence_for_longer(self, book: Book, *, before: bool) -> None:
        """The alert that goes on asks again after a day, whenever it came first."""
        if before:
            book.deliver(alert())
        book.now += 365 * DAY
        if not before:
            book.deliver(alert())
        book.work.beat(Mode.AUTO, 1, "", book.limits, book.now)
        book.work.reject(book.only().id, "jo", "no", book.limits, book.now)
        book.now = NOON
        book.work.beat(Mode.AUTO, 1, "", book.limits, book.now)
        book.deliver(alert())
        assert book.only().state is ActionState.CANCELLED
        book.wait(DAY + MINUTE)
        book.deliver(alert())
        assert book.newest().state is ActionState.PLANNED

    def test_a_call_of_the_right_clock_stays_where_it_was(self, book: Book) -> None:
        """The clock jumped before its answer came: else a reading from before the call could verify it."""
        book.deliver(alert())
        claim = book.claim()
        assert claim is not None
        called = claim.action.called_at
        book.now += 365 * DAY
        book.work.beat(Mode.AUTO, 1, "", book.limits, book.now)
        book.close(claim)
        book.now -= 365 * DAY - MINUTE
        book.work.beat(Mode.AUTO, 1, "", book.limits, book.now)
        action = book.only()
        assert (action.called_at, action.verify_by) == (called, book.now + book.limits.verify_within)

    def test_an_action_of_a_clock_that_was_ahead_expires_where_no_beat_brings_it_back(self, book: Book) -> None:
        """Only a command wrote by that clock: no executor did, and nothing that holds everybody tells of it."""
        book.wait(2 * DAY)
        book.deliver(alert())
        book.now = NOON
        book.work.beat(Mode.AUTO, 1, "", book.limits, book.now)
        assert book.claim() is None
        assert book.only().state is ActionState.EXPIRED

    def test_an_action_that_never_got_its_turn_expires(self, book: Book) -> None:
        """Whatever held it."""
        book.deliver(alert(), decide=lambda _: Wait(Hold.UNKNOWN_ORGANIZATION))
        book.claim(Wait(Hold.UNKNOWN_ORGANIZATION))
        book.wait(DAY)
        book.claim(Wait(Hold.UNKNOWN_ORGANIZATION))
        assert book.only().state is ActionState.EXPIRED

    def test_a_storm_begins_and_ends_once(self, book: Book) -> None:
        """However many it holds: one escalation."""
        storm = replace(WELL, incident=True)
        for number in range(3):
            book.deliver(alert(f"org-{number}"))
            book.claim(fleet=storm)
            book.wait(MINUTE)
        assert book.work.gate().storm_seen_at == book.now - MINUTE
        book.wait(16 * MINUTE)
        assert book.work.beat(Mode.AUTO, 1, "", AUTO, book.now).storm_seen_at is None
        assert book.claim() is not None

    def test_a_new_ledger_remembers_nothing_and_so_waits(self, tmp_path: Path) -> None:
        """Half an hour, for what may have been done before it."""
        book = Book(tmp_path / "new.db")
        book.path.unlink()
        book.reopened()
        book.deliver(alert())
        assert book.claim() is None
        assert book.hold() is Hold.WARMING_UP
        book.wait(30 * MINUTE)
        assert book.claim() is not None


@pytest.mark.parametrize("hold", [hold for hold in Hold if hold not in {gate.hold for gate in GATES} | {Hold.DRY_RUN}])
def test_a_hold_of_policy_ends_with_its_evidence(book: Book, hold: Hold) -> None:
    """At the next look, within a minute: what policy says then counts, and nothing that it said before."""
    book.deliver(alert(), decide=lambda _: Wait(hold))
    assert book.claim(Wait(hold)) is None
    assert book.hold() is hold
    book.wait(LOOK_AGAIN)
    assert book.claim() is not None


@pytest.mark.parametrize("hold", list(Hold))
def test_whatever_holds_it_an_issue_that_is_gone_cancels_it(book: Book, hold: Hold) -> None:
    """And nothing is ever sent for it."""
    book.deliver(alert(), decide=lambda _: Wait(hold))
    book.claim(Wait(hold))
    book.wait(LOOK_AGAIN)
    book.claim(Over())
    assert book.only().state is ActionState.CANCELLED
    record = book.work.action(book.only().id)
    assert record is not None
    assert record.attempts == ()


def test_a_catch_up_needs_its_opt_in(book: Book) -> None:
    """A reconnect by itself allows nothing."""
    book.work.reconnected([Reconnect("org-1", NOON - HOUR), Reconnect("org-1", NOON - HOUR)], book.now)
    book.plan(lambda _: Do(ActionKind.RESYNC, RESYNC))
    assert book.claim() is None
    assert book.hold() is Hold.KIND_NOT_ALLOWED
    book.limits = replace(AUTO, catch_up_resync=True)
    book.wait(LOOK_AGAIN)
    assert book.claim() is not None


@pytest.mark.parametrize("wrong", ["jo@example.org", "", "a b", "../42", "x" * 129])
def test_a_person_asks_for_no_record_whose_id_cannot_be_one(book: Book, wrong: str) -> None:
    """Whoever asks, by whichever way; and what was written instead is not told again."""
    parameters = replace(RETRY, record_ids=("42", wrong))
    with pytest.raises(RefusedError) as refused:
        book.work.ask(a_request(kind=ActionKind.RETRY, parameters=parameters), book.limits, book.now)
    assert not wrong or wrong not in str(refused.value)
    assert book.work.actions(None, (), 10, None) == []


def test_a_person_asks_for_a_hundred_records_at_most(book: Book) -> None:
    """More of them fail at something else."""
    hundred = replace(RETRY, record_ids=tuple(map(str, range(MAX_RECORD_IDS))))
    more = replace(RETRY, record_ids=(*hundred.record_ids, "one-more"))
    with pytest.raises(RefusedError, match="at most 100"):
        book.work.ask(a_request(kind=ActionKind.RETRY, parameters=more), book.limits, book.now)
    assert book.work.ask(a_request(kind=ActionKind.RETRY, parameters=hundred), book.limits, book.now).id


def test_a_call_counts_as_late_as_it_ended(book: Book) -> None:
    """A process that slept a day between its claim and its call: the budget and what is told of it agree."""
    book.deliver(alert())
    claim = book.claim()
    book.wait(2 * DAY)
    book.close(claim, ACCEPTED)
    assert (told(book).hour, told(book).day) == (1, 1)
    book.limits = replace(AUTO, per_hour=1)
    book.deliver(alert("org-2"))
    assert book.claim() is None


def test_the_ledger_counts_every_word(book: Book) -> None:
    """From 0."""
    book.deliver(alert())
    book.close(book.claim(), ACCEPTED)
    account = told(book)
    totals = account.totals
    assert totals.actions[ActionState.ACCEPTED] == 1
    assert (account.attempts, account.hour, account.day) == ({AttemptOutcome.ACCEPTED: 1}, 1, 1)
    assert set(totals.held) == set(Hold)
    assert totals.actions[ActionState.VERIFIED] == 0
