"""The compressed page is exactly the plain one, for everybody who reads gzip, and nothing is compressed twice."""

from __future__ import annotations

import gzip
import io
import subprocess
import zlib
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from isal import igzip
from prometheus_client import CollectorRegistry

from exporter.expose import deflate
from exporter.expose.exposition import Encoding, Exposition, Format
from exporter.model.facts import Block, OrganizationState
from exporter.model.moment import Moment
from exporter.telemetry.metrics import SelfMetrics
from tests.contract.pages import A, B, C, Page, blocks_of, fleets, fresh, snapshot_of, states


def by_zlib(body: bytes) -> bytes:
    """Reads one member, and no further: what follows it would be lost silently."""
    reader = zlib.decompressobj(wbits=31)
    plain = reader.decompress(body)
    assert (reader.eof, reader.unused_data) == (True, b"")
    return plain


def by_zlib_in_small_pieces(body: bytes) -> bytes:
    """Reads what a socket could give, a few bytes at a time."""
    reader = zlib.decompressobj(wbits=31)
    return b"".join(reader.decompress(body[start : start + 7]) for start in range(0, len(body), 7))


def by_httpx(body: bytes) -> bytes:
    """Reads as a client does that is told by Content-Encoding."""
    return httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=body).content


READERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "gzip as a file": lambda body: gzip.GzipFile(fileobj=io.BytesIO(body)).read(),
    "zlib": by_zlib,
    "zlib in small pieces": by_zlib_in_small_pieces,
    "isal": igzip.decompress,
    "httpx": by_httpx,
}


def assert_same(exposition: Exposition) -> None:
    """Both formats, decompressed by everybody, are the plain page; and a page says its size."""
    for form in Format:
        plain, compressed = exposition.page(form), exposition.page(form, Encoding.GZIP)
        assert (plain.size, compressed.size) == (len(bytes(plain)), len(bytes(compressed)))
        for name, read in READERS.items():
            assert read(bytes(compressed)) == bytes(plain), name


@given(history=st.lists(fleets, min_size=1, max_size=3), asked=st.lists(st.booleans(), min_size=3, max_size=3))
@settings(deadline=None, max_examples=60)
def test_any_fleet_after_any_other_is_read_back_as_its_plain_page(
    history: list[list[OrganizationState]], asked: list[bool]
) -> None:
    """Organisations come, go and change; whether somebody asked for gzip in between makes no difference."""
    page = Page()
    for fleet, looked in zip(history, asked, strict=False):
        page.render(*blocks_of(fleet))
        if looked:
            assert_same(page.exposition)
    assert_same(page.exposition)


@given(fleet=fleets, changed=st.sets(st.integers(0, 2)), other=states)
@settings(deadline=None, max_examples=60)
def test_any_change_of_some_blocks_is_read_back_as_its_plain_page(
    fleet: list[OrganizationState], changed: set[int], other: OrganizationState
) -> None:
    """What is kept of the page before is never what changed."""
    before = blocks_of(fleet)
    after = tuple(
        Block(tuple(replace(other, organization=state.organization) for state in block.states), block.valid_until)
        if index in changed
        else block
        for index, block in enumerate(before)
    )
    page = Page()
    for blocks in (before, after, before):
        page.render(*blocks)
        assert_same(page.exposition)


def test_the_page_before_the_first_snapshot_can_be_had_compressed() -> None:
    """It is the exporter's own metrics alone, or nothing."""
    assert_same(Page().exposition)


def test_gzip_itself_finds_no_fault_with_a_whole_page() -> None:
    """`gzip -t` on a page of some thousand organisations and the exporter's own metrics, and it is much smaller."""
    registry = CollectorRegistry(auto_describe=False)
    exposition = Exposition(organization_names=False, registry=registry, metrics=SelfMetrics(registry))
    everybody = [fresh(f"org-{number}") for number in range(3000)]
    blocks = tuple(Block(tuple(everybody[start : start + 256]), 9e9) for start in range(0, 3000, 256))
    exposition.render(snapshot_of(blocks))
    compressed = bytes(exposition.page(Format.OPENMETRICS, Encoding.GZIP))
    checked = subprocess.run(["gzip", "-tv"], input=compressed, capture_output=True, check=False)
    assert (checked.returncode, checked.stderr.strip()) == (0, b"OK")
    assert len(compressed) < exposition.page(Format.OPENMETRICS).size / 10
    assert gzip.decompress(compressed).endswith(b"# EOF\n")


