"""The brake comes on for our token, never for a few customers, and lets go at the first success or a new token."""

from __future__ import annotations

import pytest

from exporter.model.facts import Reading, Status, UpstreamFailure
from exporter.model.moment import Moment
from exporter.model.words import Failure, Sent
from exporter.observe.brake import (
    PROBE_EVERY,
    Brake,
    after_reading,
    probe_due,
    probe_sent,
    with_credential,
    with_roster,
)

FLEET = 1_000


def answer(
    organization: str, failure: Failure | None, *, at: float = 100.0, credential: int = 1, status: int | None = None
) -> Reading:
    """An answer for one organisation."""
    outcome = Status() if failure is None else UpstreamFailure(failure, Sent.YES, status)
    return Reading(organization, Moment(at, at), Moment(at + 0.1, at + 0.1), outcome, credential)


def after(*answers: Reading, fleet: int = FLEET, start: Brake | None = None) -> Brake:
    """The brake after these answers."""
    brake = start or Brake(credential=1)
    for one in answers:
        brake = after_reading(brake, one, fleet)
    return brake


def refused(count: int, **options: float) -> list[Reading]:
    """Refusals of that many different organisations."""
    return [answer(f"org-{number}", Failure.AUTH, **options) for number in range(count)]  # type: ignore[arg-type]  # numbers only


def test_nothing_is_known_before_the_first_answer() -> None:
    """Unknown is not refused and not accepted."""
    assert Brake().auth_ok is None


def test_a_success_says_that_the_token_is_accepted() -> None:
    """One is enough."""
    assert after(answer("org-1", None)).auth_ok is True


def test_five_organisations_refused_in_a_row_put_the_brake_on() -> None:
    """The fifth, not the fourth."""
    assert not after(*refused(4)).on
    brake = after(*refused(5))
    assert brake.on
    assert brake.auth_ok is False


def test_one_organisation_that_is_always_refused_never_puts_it_on() -> None:
    """It takes different organisations."""
    assert not after(*[answer("org-1", Failure.AUTH) for _ in range(100)]).on


def test_a_success_between_refusals_starts_the_count_anew() -> None:
    """Somebody got in with this token, so it is the others' own affair."""
    assert not after(*refused(4), answer("org-9", None), *refused(4)).on


def test_where_nobody_answered_nothing_is_learned() -> None:
    """Timeouts and resets neither count nor clear."""
    mixed = [one for refusal in refused(5) for one in (refusal, answer("org-9", Failure.TIMEOUT))]
    assert after(*mixed).on
    assert not after(*[answer(f"org-{number}", Failure.TIMEOUT) for number in range(50)]).on


@pytest.mark.parametrize("failure", [Failure.SERVER_ERROR, Failure.NOT_FOUND, Failure.RATE_LIMITED])
def test_another_answer_between_refusals_starts_the_count_anew(failure: Failure) -> None:
    """In an outage, the few customers who are always refused are not everybody."""
    mixed = [one for refusal in refused(40) for one in (refusal, answer("org-99", failure, status=500))]
    assert not after(*mixed).on


def test_an_answer_that_makes_no_sense_still_says_that_we_were_let_in() -> None:
    """200 with a body that is no status: the token is good."""
    assert after(answer("org-1", Failure.INVALID_RESPONSE, status=200)).auth_ok is True
    assert not after(*refused(5), answer("org-9", Failure.INVALID_RESPONSE, status=200)).on


def test_a_server_error_does_not_release_it() -> None:
    """Only a success does, or another token."""
    assert after(*refused(5), answer("org-9", Failure.SERVER_ERROR, status=500)).on


def test_those_who_left_the_roster_do_not_count() -> None:
    """Four were refused and two of them are gone: two more are not enough."""
    brake = with_roster(after(*refused(4)), {"org-2", "org-3", "org-8", "org-9"})
    assert not after(answer("org-8", Failure.AUTH), answer("org-9", Failure.AUTH), start=brake).on


def test_a_smaller_fleet_needs_all_of_its_organisations() -> None:
    """Three of three are enough, two of three are not."""
    assert not after(*refused(2), fleet=3).on
    assert after(*refused(3), fleet=3).on
    assert after(*refused(1), fleet=1).on


def test_the_first_success_releases_it() -> None:
    """Whoever's it is."""
    brake = after(*refused(5), answer("org-77", None))
    assert not brake.on
    assert brake.auth_ok is True
    assert not brake.refused


def test_a_changed_token_releases_it_and_nothing_is_known_of_the_new_one() -> None:
    """Neither accepted nor refused until somebody answers."""
    brake = with_credential(after(*refused(5)), 2)
    assert not brake.on
    assert brake.auth_ok is None


def test_an_unchanged_token_changes_nothing() -> None:
    """The same object."""
    brake = after(*refused(5))
    assert with_credential(brake, 1) is brake


def test_late_refusals_of_the_old_token_do_not_stop_the_new_one() -> None:
    """They were under way when the file changed."""
    brake = with_credential(after(*refused(5)), 2)
    assert not after(*refused(5, credential=1), start=brake).on
    assert after(*refused(5, credential=2), start=brake).on


def test_a_probe_goes_out_every_thirty_seconds_and_not_earlier() -> None:
    """Counted from the answer that put the brake on, then from each probe."""
    brake = after(*refused(5, at=100.0))
    assert not probe_due(brake, 100.1 + PROBE_EVERY - 0.01)
    assert probe_due(brake, 100.1 + PROBE_EVERY)
    brake = probe_sent(brake, 131.0)
    brake = after(answer("org-8", Failure.AUTH, at=131.5), start=brake)
    assert not probe_due(brake, 160.9)
    assert probe_due(brake, 131.5 + PROBE_EVERY)


def test_without_the_brake_there_are_no_probes() -> None:
    """Ordinary readings are enough."""
    assert not probe_due(after(*refused(4)), 1e9)
