"""Xero's list of connections: what is read of it, and that one malformed entry refuses all."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model.moment import Moment
from exporter.upstream.connections import ConnectionList, parse_connections, tenant_key
from exporter.upstream.wire import WireError

AT = Moment(1_790_000_000.0, 50.0)
TENANT = "fe79f7dd-b6d4-4a92-ba7b-538af6289c58"
KEY = TENANT.replace("-", "")
OTHER = "5f4e2c1a-0b7d-4c53-9a51-6c1f0f5f2a10"


def entry(**changed: object) -> dict[str, object]:
    """An entry as Xero's description shows it."""
    return {
        "id": "7cb59f93-2964-421d-bb5e-a0f7a4572a44",
        "authEventId": "00000000-0000-0000-0000-000000000000",
        "tenantId": TENANT,
        "tenantType": "ORGANISATION",
        "tenantName": "Demo Company (NZ)",
        "createdDateUtc": "2019-12-07T18:46:19.5165400",
        "updatedDateUtc": "2019-12-07T18:46:19.5187840",
    } | changed


def without(name: str) -> dict[str, object]:
    """That entry without a field."""
    return {key: value for key, value in entry().items() if key != name}


def parsed(document: object) -> ConnectionList:
    """What comes of that document."""
    return parse_connections(json.dumps(document).encode(), AT)


def test_an_empty_list_is_a_list() -> None:
    """After the last customer left: everybody is absent, and that is certain."""
    assert parsed([]) == ConnectionList(frozenset(), 0, AT)


def test_an_entry_is_an_accounting_tenant() -> None:
    """By its id; when it was asked for stands beside it."""
    assert parsed([entry()]) == ConnectionList(frozenset({KEY}), 1, AT)


@pytest.mark.parametrize(
    "good",
    [
        entry(tenantName=None),
        without("tenantName"),
        entry(authEventId=None),
        without("authEventId"),
        without("createdDateUtc"),
        entry(updatedDateUtc=None),
        entry(tenantId=TENANT.upper()),
        entry(tenantId=KEY),
        entry(createdDateUtc="2020-03-18T21:20:07.7179250"),
        entry(createdDateUtc="2020-03-18T21:20:07Z"),
        entry(shortCode="!x", organisationStatus={"a": [1]}),
    ],
)
def test_what_xero_may_leave_out_or_add_is_fine(good: dict[str, object]) -> None:
    """Names and events may be null, times have no zone, and fields that nobody knows yet may come."""
    assert parsed([good]).tenants == {KEY}


@pytest.mark.parametrize("kind", ["PRACTICE", "PRACTICEMANAGER", "organisation", "SOMETHINGNEW"])
def test_a_tenant_of_another_type_keeps_no_books(kind: str) -> None:
    """It counts as a connection of the app, and not as the customer's organisation."""
    found = parsed([entry(tenantType=kind)])
    assert (found.tenants, found.count) == (frozenset(), 1)


def test_duplicates_are_fine() -> None:
    """The same connection is counted once; another connection to the same tenant is another."""
    again = entry(id="8cb59f93-2964-421d-bb5e-a0f7a4572a44")
    found = parsed([entry(), entry(), again])
    assert (found.tenants, found.count) == (frozenset({KEY}), 2)


MALFORMED: list[Any] = [
    None,
    1,
    "x",
    [],
    {},
    without("id"),
    without("tenantId"),
    without("tenantType"),
    entry(tenantId=None),
    entry(tenantId=7),
    entry(tenantId="not a uuid"),
    entry(tenantId=TENANT[:-1]),
    entry(id=""),
    entry(tenantType=None),
    entry(tenantType=""),
    entry(tenantName=5),
    entry(authEventId=[]),
    entry(createdDateUtc="yesterday"),
    entry(updatedDateUtc=1_600_000_000),
]


@pytest.mark.parametrize("bad", MALFORMED, ids=str)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_malformed_entry_refuses_the_whole_list(bad: object, place: int) -> None:
    """It could be the one that is looked for; the refusal says which entry, and nothing of it."""
    good: list[object] = [entry(), entry(tenantId=OTHER)]
    with pytest.raises(WireError, match=f"^entry {place}: ") as refusal:
        parsed([*good[:place], bad, *good[place:]])
    assert "yesterday" not in str(refusal.value)
    assert TENANT[:8] not in str(refusal.value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"null",
        b'{"connections": []}',
        b'"[]"',
        b"[",
        b"[{]",
        b"\xff\xfe[]",
        b"\xef\xbb\xbf[]",
        b"<html></html>",
        b"[] []",
        b"[" * 100_000,
    ],
)
def test_what_is_no_array_is_refused(body: bytes) -> None:
    """An empty object is not an empty list."""
    with pytest.raises(WireError):
        parse_connections(body, AT)


def test_a_field_that_stands_twice_is_refused() -> None:
    """Which of the two is meant cannot be told."""
    body = json.dumps([entry()]).replace('"tenantId"', f'"tenantId": "{OTHER}", "tenantId"').encode()
    with pytest.raises(WireError, match="more than once"):
        parse_connections(body, AT)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from([TENANT, "ORGANISATION"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*entry(), "x"]), inner, max_size=7),
    max_leaves=12,
)


@given(json_values)
def test_any_json_is_a_list_or_refused(document: object) -> None:
    """Never another exception; and a list has at most as many connections as entries."""
    try:
        found = parsed(document)
    except WireError:
        return
    assert isinstance(document, list)
    assert len(found.tenants) <= found.count <= len(document)


@given(st.uuids())
def test_an_id_means_the_same_in_every_spelling(tenant: Any) -> None:  # noqa: ANN401 - hypothesis hands in a UUID
    """Capitals, small letters, without hyphens."""
    assert {tenant_key(one) for one in (str(tenant), str(tenant).upper(), tenant.hex)} == {tenant.hex}


@pytest.mark.parametrize(
    "wrong", ["", "harbour", TENANT[:-1], TENANT + "0", TENANT.replace("f", "g"), "٣" * 32, "-" * 36]
)
def test_what_is_no_uuid_has_no_key(wrong: str) -> None:
    """A slip of the pen must not look like a customer who left."""
    assert tenant_key(wrong) is None


def test_the_longest_list_is_read_within_a_second() -> None:
    """10,000 connections, the cap of the largest tier; it takes some 0.1 s, in a thread."""
    entries = [entry(id=f"{n:032x}", tenantId=f"{n + 7:032x}") for n in range(10_000)]
    body = json.dumps(entries).encode()
    began = time.process_time()
    found = parse_connections(body, AT)
    assert time.process_time() - began < 1.0
    assert len(found.tenants) == found.count == 10_000
