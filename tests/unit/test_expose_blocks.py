"""The bytes of blocks: escaping, and what a block counts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.expose.blocks import FamilyRenderer, FleetRenderer, escaped, render_block
from exporter.expose.catalogue import FleetFamily, organization_families
from exporter.model.facts import Block, Organization, OrganizationState, Snapshot
from exporter.model.family import Family, Group, Kind
from exporter.model.moment import Moment
from exporter.model.words import Freshness

FAMILY = Family(name="xero_example", kind=Kind.GAUGE, help="Example.", group=Group.FLEET, labels=(("a", ""), ("b", "")))
AT = Moment(wall=0.5, monotonic=0.0)
NOTHING_KNOWN = Snapshot(blocks=(), places={}, at=AT, counts=dict.fromkeys(Freshness, 0))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain", "plain"),
        ('"', r"\""),
        ("\\", r"\\"),
        ("\n", r"\n"),
        (r"\n", r"\\n"),
        ("\r\t{},=", "\r\t{},="),
        ("", ""),
    ],
)
def test_only_quote_backslash_and_newline_are_escaped(value: str, written: str) -> None:
    """As both formats ask for; a backslash that is there already is one."""
    assert escaped(value) == written


@given(st.text(), st.text())
def test_any_label_value_is_read_back_as_it_was(one: str, other: str) -> None:
    """Both parsers give back the very text, and a line stays a line."""
    written, count = FleetRenderer(FleetFamily(FAMILY, lambda _: [((one, other), 1)])).lines(NOTHING_KNOWN)
    lines = written.decode()
    assert (lines.count("\n"), count) == (3, 1)
    for page, parse in ((lines, parse_text), (lines + "# EOF\n", parse_openmetrics)):
        samples = [sample for family in parse(page) for sample in family.samples]
        assert [sample.labels for sample in samples] == [{"a": one, "b": other}]


def test_a_block_has_bytes_for_each_family_and_knows_its_series() -> None:
    """Families without a sample have none, and the lines are counted."""
    states = (
        OrganizationState(Organization("org-1"), AT, last_attempt=AT),
        OrganizationState(Organization("org-2"), AT),
    )
    renderers = [FamilyRenderer(entry) for entry in organization_families(names=False)]
    block = render_block(Block(states, valid_until=9e9), renderers, None)
    assert [chunk.plain for chunk in block.lines] == [
        (
            b'xero_organization_info{organization_id="org-1",xero_tenant_id=""} 1\n'
            b'xero_organization_info{organization_id="org-2",xero_tenant_id=""} 1\n'
        ),
        b'xero_poll_success{organization_id="org-1"} 1\n',
        b'xero_poll_last_attempt_timestamp_seconds{organization_id="org-1"} 0.5\n',
        *(b"" for _ in renderers[3:]),
    ]
    assert block.series == 4


def test_a_block_in_the_place_of_another_keeps_what_says_the_same() -> None:
    """Family by family: the same object where the lines are the same, another where they differ."""
    renderers = [FamilyRenderer(entry) for entry in organization_families(names=False)]
    state = OrganizationState(Organization("org-1"), AT, last_attempt=AT)
    before = render_block(Block((state,), valid_until=9e9), renderers, None)
    later = replace(state, last_attempt=Moment(wall=60.5, monotonic=60.0))
    after = render_block(Block((later,), valid_until=9e9), renderers, before)
    changed = [index for index, was in enumerate(before.lines) if after.lines[index] is not was]
    assert changed == [2]
    assert after.lines[2].plain.endswith(b"} 60.5\n")


def test_families_with_one_source_are_compared_once() -> None:
    """Whether an issue changed is not asked again for since when it is there."""
    asked: list[OrganizationState] = []
    states = (OrganizationState(Organization("org-1"), AT), OrganizationState(Organization("org-2"), AT))

    def source(state: OrganizationState) -> object:
        asked.append(state)
        return None

    entries = [replace(entry, source=source) for entry in organization_families(names=False)]
    renderers = [FamilyRenderer(entry) for entry in entries]
    before = render_block(Block(states, valid_until=9e9), renderers, None)
    after = render_block(Block(states, valid_until=9e9), renderers, before)
    assert len(asked) == 2 * len(states)
    assert [id(one) for one in after.lines] == [id(one) for one in before.lines]
