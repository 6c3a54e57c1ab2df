"""The list of an HTTP service discovery: read whole or not at all, one bad id aside."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model.facts import Organization
from exporter.model.words import ORGANIZATION_ID
from exporter.upstream.listing import MAX_NAME, Listing, parse_listing
from exporter.upstream.wire import WireError


def parsed(document: object) -> Listing:
    """The list in this document."""
    return parse_listing(json.dumps(document).encode())


def test_each_target_is_an_organisation_with_the_labels_of_its_group() -> None:
    """The shape of Prometheus' own documentation."""
    found = parsed(
        [
            {"targets": ["org-1", "org:2"], "labels": {"name": "Harbour Rowing Club", "__meta_datacenter": "london"}},
            {"targets": ["org-3"], "labels": {"__meta_name": "Chess Circle", "__meta_xero_tenant_id": "5f4e-1"}},
            {"targets": ["org-4"]},
            {"targets": [], "labels": {}},
        ]
    )
    assert found == Listing(
        (
            Organization("org-1", "Harbour Rowing Club"),
            Organization("org:2", "Harbour Rowing Club"),
            Organization("org-3", "Chess Circle", "5f4e-1"),
            Organization("org-4"),
        )
    )


def test_a_plain_label_comes_before_its_meta_label_and_an_empty_one_is_none() -> None:
    """As an empty label is no label in Prometheus."""
    both = parsed([{"targets": ["a"], "labels": {"name": "plain", "__meta_name": "meta"}}])
    empty = parsed([{"targets": ["a"], "labels": {"name": "", "__meta_name": "meta", "xero_tenant_id": ""}}])
    assert both.organizations == (Organization("a", "plain"),)
    assert empty.organizations == (Organization("a", "meta", None),)


def test_an_empty_array_is_a_list_of_nobody() -> None:
    """What to make of it is not decided here."""
    assert parse_listing(b"[]") == Listing(())


@pytest.mark.parametrize("bad", ["", "a b", "../etc", ".", "-a", "a/b", "ü", "a" * 129, 'a"', "a\n", "http://a"])
def test_one_bad_id_is_left_out_and_counted(bad: str) -> None:
    """The others are listed."""
    found = parsed([{"targets": ["org-1", bad]}, {"targets": ["org-2"]}])
    assert [one.id for one in found.organizations] == ["org-1", "org-2"]
    assert found.ids_rejected == 1


def test_of_an_id_that_stands_there_twice_the_first_counts() -> None:
    """Whether in one group or in two."""
    found = parsed(
        [{"targets": ["a", "a"], "labels": {"name": "first"}}, {"targets": ["a"], "labels": {"name": "2nd"}}]
    )
    assert found == Listing((Organization("a", "first"),))


@pytest.mark.parametrize("tenant", ["a b", "x" * 65, "é"])
def test_a_tenant_id_that_cannot_be_one_is_left_out_and_its_organisation_stays(tenant: str) -> None:
    """An attribute is not worth an organisation."""
    found = parsed([{"targets": ["a"], "labels": {"xero_tenant_id": tenant}}])
    assert found == Listing((Organization("a"),), attributes_rejected=1)


def test_a_name_is_cut_and_half_an_emoji_is_no_name() -> None:
    """Names are for people; nothing downstream can encode a lone surrogate."""
    found = parse_listing(
        b'[{"targets": ["a"], "labels": {"name": "%s"}}, {"targets": ["b"], "labels": {"name": "x\\ud83d"}}]'
        % (b"n" * 300)
    )
    assert found == Listing((Organization("a", "n" * MAX_NAME), Organization("b")), attributes_rejected=1)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not JSON"),
        (b"<html>log in</html>", "not JSON"),
        (b"\xff[]", "not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'[{"targets": ["a"]}', "not JSON"),
        (b"{}", "not a JSON array"),
        (b"null", "not a JSON array"),
        (b'["org-1"]', "an entry is not an object"),
        (b"[null]", "an entry is not an object"),
        (b"[{}]", "targets: not a list"),
        (b'[{"targets": null}]', "targets: not a list"),
        (b'[{"targets": "org-1"}]', "targets: not a list"),
        (b'[{"targets": [1]}]', "targets: not a list of texts"),
        (b'[{"targets": ["a"], "labels": []}]', "labels: not an object"),
        (b'[{"targets": ["a"], "labels": {"name": 1}}]', "labels.name: not a text"),
        (b'[{"targets": ["a"], "targets": []}]', "targets: given more than once"),
        (b'[{"targets": ["a"], "labels": {"name": "a", "name": "b"}}]', "name: given more than once"),
        (b'[{"targets": ["a"]}, {"targets": [NaN]}]', "not JSON"),
    ],
)
def test_a_wrong_shape_refuses_the_whole_answer_and_says_what_is_wrong(body: bytes, says: str) -> None:
    """Half a list would look like a fleet of which half is gone."""
    with pytest.raises(WireError) as error:
        parse_listing(body)
    assert says in str(error.value)


def test_what_is_not_ours_is_not_looked_at() -> None:
    """Other fields, and labels that mean nothing here, whatever they hold."""
    found = parsed(
        [{"targets": ["a"], "labels": {"other": 1}, "source": {"x": []}}, {"targets": ["b"], "labels": None}]
    )
    assert len(found.organizations) == 2


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["targets", "labels", "x"]), inner),
    max_leaves=20,
)


@given(JSON)
def test_no_document_breaks_it_and_every_id_that_comes_out_is_one(document: object) -> None:
    """Each once."""
    try:
        found = parsed(document)
    except WireError:
        return
    listed = [one.id for one in found.organizations]
    assert all(ORGANIZATION_ID.fullmatch(one) for one in listed)
    assert len(set(listed)) == len(listed)
