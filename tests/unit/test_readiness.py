"""Ready means: this exporter works. It never means: the platform works."""

from __future__ import annotations

from exporter.model.facts import Organization, Reading, Snapshot, UpstreamFailure
from exporter.model.judgement import Thresholds
from exporter.model.moment import Moment
from exporter.model.words import Failure, Sent
from exporter.observe.fold import fold, snapshot_of
from exporter.observe.readiness import readiness

NOW = Moment(1_700_000_000.0, 0.0)


def snapshot(asked: int, of: int) -> Snapshot:
    """A fleet in which that many were asked, and all of those failed."""
    bare = snapshot_of([Organization(f"org-{number}") for number in range(of)], None, NOW)
    failure = UpstreamFailure(Failure.NETWORK, Sent.NO)
    return fold(
        bare,
        [Reading(f"org-{number}", NOW, NOW, failure) for number in range(asked)],
        NOW,
        Thresholds(stale_after=300.0),
    )


def test_before_the_first_roster_it_is_not_ready() -> None:
    """Whatever else holds."""
    assert not readiness(None, running_for=1e9, interval=60.0, brake_on=True, no_token=False).ready


def test_while_some_were_not_asked_yet_it_is_not_ready_and_says_how_many() -> None:
    """A sentence for people."""
    found = readiness(snapshot(3, 5), running_for=30.0, interval=60.0, brake_on=False, no_token=False)
    assert not found.ready
    assert found.why == "2 of 5 organisations were not asked yet"


def test_once_all_were_asked_it_is_ready_even_if_all_failed() -> None:
    """A dead platform is news worth scraping."""
    assert readiness(snapshot(5, 5), running_for=30.0, interval=60.0, brake_on=False, no_token=False).ready


def test_after_two_intervals_it_is_ready_and_not_before() -> None:
    """Everybody had a turn."""
    assert not readiness(snapshot(0, 5), running_for=119.9, interval=60.0, brake_on=False, no_token=False).ready
    assert readiness(snapshot(0, 5), running_for=120.0, interval=60.0, brake_on=False, no_token=False).ready


def test_with_the_brake_on_it_is_ready() -> None:
    """It asks nobody, on purpose, and says so."""
    assert readiness(snapshot(0, 5), running_for=1.0, interval=60.0, brake_on=True, no_token=False).ready


def test_an_empty_fleet_is_ready() -> None:
    """There is nobody to wait for."""
    assert readiness(snapshot(0, 0), running_for=0.0, interval=60.0, brake_on=False, no_token=False).ready


def test_without_a_token_it_is_not_ready_however_long_it_runs() -> None:
    """It cannot do its work, and says what is missing."""
    found = readiness(snapshot(0, 5), running_for=1e9, interval=60.0, brake_on=False, no_token=True)
    assert not found.ready
    assert "platform.token_file" in found.why


def test_while_a_source_was_never_read_it_is_not_ready_and_says_which() -> None:
    """Whatever else holds: nobody knows yet who is missing."""
    why = "organizations.http: no answer: HTTP status 503"
    found = readiness(snapshot(5, 5), running_for=1e9, interval=60.0, brake_on=True, no_token=False, waits_for=why)
    assert not found.ready
    assert found.why == f"the list of organisations is not loaded yet: {why}"
