"""Whole days of platforms in simulated time: what is told, from when to when, and what is never told."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from exporter.model.facts import Status
from exporter.model.fleet import PageSays, Surroundings
from exporter.model.judgement import Thresholds
from exporter.model.words import IncidentKind, Issue, Reason, ServiceStatus, SyncStatus, SyncType, Verdict
from tests.scenario.days import ACCESS_TOKEN, DAY, HOUR, MINUTE, Days, Life, says

DEGRADED, FAILING = SyncStatus.DEGRADED, SyncStatus.FAILING
CONNECTION, SYNC = IncidentKind.CONNECTION, IncidentKind.SYNC
QUARTER = 15 * MINUTE
COARSE = Thresholds(stale_after=15 * MINUTE)
"""For a reading every five minutes: three intervals."""

QUIET = [("0d 00:05", None), ("0d 00:35", False)]
"""What is told of incidents where there is none: unknown at first."""


def names(count: int) -> list[str]:
    """So many organisations."""
    return [f"org-{number:05d}" for number in range(count)]


# Fleets with which nothing is wrong


def nightly(at: float, pending: int) -> Life:
    """Syncs at that second of each day, on an access token that is dead for 23 and a half hours after it."""

    def said(second: float) -> Status:
        synced = (second - at) // DAY * DAY + at
        waiting = pending if second - synced > 8 * HOUR else 0
        old = ((synced - 40 * MINUTE, Reason.DUPLICATE_CONTACT, SyncType.CONTACTS),)
        return says(synced, synced + ACCESS_TOKEN, failed=2 if pending else 0, pending=waiting, errors=old)

    return said


def test_a_nightly_fleet_with_access_tokens_has_no_issue_in_three_days() -> None:
    """Every token is expired all day long, syncs wait from the morning on, and nothing is wrong.

    200 organisations, read every five minutes.
    """
    draw = Random(1)  # noqa: S311 - a fleet, no secret
    days = Days(
        {name: nightly(2 * HOUR + draw.uniform(0, HOUR), draw.choice([0, 7])) for name in names(200)},
        every=5 * MINUTE,
        rules=COARSE,
    ).until(3 * DAY)
    assert days.issues == []
    assert days.incidents == {CONNECTION: QUIET, SYNC: QUIET}
    assert days.verdicts == [("0d 00:05", Verdict.ALL_WELL)]


def on_demand(draw: Random) -> Life:
    """Syncs when somebody presses a button: at working hours, several times or not at all on a day."""
    pressed = sorted(
        [
            -DAY,
            *(
                day * DAY + draw.uniform(8 * HOUR, 18 * HOUR)
                for day in range(5)
                if draw.random() < 0.6
                for _ in range(draw.randint(1, 6))
            ),
        ]
    )

    def said(second: float) -> Status:
        synced = max(at for at in pressed if at <= second)
        return says(synced, synced + ACCESS_TOKEN)

    return said


def test_an_on_demand_fleet_has_no_issue_in_five_days() -> None:
    """Days without a sync, and tokens that are renewed only on use. 100 organisations, every five minutes."""
    draw = Random(2)  # noqa: S311 - a fleet, no secret
    days = Days({name: on_demand(draw) for name in names(100)}, every=5 * MINUTE, rules=COARSE).until(5 * DAY)
    assert days.issues == []
    assert days.incidents == {CONNECTION: QUIET, SYNC: QUIET}
    assert days.verdicts == [("0d 00:05", Verdict.ALL_WELL)]


def every_quarter(offset: float = 0.0) -> Life:
    """Syncs every quarter of an hour, renews its token every half."""

    def said(second: float) -> Status:
        synced = (second - offset) // QUARTER * QUARTER + offset
        return says(synced, (second - offset) // ACCESS_TOKEN * ACCESS_TOKEN + ACCESS_TOKEN + offset)

    return said


# Fleets of which most were never connected


def fails_from(begin: float, well: Life, reason: Reason, end: float = 9 * DAY) -> Life:
    """Syncs fail from then on, every quarter of an hour."""

    def said(second: float) -> Status | None:
        if not begin <= second < end:
            return well(second)
        newest = begin + (second - begin) // QUARTER * QUARTER
        errors = tuple((at, reason, SyncType.INVOICES) for at in (newest, newest - QUARTER) if at >= begin)
        return replace_errors(begin, newest, errors)

    return said


def replace_errors(last_sync: float, now: float, errors: tuple[tuple[float, Reason, SyncType], ...]) -> Status:
    """What a platform says whose syncs fail since then, with a token that it renews."""
    return says(
        last_sync - MINUTE,
        now // ACCESS_TOKEN * ACCESS_TOKEN + ACCESS_TOKEN,
        DEGRADED,
        failed=3,
        pending=3,
        errors=errors,
    )


@pytest.mark.parametrize(("broken", "stands"), [(150, False), (160, True)])
def test_shares_leave_out_those_that_were_never_connected(
    broken: int,
    stands: bool,  # noqa: FBT001 - a row of a table
) -> None:
    """7,000 of 10,000: five points are 150 organisations, not 500. Read every five minutes, for 45 minutes."""
    never = says(None, connected=False)
    fleet: dict[str, Life] = {name: lambda _: never for name in names(10_000)[3_000:]}
    for number, name in enumerate(names(3_000)):
        well = every_quarter()
        fleet[name] = fails_from(36 * MINUTE, well, Reason.ACCOUNT_CODE) if number < broken else well
    days = Days(fleet, every=5 * MINUTE, rules=COARSE).until(45 * MINUTE)
    snapshot = days.fleet.snapshot
    assert snapshot is not None
    assert (snapshot.tally.known, snapshot.tally.fresh, snapshot.tally.with_issue) == (3_000, 3_000, broken)
    assert days.incidents[SYNC] == [*QUIET, *([("0d 00:45", True)] if stands else [])]
    assert days.verdicts[-1][1] is (Verdict.INCIDENT if stands else Verdict.CUSTOMERS)


@pytest.mark.parametrize(("silent", "verdict"), [(600, Verdict.ALL_WELL), (601, Verdict.PLATFORM_API)])
def test_so_does_the_share_that_is_fresh(silent: int, verdict: Verdict) -> None:
    """7,000 that answer and have nothing to tell do not hide that a fifth of the others is silent."""
    never, well = says(None, connected=False), says(0.0)
    fleet: dict[str, Life] = {name: lambda _: never for name in names(10_000)[3_000:]}
    for number, name in enumerate(names(3_000)):
        fleet[name] = (lambda _: None) if number < silent else (lambda _: well)
    days = Days(fleet, every=5 * MINUTE, rules=COARSE).until(20 * MINUTE)
    assert days.verdicts[-1][1] is verdict


# One that fails every night

NIGHT = 2 * HOUR
ONE_NIGHT = ((NIGHT + MINUTE, Reason.ACCOUNT_CODE, SyncType.INVOICES),)
TWO_NIGHTS = ((DAY + NIGHT + MINUTE, Reason.ACCOUNT_CODE, SyncType.INVOICES), *ONE_NIGHT)


def fails_at_night(
    sync_status: SyncStatus, *, advances: bool, token: bool = False, pending: int = 0
) -> Callable[[float], Status]:
    """Fails the same way in two nights, a minute into the sync that ends after two; the third night works."""

    def said(second: float) -> Status:
        night = (second - NIGHT - 2 * MINUTE) // DAY
        end = night * DAY + NIGHT + 2 * MINUTE
        expires = end + ACCESS_TOKEN if token else None
        if night in (0, 1):
            synced = end if advances else -DAY + NIGHT
            errors = ONE_NIGHT if night == 0 else TWO_NIGHTS
            return says(synced, expires, sync_status, failed=3, pending=pending, errors=errors)
        return says(end, expires, errors=TWO_NIGHTS if night > 1 else ())

    return said


def night_story(life: Life) -> Days:
    """Three nights and the day after, a reading each minute on the minute."""
    return Days({"a": life}, stagger=False).until(3 * DAY)


def test_a_nightly_sync_that_fails_whole_is_one_issue_until_one_works() -> None:
    """The last sync stays where it was, so both errors are newer; what waits becomes stale beside it."""
    days = night_story(fails_at_night(DEGRADED, advances=False, pending=3))
    invoices, stale = Issue.INVOICES_FAILING, Issue.SYNC_STALE
    assert days.told["a"] == [
        ("0d 02:02", [invoices]),
        ("0d 04:01", [invoices, stale]),
        ("2d 02:02", [invoices]),
        ("2d 02:11", []),  # last seen at 02:01
    ]


@pytest.mark.parametrize("token", [False, True])
def test_a_nightly_sync_that_works_but_for_some_is_told_by_its_text_while_that_is_young(token: bool) -> None:  # noqa: FBT001
    """The platform goes on to count them as failed and to call itself degraded: then by that, without a text.

    That its access token rests meanwhile is nothing: it was degraded before the token expired.
    """
    days = night_story(fails_at_night(DEGRADED, advances=True, token=token))
    invoices, unspecified = Issue.INVOICES_FAILING, Issue.SYNC_FAILING
    one_night = [
        ("02:02", [invoices]),
        ("03:01", [invoices, unspecified]),  # the error is an hour old
        ("03:10", [unspecified]),
    ]
    second = [
        ("02:02", [invoices, unspecified]),
        ("02:11", [invoices]),
        *one_night[1:],
    ]
    assert days.told["a"] == [
        *((f"0d {when}", issues) for when, issues in one_night),
        *((f"1d {when}", issues) for when, issues in second),
        ("2d 02:11", []),
    ]


def test_a_platform_that_becomes_unwell_after_its_token_expired_is_taken_at_its_word() -> None:
    """It was well when the token expired at 02:32, and fails from 05:00 on: then the clock tells why."""

    def said(second: float) -> Status:
        end = NIGHT + 2 * MINUTE
        unwell = second >= NIGHT + 3 * HOUR
        return says(end, end + ACCESS_TOKEN, SyncStatus.FAILING if unwell else SyncStatus.HEALTHY, failed=int(unwell))

    days = Days({"a": said}, stagger=False).until(8 * HOUR)
    assert days.told["a"] == [("0d 05:00", [Issue.TOKEN_EXPIRED])]


@pytest.mark.parametrize("token", [False, True])
def test_a_nightly_sync_that_calls_itself_healthy_is_healthy(token: bool) -> None:  # noqa: FBT001
    """As the sample of the troubleshooting page: three failed, an error older than the last sync."""
    days = night_story(fails_at_night(SyncStatus.HEALTHY, advances=True, token=token))
    assert days.told["a"] == []


# One that flaps


def flapping(*, empties_its_list: bool) -> Life:
    """Every second sync, each quarter of an hour, runs into a limit; the record waits for the next that works."""

    def said(second: float) -> Status:
        turn = int(second // QUARTER)
        worked = turn // 2 * 2 * QUARTER
        errors = tuple(
            (at * QUARTER + MINUTE, Reason.RATE_LIMITED, SyncType.CONTACTS)
            for at in range(turn, max(0, turn - 4), -1)
            if at % 2 and at * QUARTER + MINUTE <= second and (at == turn or not empties_its_list)
        )
        failing = turn % 2 == 1 and second >= turn * QUARTER + MINUTE
        status = DEGRADED if failing else SyncStatus.HEALTHY
        return says(worked, worked + ACCESS_TOKEN, status, failed=min(turn, 1), errors=errors)

    return said


@pytest.mark.parametrize("empties_its_list", [False, True])
def test_one_that_flaps_has_one_issue_that_stands(empties_its_list: bool) -> None:  # noqa: FBT001
    """For half a day, every minute: an alert that waits ten minutes fires once, and does not resolve.

    It failed once, then it works; from the second time on it is known to come back. Where the platform empties its
    list with each sync that works, that is known from earlier readings, while it counts a sync as failed.
    """
    days = Days({"a": flapping(empties_its_list=empties_its_list)}, stagger=False).until(DAY / 2)
    assert days.told["a"] == [
        ("0d 00:16", [Issue.CONTACTS_FAILING]),
        ("0d 00:39", []),
        ("0d 00:46", [Issue.CONTACTS_FAILING]),
    ]


# Restarts and gaps


def outage(count: int, broken: int, begin: float, end: float) -> dict[str, Life]:
    """Of so many, so many fail from then to then; the first `broken` ones."""
    fleet: dict[str, Life] = {}
    for number, name in enumerate(names(count)):
        well = every_quarter()
        fleet[name] = fails_from(begin, well, Reason.ACCOUNT_CODE, end) if number < broken else well
    return fleet


def at_each(days: Days, second: float, kind: IncidentKind = SYNC) -> bool | None:
    """Whether there was an incident at that second."""
    days.until(second)
    assert days.fleet.snapshot is not None
    return days.fleet.snapshot.judgement.incidents[kind]


@pytest.mark.parametrize("broken", [20, 80])
@pytest.mark.parametrize("into", [20 * MINUTE, 2 * HOUR, 5 * HOUR])
def test_a_restart_in_the_middle_of_an_incident_never_denies_it(broken: int, into: float) -> None:
    """10 or 40 % of 200, for 5.5 hours from the seventh on: unknown until it is over, then over. Every five minutes."""
    begin, end = 7 * HOUR, 12.5 * HOUR
    days = Days(outage(200, broken, begin, end), every=5 * MINUTE, rules=COARSE)
    assert at_each(days, begin) is False
    assert at_each(days, begin + 5 * MINUTE) is True
    assert at_each(days, begin + into) is True
    days.restart()
    days.incidents.clear()
    days.until(end)
    assert [stands for _, stands in days.incidents[SYNC]] == [None]
    assert at_each(days, end + HOUR) is False


def test_after_six_hours_of_watching_what_stands_is_the_ordinary() -> None:
    """An incident is a rise: by then neither process would call it one."""
    fleet = outage(200, 20, 0.0, 2 * DAY)
    days = Days(fleet, every=5 * MINUTE, rules=COARSE).until(8 * HOUR)
    assert days.incidents[SYNC] == [("0d 00:05", None), ("0d 06:05", False)]


def test_a_rise_within_the_first_hours_of_a_process_is_an_incident() -> None:
    """Its least is enough for that."""
    days = Days(outage(200, 20, HOUR, 2 * HOUR), every=5 * MINUTE, rules=COARSE).until(4 * HOUR)
    assert days.incidents[SYNC] == [
        ("0d 00:05", None),
        ("0d 00:35", False),
        ("0d 01:05", True),
        ("0d 02:10", False),
    ]


@pytest.mark.parametrize(
    ("gap", "after"), [(10 * MINUTE, {False}), (45 * MINUTE, {None}), (7 * HOUR, {None})], ids=["10m", "45m", "7h"]
)
def test_a_gap_with_a_standing_share_is_no_incident_and_after_a_long_one_unknown(
    gap: float, after: set[bool | None]
) -> None:
    """8 % of 200 that fail all the time: nobody was read for so long."""
    days = Days(outage(200, 16, 0.0, 9 * DAY), every=MINUTE * 5, rules=COARSE).until(8 * HOUR)
    assert days.incidents[SYNC][-1][1] is False
    days.incidents.clear()
    days.asleep_until(8 * HOUR + gap).until(8 * HOUR + gap + 5 * HOUR)
    assert {stands for _, stands in days.incidents[SYNC]} == after
    assert at_each(days, 8 * HOUR + gap + 6 * HOUR + 5 * MINUTE) is False


# An outage of Xero's


def xero_fails(begin: float, end: float, offset: float, reason: Reason) -> Life:
    """Syncs every quarter of an hour at its own minute; those between the two fail."""
    well = every_quarter(offset)

    def said(second: float) -> Status | None:
        turns = [at for at in _turns(second, offset) if begin <= at < end]
        newest = _turns(second, offset)[0]
        if not turns or newest >= end:
            errors = tuple((at, reason, SyncType.INVOICES) for at in turns)
            answer = well(second)
            assert answer is not None
            return says(newest, newest + ACCESS_TOKEN, errors=errors) if errors else answer
        worked = min(turns) if len(turns) == 4 else min(turns) - QUARTER
        errors = tuple((at, reason, SyncType.INVOICES) for at in turns)
        return says(
            min(worked, begin - MINUTE), newest + ACCESS_TOKEN, FAILING, failed=len(errors), pending=5, errors=errors
        )

    return said


def _turns(second: float, offset: float) -> list[float]:
    newest = (second - offset) // QUARTER * QUARTER + offset
    return [newest - turn * QUARTER for turn in range(4)]


def pages_say(status: ServiceStatus, begin: float, end: float) -> Callable[[float], Surroundings]:
    """A status page that says so between the two, and else that all is well."""

    def now(second: float) -> Surroundings:
        found = status if begin <= second < end else ServiceStatus.NONE
        return Surroundings(started=True, pages=(PageSays("status.xero.com", found),))

    return now


def mass_outage(reason: Reason, surroundings: Callable[[float], Surroundings]) -> Days:
    """90 minutes from 08:00, for 120 of 200, of whom five sync each minute; read every minute from 07:00 on."""
    fleet: dict[str, Life] = {}
    for number, name in enumerate(names(200)):
        offset = number % 15 * MINUTE
        fleet[name] = xero_fails(8 * HOUR, 9.5 * HOUR, offset, reason) if number < 120 else every_quarter(offset)
    return Days(fleet, every=MINUTE, surroundings=surroundings, stagger=False).asleep_until(7 * HOUR).until(10 * HOUR)


def test_a_mass_outage_is_one_incident_from_its_first_minutes_until_the_last_have_recovered() -> None:
    """Of Xero's, as half of them say that Xero is unavailable. It ends with the lingering of the last."""
    days = mass_outage(Reason.XERO_UNAVAILABLE, lambda _: Surroundings(started=True))
    # Eight more fail in each minute; eleven are above five points of 200. The last fail until 09:44, and linger.
    assert days.incidents[SYNC][1:] == [("0d 07:31", False), ("0d 08:01", True), ("0d 09:52", False)]
    assert days.incidents[CONNECTION][1:] == [("0d 07:31", False)]
    assert days.verdicts == [
        ("0d 07:01", Verdict.ALL_WELL),
        ("0d 08:00", Verdict.CUSTOMERS),
        ("0d 08:01", Verdict.XERO),
        ("0d 09:52", Verdict.CUSTOMERS),
        ("0d 09:53", Verdict.ALL_WELL),
    ]


