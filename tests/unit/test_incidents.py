"""Whether many turned bad at once, and one word for the fleet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.model.fleet import NOBODY, UNJUDGED, FleetJudgement, PageSays, Surroundings, Tally
from exporter.model.words import IncidentKind, ServiceStatus, Verdict
from exporter.observe.incidents import GRAIN, SETTLES, judge_fleet
from tests.unit.judging import HOUR, MINUTE

LOOK_BACK = 6 * HOUR
CONNECTION, SYNC = IncidentKind.CONNECTION, IncidentKind.SYNC
STARTED = Surroundings(started=True)


def tally(
    affected: int = 0,
    *,
    fresh: int = 1000,
    known: int | None = None,
    kind: IncidentKind = SYNC,
    unavailable: int = 0,
    app_refused: int = 0,
) -> Tally:
    """A fleet of which so many are affected."""
    return replace(
        NOBODY,
        known=fresh if known is None else known,
        fresh=fresh,
        affected={**NOBODY.affected, kind: affected},
        unavailable={**NOBODY.unavailable, kind: unavailable},
        app_refused=app_refused,
        with_issue=affected,
    )


class Watched:
    """A fleet that is judged once a minute."""

    def __init__(self) -> None:
        self.judgement = UNJUDGED
        self.second = 0.0

    def on(self, seconds: float, now: Tally, surroundings: Surroundings = STARTED) -> Watched:
        """So it stays for so long."""
        end = self.second + seconds
        while self.second < end:
            self.second += MINUTE
            self.judgement = judge_fleet(self.judgement, now, surroundings, self.second, LOOK_BACK)
        return self

    def off(self, seconds: float) -> Watched:
        """Nobody judges for so long."""
        self.second += seconds
        return self

    def incident(self, kind: IncidentKind = SYNC) -> bool | None:
        """Whether there is one."""
        return self.judgement.incidents[kind]


def quiet(affected: int = 0, *, fresh: int = 1000, kind: IncidentKind = SYNC) -> Watched:
    """A fleet that was watched for seven hours, with so many affected all the time."""
    return Watched().on(7 * HOUR, tally(affected, fresh=fresh, kind=kind))


# Incidents


@pytest.mark.parametrize(
    ("fresh", "before", "after", "holds"),
    [
        (1000, 0, 50, False),  # five points are not more than five
        (1000, 0, 51, True),
        (1000, 100, 150, False),
        (1000, 100, 151, True),
        (1000, 400, 400, False),
        (1000, 400, 0, False),
        (100, 0, 5, False),
        (100, 0, 6, True),
        (20, 0, 4, False),  # a fifth, and not five organisations
        (20, 0, 5, True),
        (10, 3, 7, False),
        (10, 3, 8, True),
        (4, 0, 4, False),
    ],
)
@pytest.mark.parametrize("kind", IncidentKind)
def test_an_incident_is_a_rise_of_more_than_five_points_and_at_least_five_organisations(
    kind: IncidentKind,
    fresh: int,
    before: int,
    after: int,
    holds: bool,  # noqa: FBT001 - a row of a table
) -> None:
    """Not a level: what was wrong all the time is none."""
    fleet = quiet(before, fresh=fresh, kind=kind)
    assert fleet.incident(kind) is False
    fleet.on(MINUTE, tally(after, fresh=fresh, kind=kind))
    assert fleet.incident(kind) is holds
    if kind is SYNC:
        assert fleet.incident(CONNECTION) is False
    else:
        few = min(fresh - before, fresh - after) < 0.8 * max(fresh - before, fresh - after)
        assert fleet.incident(SYNC) is (None if few else False)


def test_it_lasts_until_the_share_falls_or_six_hours_have_made_it_the_ordinary() -> None:
    """The least of the last six hours, and no more."""
    fleet = quiet(20).on(2 * HOUR, tally(90))
    assert fleet.incident() is True
    assert fleet.on(MINUTE, tally(70)).incident() is False
    assert fleet.on(MINUTE, tally(71)).incident() is True
    assert fleet.on(HOUR, tally(20)).incident() is False
    assert fleet.on(5 * HOUR + 58 * MINUTE, tally(90)).incident() is True
    assert fleet.on(3 * MINUTE, tally(90)).incident() is False


def test_a_slow_rise_counts_from_the_least() -> None:
    """A point each half hour is an incident after three hours, and a point each two hours never is."""
    fleet = quiet()
    seen = [fleet.on(30 * MINUTE, tally(10 * step)).incident() for step in range(1, 8)]
    assert seen == [False] * 5 + [True] * 2
    slow = quiet()
    assert not any(slow.on(2 * HOUR, tally(10 * step)).incident() for step in range(1, 20))


def test_shares_are_of_those_that_are_fresh() -> None:
    """Those of whom nothing is known are neither broken nor healthy."""
    fleet = quiet().on(MINUTE, tally(45, fresh=800, known=1000))
    assert fleet.incident() is True
    assert quiet().on(MINUTE, tally(45, fresh=1000)).incident() is False


def test_it_is_unknown_while_less_than_four_fifths_are_fresh() -> None:
    """And judged again at once when they are."""
    fleet = quiet().on(MINUTE, tally(200, fresh=799, known=1000))
    assert fleet.incident() is None
    assert fleet.on(MINUTE, tally(200, fresh=800, known=1000)).incident() is True
    assert Watched().on(HOUR, NOBODY).incident() is None
    assert Watched().on(HOUR, tally(fresh=0, known=7)).incident() is None


def test_it_is_unknown_in_the_first_half_hour() -> None:
    """Whatever there is to see: a fleet that is read for the first time looks like anything."""
    for affected in (0, 40, 400):
        fleet = Watched().on(MINUTE, tally())
        assert fleet.on(29 * MINUTE, tally(affected)).incident() is None


def test_the_half_hour_begins_when_four_fifths_are_fresh_for_the_first_time() -> None:
    """Not when the process did."""
    fleet = Watched().on(2 * HOUR, tally(fresh=10, known=1000)).on(30 * MINUTE, tally())
    assert fleet.incident() is None
    assert fleet.on(MINUTE, tally()).incident() is False


@pytest.mark.parametrize(
    ("affected", "after_half_an_hour", "after_six_hours"), [(0, False, False), (50, False, False), (51, None, False)]
)
def test_after_a_start_no_incident_is_concluded_only_from_what_would_be_none_even_from_nothing(
    affected: int,
    after_half_an_hour: bool | None,  # noqa: FBT001 - a row of a table
    after_six_hours: bool | None,  # noqa: FBT001 - as above
) -> None:
    """A share that was there when the process started may be the incident itself."""
    fleet = Watched().on(31 * MINUTE, tally(affected))
    assert fleet.incident() is after_half_an_hour
    fleet.on(LOOK_BACK - 31 * MINUTE, tally(affected))
    assert fleet.incident() is after_half_an_hour
    assert fleet.on(MINUTE, tally(affected)).incident() is after_six_hours


def test_a_rise_seen_after_a_start_is_an_incident_also_before_six_hours() -> None:
    """A longer memory could only hold a lesser least. While it is warming up it is remembered."""
    fleet = Watched().on(20 * MINUTE, tally(80)).on(11 * MINUTE, tally(140))
    assert fleet.incident() is True
    assert fleet.on(MINUTE, tally(110)).incident() is None
    assert fleet.on(MINUTE, tally(40)).incident() is False


@pytest.mark.parametrize(("minutes", "expected"), [(9, False), (29, False), (31, None), (6 * 60 - 2, None)])
def test_after_a_gap_of_more_than_half_an_hour_a_standing_share_is_unknown_for_six_hours(
    minutes: float,
    expected: bool | None,  # noqa: FBT001 - a row of a table
) -> None:
    """An incident may have begun while nobody looked, and the least be forgotten by now."""
    fleet = quiet(80).off(minutes * MINUTE).on(HOUR, tally(80))
    assert fleet.incident() is expected
    assert fleet.on(LOOK_BACK, tally(80)).incident() is False


def test_after_a_gap_a_rise_is_an_incident_while_the_least_before_it_is_within_six_hours() -> None:
    """What was seen was seen."""
    assert quiet(10).off(2 * HOUR).on(MINUTE, tally(80)).incident() is True
    assert quiet(10).off(LOOK_BACK - 5 * MINUTE).on(3 * MINUTE, tally(80)).incident() is True


def test_after_a_gap_of_six_hours_all_begins_anew() -> None:
    """Unknown for half an hour, as after a start."""
    fleet = quiet(10).off(7 * HOUR).on(30 * MINUTE, tally(10))
    assert fleet.incident() is None
    assert fleet.on(MINUTE, tally(10)).incident() is False
    assert quiet(10).off(7 * HOUR).on(HOUR, tally(80)).incident() is None


def test_minutes_in_which_too_few_are_fresh_are_such_a_gap() -> None:
    """A platform that is down is not watched."""
    fleet = quiet(80).on(40 * MINUTE, tally(0, fresh=100, known=1000)).on(MINUTE, tally(80))
    assert fleet.incident() is None


# What a connection issue hides


def hiding(connection: int, sync: int, *, fresh: int = 1000) -> Tally:
    """A fleet of which so many have a connection issue, and so many others one of their syncs."""
    now = tally(fresh=fresh)
    return replace(now, affected={CONNECTION: connection, SYNC: sync}, with_issue=connection + sync)


@pytest.mark.parametrize("lasts", [MINUTE, 15 * MINUTE, 2 * HOUR, 7 * HOUR])
@pytest.mark.parametrize("hidden", [400, 700, 999, 1000])
def test_what_an_outage_of_connections_hid_is_no_incident_of_syncs_when_it_ends(hidden: int, lasts: float) -> None:
    """A twelfth has had a wrong tax rate for a year; none of it is seen for as long as Xero lets nobody in."""
    fleet = quiet(80)
    for connection in (hidden // 2, hidden, hidden // 2):
        fleet.on(lasts if connection == hidden else MINUTE, hiding(connection, (1000 - connection) // 20))
        assert fleet.incident(SYNC) is not True
    for _ in range(7 * 60):
        assert fleet.on(MINUTE, hiding(0, 80)).incident(SYNC) is not True
    assert fleet.incident(SYNC) is False
    assert fleet.judgement.verdict is Verdict.CUSTOMERS


def test_a_start_in_such_an_outage_concludes_nothing_from_who_was_left() -> None:
    """Nobody to be seen, then ten that are well, then all with their old troubles: unknown, as after any start."""
    fleet = Watched().on(HOUR, hiding(1000, 0)).on(40 * MINUTE, hiding(990, 0))
    for minutes in range(6 * 60 - 1):
        assert fleet.on(MINUTE, hiding(0, 80)).incident(SYNC) is None, f"after {minutes} minutes"
    assert fleet.on(2 * MINUTE, hiding(0, 80)).incident(SYNC) is False


def test_shares_of_syncs_are_of_those_whose_connection_works() -> None:
    """A third that was disconnected for months makes no incident smaller: 55 of 700 are more than five points."""
    fleet = Watched().on(7 * HOUR, hiding(300, 10))
    assert fleet.incident(SYNC) is False
    assert fleet.on(MINUTE, hiding(300, 45)).incident(SYNC) is False
    assert fleet.on(MINUTE, hiding(300, 46)).incident(SYNC) is True


def exact(shares: Mapping[float, float], now: float) -> float:
    """The least of six hours, by remembering everything."""
    return min(share for second, share in shares.items() if second > now - LOOK_BACK)


@given(st.lists(st.tuples(st.integers(1, 2400), st.integers(0, 100)), min_size=1, max_size=60))
def test_the_least_is_what_remembering_everything_would_find_to_a_minute(story: list[tuple[int, int]]) -> None:
    """Bounded, and never less than what was there; more only by what stood for under a minute, six hours ago."""
    judgement, now = UNJUDGED, 0.0
    shares: dict[float, float] = {}
    for pause, affected in story:
        now += pause
        judgement = judge_fleet(judgement, tally(affected, fresh=100), STARTED, now, LOOK_BACK)
        # Just after the start only the newest is remembered.
        shares = {} if now - story[0][0] < SETTLES * LOOK_BACK else shares
        shares[now] = affected / 100
        kept = judgement.shares[SYNC].least
        assert [second for second, _ in kept] == sorted(second for second, _ in kept)
        assert [share for _, share in kept] == sorted({share for _, share in kept})
        assert kept[0][1] >= exact(shares, now)
        assert kept[0][1] <= exact(
            {s: v for s, v in shares.items() if s > now - LOOK_BACK * (1 - GRAIN) or s == now}, now
        )


@given(st.lists(st.tuples(st.integers(1, 2400), st.integers(0, 100)), min_size=1, max_size=60))
def test_a_window_that_is_64_times_shorter_judges_a_story_as_much_faster_alike(story: list[tuple[int, int]]) -> None:
    """All lengths of time are parts of the one; 64, as both clocks are exact in floats then."""
    slow, fast, now = UNJUDGED, UNJUDGED, 0
    for pause, affected in story:
        now += pause
        counts = tally(affected, fresh=100)
        slow = judge_fleet(slow, counts, STARTED, float(now), 6 * HOUR)
        fast = judge_fleet(fast, counts, STARTED, now / 64, 6 * HOUR / 64)
        assert (fast.incidents, fast.verdict) == (slow.incidents, slow.verdict)
        assert [second * 64 for second, _ in fast.shares[SYNC].least] == [
            second for second, _ in slow.shares[SYNC].least
        ]


def test_memory_of_shares_is_bounded() -> None:
    """A tick each second for a day, rising: one a minute for six hours."""
    judgement = UNJUDGED
    for second in range(0, 86_400, 7):
        judgement = judge_fleet(judgement, tally(second, fresh=100_000), STARTED, float(second), LOOK_BACK)
        assert len(judgement.shares[SYNC].least) <= 1 / GRAIN + 1


SEVEN_HOURS = quiet(5, fresh=100)


def after(fleet: Watched) -> Watched:
    """Another that has seen the same."""
    other = Watched()
    other.judgement, other.second = fleet.judgement, fleet.second
    return other


@pytest.mark.parametrize("pause", [0.0, 10 * MINUTE, 31 * MINUTE, 3 * HOUR, 7 * HOUR])
@settings(deadline=None)  # a story is up to 20 hours of minutes: 0.2 s, and more on a machine that is busy
@given(
    st.lists(st.tuples(st.integers(1, 90), st.integers(0, 30)), min_size=3, max_size=14),
    st.integers(0, 13),
    st.booleans(),
)
def test_after_a_restart_or_a_gap_it_is_unknown_or_what_it_would_have_been(
    pause: float,
    story: list[tuple[int, int]],
    place: int,
    restarts: bool,  # noqa: FBT001 - drawn
) -> None:
    """Beside one that watched all the time: never the opposite of what that one says."""
    whole, broken = after(SEVEN_HOURS), after(SEVEN_HOURS)
    for number, (minutes, affected) in enumerate(story):
        now = tally(affected, fresh=100)
        if number == place:
            if restarts:
                broken.judgement = UNJUDGED
            whole.on(pause, now)
            broken.off(pause)
        for _ in range(minutes):
            whole.on(MINUTE, now)
            broken.on(MINUTE, now)
            assert broken.incident() in (None, whole.incident()), f"{affected} in step {number}"


# The verdict


def verdict(now: Tally, surroundings: Surroundings = STARTED, before: FleetJudgement | None = None) -> Verdict:
    """Of this fleet, after seven quiet hours."""
    fleet = quiet() if before is None else Watched()
    return judge_fleet(
        fleet.judgement if before is None else before, now, surroundings, fleet.second + MINUTE, LOOK_BACK
    ).verdict


def pages(*statuses: ServiceStatus) -> Surroundings:
    """What status pages say."""
    return replace(STARTED, pages=tuple(PageSays(f"page{number}", status) for number, status in enumerate(statuses)))


CASES: Iterable[tuple[str, Tally, Surroundings, Verdict]] = (
    ("nothing", tally(), STARTED, Verdict.ALL_WELL),
    ("one customer", tally(1), STARTED, Verdict.CUSTOMERS),
    ("as many as there is no incident with", tally(50), STARTED, Verdict.CUSTOMERS),
    ("a rise", tally(60), STARTED, Verdict.INCIDENT),
    ("a rise of connections", tally(60, kind=CONNECTION), STARTED, Verdict.INCIDENT),
    ("half have xero_unavailable", tally(60, unavailable=30), STARTED, Verdict.XERO),
    ("fewer than half", tally(60, unavailable=29), STARTED, Verdict.INCIDENT),
    ("no incident, all have it", tally(40, unavailable=40), STARTED, Verdict.CUSTOMERS),
    ("a page says major", tally(60), pages(ServiceStatus.NONE, ServiceStatus.MAJOR), Verdict.XERO),
    ("a page says critical", tally(60), pages(ServiceStatus.CRITICAL), Verdict.XERO),
    ("a page says minor", tally(60), pages(ServiceStatus.MINOR), Verdict.INCIDENT),
    ("a page says nothing", tally(60), pages(ServiceStatus.UNKNOWN), Verdict.INCIDENT),
    ("critical, and no incident", tally(3), pages(ServiceStatus.CRITICAL), Verdict.CUSTOMERS),
    ("critical, and nobody notices", tally(), pages(ServiceStatus.CRITICAL), Verdict.ALL_WELL),
    ("three say that the app is refused", tally(3, app_refused=3), STARTED, Verdict.XERO_APP),
    ("two of many", tally(2, app_refused=2), STARTED, Verdict.CUSTOMERS),
    ("both of two", tally(2, fresh=2, app_refused=2), STARTED, Verdict.XERO_APP),
    ("one of two", tally(1, fresh=2, app_refused=1), STARTED, Verdict.CUSTOMERS),
    ("the only one", tally(1, fresh=1, app_refused=1), STARTED, Verdict.XERO_APP),
    ("our own token refused", tally(), replace(STARTED, app_refused=True), Verdict.XERO_APP),
    ("the app, in an incident", tally(90, app_refused=90, unavailable=90), STARTED, Verdict.XERO_APP),
    ("a fifth is not fresh", tally(90, fresh=800, known=1000), STARTED, Verdict.INCIDENT),
    ("more than a fifth", tally(90, fresh=799, known=1000, app_refused=9), STARTED, Verdict.PLATFORM_API),
    ("nobody is fresh", tally(fresh=0, known=9), STARTED, Verdict.PLATFORM_API),
    (
        "the brake is on",
        tally(fresh=0, known=9),
        replace(STARTED, credential_refused=True, app_refused=True),
        Verdict.PLATFORM_CREDENTIAL,
    ),
    ("not started", tally(fresh=0, known=9), Surroundings(credential_refused=True), Verdict.STARTING),
    ("nobody to watch", NOBODY, STARTED, Verdict.STARTING),
    ("nobody to watch, and no token", NOBODY, replace(STARTED, credential_refused=True), Verdict.PLATFORM_CREDENTIAL),
    ("only some that never connected", replace(NOBODY, never_connected=3), STARTED, Verdict.ALL_WELL),
    ("some are new", replace(tally(fresh=700, known=1000), unasked=100), STARTED, Verdict.STARTING),
    ("all are new", replace(tally(fresh=0, known=9), unasked=9), STARTED, Verdict.STARTING),
    ("a few are new", replace(tally(fresh=800, known=1000), unasked=200), STARTED, Verdict.ALL_WELL),
    ("some are new, more do not answer", replace(tally(fresh=0, known=9), unasked=7), STARTED, Verdict.PLATFORM_API),
    (
        "they are new because the brake is on",
        replace(tally(fresh=0, known=9), unasked=9),
        replace(STARTED, credential_refused=True),
        Verdict.PLATFORM_CREDENTIAL,
    ),
    (
        "some are new, and the platform lost the others",
        replace(tally(fresh=0, known=9), unasked=9, not_found=9, lost=9),
        STARTED,
        Verdict.PLATFORM_API,
    ),
    ("the platform knows nobody", replace(NOBODY, not_found=9), STARTED, Verdict.PLATFORM_API),
    ("or only one", replace(tally(fresh=1), not_found=9), STARTED, Verdict.ALL_WELL),
    (
        "half of those that it knew are gone",
        replace(tally(fresh=6), not_found=6, lost=6),
        STARTED,
        Verdict.PLATFORM_API,
    ),
    ("fewer than half", replace(tally(fresh=7), not_found=6, lost=6), STARTED, Verdict.ALL_WELL),
    ("a few of a few", replace(tally(fresh=1), not_found=4, lost=4), STARTED, Verdict.ALL_WELL),
    ("or one that never connected", replace(NOBODY, not_found=9, never_connected=1), STARTED, Verdict.ALL_WELL),
)


@pytest.mark.parametrize(("now", "surroundings", "expected"), [one[1:] for one in CASES], ids=[one[0] for one in CASES])
def test_the_first_that_holds(now: Tally, surroundings: Surroundings, expected: Verdict) -> None:
    """In the order of the list of verdicts."""
    assert verdict(now, surroundings) is expected


def test_four_fifths_of_any_number_are_enough() -> None:
    """No rounding of 0.8 makes one more necessary."""
    for known in range(1, 3000):
        least = -(-4 * known // 5)
        assert verdict(tally(fresh=least, known=known), before=UNJUDGED) is Verdict.ALL_WELL
        assert verdict(tally(fresh=least - 1, known=known), before=UNJUDGED) is Verdict.PLATFORM_API


def test_xero_is_said_only_for_what_the_incident_is_of() -> None:
    """Ten with an outage in their errors, while sixty connections break for another cause."""
    now = replace(
        tally(60, kind=CONNECTION),
        affected={CONNECTION: 60, SYNC: 10},
        unavailable={CONNECTION: 0, SYNC: 10},
        with_issue=70,
    )
    assert verdict(now) is Verdict.INCIDENT


OUTAGE = pages(ServiceStatus.MAJOR)


@pytest.mark.parametrize(
    ("now", "surroundings", "expected"),
    [
        (tally(600, unavailable=300), OUTAGE, Verdict.XERO),
        (tally(600, unavailable=299), OUTAGE, Verdict.CUSTOMERS),
        (tally(600, unavailable=600), pages(ServiceStatus.MINOR), Verdict.CUSTOMERS),
        (tally(50, unavailable=50), OUTAGE, Verdict.CUSTOMERS),
    ],
)
def test_an_outage_that_outlasts_the_window_is_still_xero(
    now: Tally, surroundings: Surroundings, expected: Verdict
) -> None:
    """No rise any more, and as little the customers: while its page and their errors both say so."""
    fleet = quiet(600)
    assert fleet.incident() is False
    assert fleet.on(MINUTE, now, surroundings).judgement.verdict is expected


@pytest.mark.parametrize("minutes", [1, 10, 31, 6 * 60 - 1])
@pytest.mark.parametrize(
    ("now", "surroundings", "expected"),
    [
        (tally(600), STARTED, Verdict.STARTING),
        (tally(51), STARTED, Verdict.STARTING),
        (tally(50), STARTED, Verdict.CUSTOMERS),  # no rise, even from nothing
        (tally(5, fresh=20), STARTED, Verdict.STARTING),
        (tally(4, fresh=20), STARTED, Verdict.CUSTOMERS),
        (tally(600, kind=CONNECTION), STARTED, Verdict.STARTING),
        (tally(600, unavailable=300), STARTED, Verdict.XERO),
        (tally(600, unavailable=299), STARTED, Verdict.STARTING),
        (tally(50, unavailable=50), STARTED, Verdict.CUSTOMERS),
        (tally(600), OUTAGE, Verdict.XERO),
        (tally(600), pages(ServiceStatus.MINOR), Verdict.STARTING),
        (tally(50), OUTAGE, Verdict.CUSTOMERS),
        (tally(4, fresh=4), OUTAGE, Verdict.CUSTOMERS),
        (tally(600, app_refused=600), OUTAGE, Verdict.XERO_APP),
        (tally(fresh=1000), OUTAGE, Verdict.ALL_WELL),
    ],
)
def test_after_a_restart_in_the_midst_of_an_outage_nobody_speaks_of_single_customers(
    now: Tally, surroundings: Surroundings, expected: Verdict, minutes: float
) -> None:
    """As many as could be an incident are it at Xero where Xero says so, and else not known for six hours."""
    judgement = Watched().on(minutes * MINUTE, now, surroundings).judgement
    assert True not in judgement.incidents.values()
    assert judgement.verdict is expected
    could_be = any(now.affected[kind] >= 5 and now.affected[kind] > 0.05 * now.fresh for kind in IncidentKind)
    assert (judgement.undecided_until is not None) is could_be


def test_until_when_it_is_not_known_is_told_and_kept() -> None:
    """Six hours from the first share; then those who are still affected are single customers, or always were."""
    fleet = Watched().on(MINUTE, tally(600))
    until = fleet.judgement.undecided_until
    assert until == MINUTE + LOOK_BACK
    while fleet.second + MINUTE < until:
        assert fleet.on(MINUTE, tally(600)).judgement.undecided_until == until
    assert fleet.on(MINUTE, tally(600)).judgement.verdict is Verdict.CUSTOMERS
    assert fleet.judgement.undecided_until is None


def test_syncs_that_an_outage_of_connections_hides_are_not_decided_either_and_nobody_can_say_until_when() -> None:
    """Those who are left may be as they always were; the incident of connections is told first."""
    fleet = quiet(80).on(MINUTE, hiding(400, 60))
    assert fleet.incident(SYNC) is None
    assert fleet.judgement.verdict is Verdict.INCIDENT
    assert fleet.judgement.undecided_until == float("inf")


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 30)), min_size=1, max_size=12))
def test_single_customers_are_spoken_of_only_where_no_incident_can_be(story: list[tuple[int, int]]) -> None:
    """Whatever happens after a start."""
    fleet = Watched()
    for minutes, affected in story:
        for _ in range(minutes):
            fleet.on(MINUTE, tally(affected, fresh=100))
            if fleet.judgement.verdict is Verdict.CUSTOMERS:
                assert affected <= 5 or fleet.incident() is False


def test_what_shows_only_minutes_after_a_start_is_no_rise() -> None:
    """Errors that count as they come back are there again after some minutes: what always was is no incident."""
    fleet = Watched().on(8 * MINUTE, tally(0)).on(60 * MINUTE, tally(140))
    assert fleet.incident() is None


def test_those_in_doubt_make_no_incident_when_they_go_nor_when_they_are_back() -> None:
    """A list of Xero's that cannot be read for an hour changes nothing with whoever it missed."""
    doubted = replace(tally(0), doubtful=140)
    fleet = Watched().on(7 * HOUR, tally(140)).on(HOUR, doubted)
    assert fleet.incident() is False, "140 may be affected, as many as were before"
    assert fleet.on(HOUR, tally(140)).incident() is False


def test_where_too_many_are_in_doubt_nobody_says_that_all_is_well() -> None:
    """Of the others nothing follows for all."""
    fleet = Watched().on(7 * HOUR, tally(0))
    assert fleet.judgement.verdict is Verdict.ALL_WELL
    assert fleet.on(MINUTE, replace(tally(0), doubtful=tally(0).fresh)).judgement.verdict is Verdict.STARTING
