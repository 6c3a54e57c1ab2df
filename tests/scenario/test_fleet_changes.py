"""The list of organisations changes while we run."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.expose.verdicts import NOBODY
from tests.scenario.story import Story, Watch


def write_list(story: Story, text: str) -> None:
    """Replaces the organisations file at once."""
    new = story.folder / "organizations.new"
    new.write_text(text)
    new.replace(story.folder / "organizations.yml")


async def test_a_removed_organisations_series_go_and_a_new_one_is_asked(watch: Watch) -> None:
    """Nothing of the removed one is left in /metrics or the API."""
    story = await watch("poll: {interval: 1s}", organizations=3)
    await story.until(lambda scrape: len(scrape.organizations("xero_connected")) == 3)
    write_list(story, "- {id: org-0002}\n- {id: org-0003}\n- {id: new-1}\n")
    scrape = await story.until(lambda scrape: "new-1" in scrape.organizations("xero_organization_info"))
    assert "org-0001" not in scrape.text
    assert (await story.get("/api/v1/organizations/org-0001")).status_code == 404
    unknown = await story.until(lambda scrape: scrape.value("xero_poll_failure", "new-1", failure="not_found") == 1)
    assert unknown.value("xero_organizations", freshness="not_found") == 1
    assert unknown.value("xero_poll_success", "org-0002") == 1, "what was known of those who stay is kept"
    assert "roster_changed" in story.log.read_text()


@pytest.mark.parametrize("bad", ["- {id: 'a b'}\n", "", "{not: a list}\n", "- {id: [\n"])
async def test_a_bad_edit_keeps_the_last_good_list_and_is_counted(watch: Watch, bad: str) -> None:
    """And a mended file is taken."""
    story = await watch("poll: {interval: 1s}", organizations=3)
    await story.until(lambda scrape: len(scrape.organizations("xero_connected")) == 3)
    write_list(story, bad)
    scrape = await story.until(lambda scrape: scrape.value("xero_exporter_roster_rejected_total", source="file") == 1)
    assert len(scrape.organizations("xero_connected")) == 3
    assert "roster_rejected" in story.log.read_text()
    await story.until(lambda scrape: scrape.value("xero_exporter_roster_readable", source="file") == 0)
    write_list(story, "- {id: org-0001}\n")
    scrape = await story.until(lambda scrape: scrape.organizations("xero_connected") == {"org-0001"})
    assert scrape.value("xero_exporter_roster_readable", source="file") == 1


async def test_an_emptied_list_is_taken_at_its_word_and_not_called_well(watch: Watch) -> None:
    """Nobody is watched, and the verdict says that; it ends with the first who is listed again."""
    story = await watch("poll: {interval: 1s}", organizations=3)
    await story.until(lambda scrape: scrape.value("xero_fleet_verdict", verdict="all_well") == 1)
    write_list(story, "[]\n")
    scrape = await story.until(lambda scrape: not scrape["xero_organization_info"])
    scrape = await story.until(lambda scrape: scrape.value("xero_fleet_verdict", verdict="starting") == 1)
    assert scrape.value("xero_organizations", freshness="fresh") == 0
    assert (await story.get("/api/v1/fleet")).json()["verdict_means"] == NOBODY.sentence
    assert NOBODY.sentence in (await story.get("/")).text
    write_list(story, "- {id: org-0001}\n")
    await story.until(lambda scrape: scrape.value("xero_fleet_verdict", verdict="all_well") == 1)


async def test_an_empty_list_at_the_start_is_not_well_either(watch: Watch, tmp_path: Path) -> None:
    """Ready, for it does what it is told to; and not well, for it is told to watch nobody."""
    (tmp_path / "nobody.yml").write_text("[]\n")
    story = await watch("organizations: {file: nobody.yml}\npoll: {interval: 1s}")
    await story.until(lambda scrape: scrape.value("xero_fleet_verdict", verdict="starting") == 1)
    assert (await story.get("/-/ready")).status_code == 200
    assert (await story.get("/api/v1/fleet")).json()["verdict_means"] == NOBODY.sentence


async def test_names_are_no_label_until_somebody_opts_in(watch: Watch) -> None:
    """A name is personal; the tenant id is not."""
    story = await watch("poll: {interval: 1s}", organizations=1)
    write_list(story, "- {id: org-0001, name: Canary Rowing Club, xero_tenant_id: 5f4e}\n")
    scrape = await story.until(lambda scrape: scrape.value("xero_organization_info", "org-0001", xero_tenant_id="5f4e"))
    assert "Canary" not in scrape.text
    assert "Canary" not in (await story.get("/api/v1/organizations")).text


async def test_names_that_are_opted_in_are_labels(watch: Watch) -> None:
    """Whatever stands in them."""
    story = await watch("poll: {interval: 1s}\nexpose: {organization_names: true}", organizations=1)
    write_list(story, '- {id: org-0001, name: "Čanary \\"Rowing\\" \\\\ Club"}\n')
    scrape = await story.until(lambda scrape: "anary" in scrape.text)
    labels = [dict(found) for found in scrape["xero_organization_info"]]
    assert labels == [{"organization_id": "org-0001", "xero_tenant_id": "", "name": 'Čanary "Rowing" \\ Club'}]
