"""The fleets that a demo and tests are given."""

from __future__ import annotations

import uuid
from collections import Counter

import pytest
import yaml

from exporter.simulator.fleets import demo_fleet, organizations_yaml, uniform_fleet
from exporter.simulator.scripts import SCRIPTS


def test_a_demo_of_48_shows_every_script_and_several_never_connected() -> None:
    """The default size of a demo."""
    scripts = Counter(organization.script for organization in demo_fleet(48, seed=1))
    assert set(scripts) == set(SCRIPTS)
    assert scripts["never_connected"] >= 3
    assert scripts["xero_outage"] >= 3
    assert scripts["healthy"] >= 6


@pytest.mark.parametrize("n", range(1, len(SCRIPTS)))
def test_a_small_demo_shows_the_most_telling_scripts_first(n: int) -> None:
    """One organisation each, in the order of the list of scripts."""
    assert [organization.script for organization in demo_fleet(n, seed=1)] == list(SCRIPTS)[:n]


def test_a_large_demo_is_mostly_healthy_and_hardly_ever_hangs() -> None:
    """The demo is about customers: what hangs, drips or is refused comes once."""
    scripts = Counter(organization.script for organization in demo_fleet(1000, seed=1))
    assert scripts["healthy"] > 500
    assert 100 < scripts["xero_outage"] < 300
    for once in ("hangs", "drips", "always_forbidden", "rate_limited", "unknown_to_platform", "platform_5xx"):
        assert scripts[once] == 1


def test_the_same_seed_gives_the_same_fleet_and_another_seed_another() -> None:
    """Screenshots and tests can be repeated."""
    assert demo_fleet(40, seed=7) == demo_fleet(40, seed=7)
    assert demo_fleet(40, seed=7) != demo_fleet(40, seed=8)
    assert uniform_fleet(40, seed=7) == uniform_fleet(40, seed=7)
    assert uniform_fleet(40, seed=7) != uniform_fleet(40, seed=8)


def test_ids_names_and_tenants_are_each_once_and_well_shaped() -> None:
    """Also when the words for names run out."""
    fleet = demo_fleet(1200, seed=3)
    assert fleet[0].id == "org-0001"
    assert fleet[0].name == "Harbour Rowing Club"
    for values in (
        [organization.id for organization in fleet],
        [organization.name for organization in fleet],
        [organization.xero_tenant_id for organization in fleet],
    ):
        assert len(set(values)) == 1200
    assert all(str(uuid.UUID(organization.xero_tenant_id)) == organization.xero_tenant_id for organization in fleet)


def test_a_uniform_fleet_can_begin_in_the_middle_of_its_script() -> None:
    """All at one minute, for tests that want the trouble at once."""
    fleet = uniform_fleet(3, "bad_account_code", minute=60)
    assert {organization.offset for organization in fleet} == {60}
    assert {organization.script for organization in fleet} == {"bad_account_code"}


def test_a_uniform_fleet_of_an_unknown_script_is_refused() -> None:
    """A typing mistake does not make a healthy fleet."""
    with pytest.raises(KeyError):
        uniform_fleet(1, "helthy")


def test_the_organizations_file_is_yaml_that_says_id_name_and_tenant() -> None:
    """And nothing else, in the fleet's order."""
    fleet = demo_fleet(24, seed=1)
    text = organizations_yaml(fleet)
    assert text.isascii()
    assert yaml.safe_load(text) == [
        {"id": organization.id, "name": organization.name, "xero_tenant_id": organization.xero_tenant_id}
        for organization in fleet
    ]


def test_an_empty_fleet_is_an_empty_list() -> None:
    """Not an empty file, which would be no list."""
    assert yaml.safe_load(organizations_yaml(())) == []