def test_without_such_texts_it_is_xero_while_a_status_page_says_so() -> None:
    """The page comes late and stays long: before it, there is an incident; after the incident, a page says little."""
    days = mass_outage(Reason.UNKNOWN, pages_say(ServiceStatus.MAJOR, 8.5 * HOUR, 10 * HOUR))
    assert days.verdicts == [
        ("0d 07:01", Verdict.ALL_WELL),
        ("0d 08:00", Verdict.CUSTOMERS),
        ("0d 08:01", Verdict.INCIDENT),
        ("0d 08:30", Verdict.XERO),
        ("0d 09:52", Verdict.CUSTOMERS),
        ("0d 09:53", Verdict.ALL_WELL),
    ]


def test_a_minor_page_makes_no_outage_of_xeros() -> None:
    """Nor does an unreachable one."""
    for status in (ServiceStatus.MINOR, ServiceStatus.UNKNOWN):
        days = mass_outage(Reason.UNKNOWN, pages_say(status, 8 * HOUR, 10 * HOUR))
        assert Verdict.XERO not in [verdict for _, verdict in days.verdicts]


# One token


def token_ends(*, empties_its_list: bool) -> Life:
    """The refresh token is refused from ten o'clock on; somebody authorises again at two, and it syncs at once."""
    ends, again = 10 * HOUR, 14 * HOUR

    def said(second: float) -> Status | None:
        if second < ends:
            return every_quarter()(second)
        turns = [at for at in (ends + QUARTER * turn for turn in range(16)) if at <= second][-2:]
        errors = tuple((at, Reason.REAUTHORISE, SyncType.CONTACTS) for at in reversed(turns))
        if second < again:
            return says(ends - QUARTER, ends, FAILING, failed=len(errors), pending=9, errors=errors)
        synced = second // QUARTER * QUARTER + 30
        synced = synced if synced <= second else synced - QUARTER
        kept = () if empties_its_list else errors
        return says(max(synced, again), second // ACCESS_TOKEN * ACCESS_TOKEN + ACCESS_TOKEN, errors=kept)

    return said


@pytest.mark.parametrize(("empties_its_list", "ends"), [(True, "0d 14:00"), (False, "0d 14:30")])
def test_a_token_that_really_expired_is_told_until_somebody_authorises_again(
    empties_its_list: bool,  # noqa: FBT001 - a row of a table
    ends: str,
) -> None:
    """One customer, nothing else in the fleet; nothing lingers.

    Where the platform goes on to list the refusals, two of which are younger than an hour, it takes that long.
    """
    fleet: dict[str, Life] = {name: every_quarter() for name in names(30)}
    fleet["a"] = token_ends(empties_its_list=empties_its_list)
    days = Days(fleet, stagger=False).until(16 * HOUR)
    assert days.told.pop("a") == [("0d 10:00", [Issue.TOKEN_EXPIRED]), (ends, [])]
    assert days.issues == []
    assert days.incidents == {
        CONNECTION: [("0d 00:01", None), ("0d 00:31", False)],
        SYNC: [("0d 00:01", None), ("0d 00:31", False)],
    }
    assert days.verdicts == [("0d 00:01", Verdict.ALL_WELL), ("0d 10:00", Verdict.CUSTOMERS), (ends, Verdict.ALL_WELL)]


# Clocks


@pytest.mark.parametrize("off", [-DAY, -10 * MINUTE, 10 * MINUTE, DAY])
def test_a_clock_that_goes_wrong_and_comes_right_raises_nothing_and_heals_nothing(off: float) -> None:
    """Ours, from 10:00 to 12:00: by it all tokens would be long expired, or those that are would not be yet."""
    stays = says(4 * HOUR, 6 * HOUR, pending=0)
    fleet: dict[str, Life] = {name: every_quarter() for name in names(20)}
    fleet |= {f"night-{number}": nightly(3 * HOUR, pending=7) for number in range(5)}
    fleet["expired"] = lambda second: stays if second >= 4 * HOUR else every_quarter()(second)
    expires_meanwhile = says(4 * HOUR, 10.5 * HOUR)
    fleet["expires-meanwhile"] = lambda second: expires_meanwhile if second >= 4 * HOUR else every_quarter()(second)
    days = Days(fleet, skew=lambda second: off if 10 * HOUR <= second < 12 * HOUR else 0.0, stagger=False)
    days.until(14 * HOUR)
    assert {name: changes for name, changes in days.told.items() if changes} == {
        "expired": [("0d 06:16", [Issue.TOKEN_EXPIRED])],
        "expires-meanwhile": [("0d 12:00", [Issue.TOKEN_EXPIRED])],
    }
    assert days.since("expires-meanwhile") == {Issue.TOKEN_EXPIRED: "0d 10:30"}
    assert days.incidents[CONNECTION] == [("0d 00:01", None), ("0d 00:31", False)]
