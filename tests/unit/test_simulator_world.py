"""The simulated platform without sockets: its time, its tokens, what is put in place of its answers."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest

from exporter.simulator.answers import Answer, Misbehaviour, Slow
from exporter.simulator.fleets import uniform_fleet
from exporter.simulator.scripts import ADMIN_TOKEN_REVOKED, SCRIPTS
from exporter.simulator.world import World

START = 1_790_000_000.0


class HandClock:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        """Seconds since 1970."""
        return self.now


def status_of(world: World, organization_id: str = "org-0001") -> dict[str, Any]:
    """The status that an organisation shows now."""
    shown = world.shows(organization_id)
    assert isinstance(shown, dict)
    return shown


def seconds(timestamp: str) -> float:
    """Seconds since 1970."""
    return datetime.fromisoformat(timestamp).timestamp()


@pytest.mark.parametrize("speed", [1.0, 60.0])
def test_durations_shrink_with_speed_and_timestamps_stay_real(speed: float) -> None:
    """A token lives 30 script minutes of real time, counted from the real present."""
    clock = HandClock()
    world = World(uniform_fleet(50), admin_token="t", speed=speed, clock=clock)
    for _ in range(100):
        clock.now += 7.3 * 60 / speed
        for organization_id in world.organizations:
            status = status_of(world, organization_id)
            assert -1 < seconds(status["token_expires_at"]) - clock.now <= 30 * 60 / speed
            assert 0 <= clock.now - seconds(status["last_sync"]) < 15 * 60 / speed + 1


@pytest.mark.parametrize("speed", [1.0, 60.0])
def test_an_event_keeps_its_timestamp_however_often_one_asks(speed: float) -> None:
    """The same bytes until something happens, so that a client can see that nothing did."""
    clock = HandClock()
    world = World(uniform_fleet(1, minute=0.5), admin_token="t", speed=speed, clock=clock)
    first = status_of(world)
    clock.now += 14 * 60 / speed
    assert status_of(world) == first
    clock.now += 60 / speed
    assert status_of(world) != first


@pytest.mark.parametrize("speed", [1.0, 60.0])
@pytest.mark.parametrize("script", ["token_expires", "xero_outage", "bad_account_code"])
def test_an_error_carries_the_real_instant_at_which_it_appeared(script: str, speed: float) -> None:
    """Asked often, an entry is first seen within a step of the time that it tells."""
    clock = HandClock()
    world = World(uniform_fleet(1, script, minute=0), admin_token="t", speed=speed, clock=clock)
    step = 15 / speed
    seen: set[str] = set()
    while clock.now < START + 90 * 60 / speed:
        clock.now += step
        new = {error["timestamp"] for error in status_of(world)["errors"]} - seen
        assert all(0 <= clock.now - seconds(timestamp) < step + 1 for timestamp in new)
        seen |= new
    assert len(seen) > 2


def test_timestamps_look_like_the_sample_at_speed_1() -> None:
    """Whole seconds and a Z."""
    status = status_of(World(uniform_fleet(1), admin_token="t", clock=HandClock()))
    for key in ("token_expires_at", "last_sync"):
        assert datetime.strptime(status[key], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp() > 0


def test_script_time_passes_speed_times_as_fast() -> None:
    """One real second at speed 60 is one script minute; an organisation is ahead by its offset."""
    clock = HandClock()
    world = World(uniform_fleet(1, minute=5), admin_token="t", speed=60, clock=clock)
    clock.now += 10
    assert world.minute() == pytest.approx(10)
    assert world.minute(world.organizations["org-0001"]) == pytest.approx(15)


@pytest.mark.parametrize("speed", [0.0, -1.0, math.inf, math.nan])
def test_a_speed_that_is_no_positive_number_is_refused(speed: float) -> None:
    """Time would stand still, or run backwards."""
    with pytest.raises(ValueError, match="positive"):
        World((), admin_token="t", speed=speed)


def test_an_id_that_comes_twice_is_refused() -> None:
    """One of the two would never be asked."""
    with pytest.raises(ValueError, match="same id"):
        World(uniform_fleet(1) * 2, admin_token="t")


def test_a_token_is_accepted_until_it_is_revoked() -> None:
    """And a new one from when the platform accepts it."""
    world = World((), admin_token="old")
    assert world.accepts("old")
    world.revoke_token()
    assert not world.accepts("old")
    assert world.admin_token is None
    world.accept_token("new")
    assert world.accepts("new")
    assert not world.accepts("old")
    assert world.admin_token == "new"


def test_two_tokens_are_accepted_while_one_replaces_the_other() -> None:
    """A rotation without a gap: accept the new one, then revoke the old one by name."""
    world = World((), admin_token="old")
    world.accept_token("new")
    assert world.accepts("old")
    assert world.accepts("new")
    world.revoke_token("old")
    assert not world.accepts("old")
    assert world.accepts("new")


def test_without_a_token_nobody_is_accepted() -> None:
    """Not even an empty token."""
    world = World((), admin_token=None)
    assert not world.accepts("")
    assert world.admin_token is None


@pytest.mark.parametrize("switched_on", [True, False])
def test_the_platform_refuses_its_token_now_and_then_only_where_that_is_switched_on(*, switched_on: bool) -> None:
    """One outage each period, and the token is good before and after."""
    clock = HandClock()
    world = World((), admin_token="t", speed=60, clock=clock, admin_token_outages=switched_on)
    event = ADMIN_TOKEN_REVOKED
    for period in range(3):
        for minute, refused in ((event.begins - 1, False), (event.begins + 1, True), (event.ends + 1, False)):
            clock.now = START + period * event.period + minute
            assert world.accepts("t") is not (refused and switched_on)
            assert not world.accepts("wrong")


def test_an_override_stands_until_it_is_cleared() -> None:
    """Only for its organisation; then the script speaks again."""
    world = World(uniform_fleet(2), admin_token="t")
    world.override("org-0001", {"connected": False})
    assert world.shows("org-0001") == {"connected": False}
    assert status_of(world, "org-0002")["connected"] is True
    world.clear("org-0001")
    assert status_of(world)["connected"] is True


def test_an_override_of_one_comes_before_that_of_all() -> None:
    """So that a test can break everybody but one."""
    world = World(uniform_fleet(2), admin_token="t")
    world.override_all(Misbehaviour.HANG)
    world.override("org-0001", Answer(418))
    assert world.shows("org-0001") == Answer(418)
    assert world.shows("org-0002") is Misbehaviour.HANG
    world.override_all(None)
    assert world.shows("org-0001") == Answer(418)
    assert status_of(world, "org-0002")["connected"] is True


def test_clear_takes_back_every_override() -> None:
    """Of one and of all."""
    world = World(uniform_fleet(2), admin_token="t")
    world.override_all(Slow(1))
    world.override("org-0001", b"")
    world.clear()
    assert status_of(world)["connected"] is True
    assert status_of(world, "org-0002")["connected"] is True


def test_an_empty_body_is_an_override_too() -> None:
    """Falsy is not absent."""
    world = World(uniform_fleet(1), admin_token="t")
    world.override("org-0001", b"")
    assert world.shows("org-0001") == b""
    world.override("org-0001", {})
    assert world.shows("org-0001") == {}


def test_organizations_come_and_go() -> None:
    """What is taken out is unknown from then on."""
    world = World(uniform_fleet(2), admin_token="t")
    gone = world.organizations.pop("org-0002")
    assert world.shows("org-0002") is None
    world.organizations[gone.id] = gone
    assert status_of(world, "org-0002")["connected"] is True


def test_healthy_organizations_are_not_in_step() -> None:
    """Spread over their period, so that syncs do not all happen in one minute."""
    world = World(uniform_fleet(100), admin_token="t", clock=HandClock())
    last_syncs = {status_of(world, organization_id)["last_sync"] for organization_id in world.organizations}
    assert len(last_syncs) > 80


def test_an_unknown_script_is_refused_with_the_names_that_exist() -> None:
    """A typing mistake is found when the world is made, not when somebody asks."""
    organization = uniform_fleet(1)[0]
    mistaken = type(organization)("org-9", "Chess Circle", organization.xero_tenant_id, script="helthy")
    with pytest.raises(ValueError, match="token_expires") as refused:
        World([mistaken], admin_token="t")
    assert all(name in str(refused.value) for name in SCRIPTS)