# What is deflated, and how often

HEADERS = 17
"""Chunks without an organisation: the headers of sixteen families, and what is told of the whole fleet."""

FAMILIES = 11
"""Families of an organisation that is `fresh`: all but xero_poll_failure and those that say what is wrong."""


@pytest.fixture
def deflated(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The chunks that were deflated, in order; a list to be cleared."""
    plain: list[bytes] = []
    real = deflate.deflate

    def counting(chunk: bytes) -> deflate.Deflated:
        plain.append(chunk)
        return real(chunk)

    monkeypatch.setattr(deflate, "deflate", counting)
    return plain


@pytest.fixture
def scraped(deflated: list[bytes]) -> Page:
    """A page of three blocks that was scraped once."""
    page = Page(names=False)
    page.render(A, B, C)
    page.exposition.page(Format.TEXT, Encoding.GZIP)
    deflated.clear()
    return page


def test_nothing_is_deflated_until_somebody_asks(deflated: list[bytes]) -> None:
    """Neither rendering nor plain pages pay for gzip."""
    page = Page(names=False)
    page.render(A, B, C)
    page.exposition.page(Format.OPENMETRICS)
    assert deflated == []
    page.exposition.page(Format.TEXT, Encoding.GZIP)
    assert len(deflated) == HEADERS + 3 * FAMILIES


def test_a_page_that_did_not_change_is_not_deflated_again(scraped: Page, deflated: list[bytes]) -> None:
    """Not in the other format, and not after a tick in which nothing happened."""
    scraped.exposition.page(Format.OPENMETRICS, Encoding.GZIP)
    scraped.render(A, B, C)
    scraped.exposition.page(Format.TEXT, Encoding.GZIP)
    assert deflated == []


def test_of_a_changed_block_only_what_differs_is_deflated(scraped: Page, deflated: list[bytes]) -> None:
    """A reading that brings the same status moves two instants; the other families keep their streams."""
    read = Moment(wall=1_760_000_060.0, monotonic=160.0)
    polled = Block(tuple(replace(state, last_attempt=read, last_success=read) for state in B.states), 9e9)
    scraped.render(A, polled, C)
    assert_same(scraped.exposition)
    assert [chunk.partition(b"{")[0] for chunk in deflated] == [
        b"xero_poll_last_attempt_timestamp_seconds",
        b"xero_poll_last_success_timestamp_seconds",
    ]


def test_a_block_rendered_anew_with_the_same_lines_costs_nothing(scraped: Page, deflated: list[bytes]) -> None:
    """A fold that changed what no family tells."""
    scraped.render(A, replace(B), C)
    scraped.exposition.page(Format.TEXT, Encoding.GZIP)
    assert deflated == []


def test_a_block_that_moved_is_not_deflated_again(scraped: Page, deflated: list[bytes]) -> None:
    """Those before it left the roster: its bytes are the same ones in another place."""
    scraped.render(C)
    assert_same(scraped.exposition)
    assert len(deflated) == 1
    assert deflated[0].startswith(b"# HELP xero_organizations "), "only the counts of the fleet differ"


def test_a_page_that_was_handed_out_stays_as_it_is(scraped: Page) -> None:
    """A slow client reads on while ticks render: one snapshot for each scrape."""
    page = scraped.exposition.page(Format.TEXT, Encoding.GZIP)
    plain = bytes(scraped.exposition.page(Format.TEXT))
    scraped.render(A)
    assert gzip.decompress(bytes(page)) == plain
    assert bytes(scraped.exposition.page(Format.TEXT)) != plain
