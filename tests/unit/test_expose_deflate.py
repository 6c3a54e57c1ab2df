"""Chunks that are deflated apart are one gzip member together."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.expose import deflate as module
from exporter.expose.deflate import Chunk, Deflated, chunk, deflate, member, put_together

chunks = st.lists(st.binary(max_size=300), max_size=8)


def compressed(parts: Sequence[bytes]) -> bytes:
    """The parts as one member."""
    return b"".join(member(put_together(map(deflate, parts))))


@given(chunks)
def test_the_member_is_the_chunks_one_after_the_other(parts: list[bytes]) -> None:
    """Python's gzip, which checks checksum and length, reads back any bytes at all."""
    assert gzip.decompress(compressed(parts)) == b"".join(parts)


@given(chunks)
def test_it_is_one_member_and_nothing_follows_it(parts: list[bytes]) -> None:
    """Zlib stops after the first member: it must have read everything by then."""
    reader = zlib.decompressobj(wbits=31)
    assert reader.decompress(compressed(parts)) == b"".join(parts)
    assert reader.eof
    assert reader.unused_data == b""


@given(chunks, st.integers(0, 8))
def test_parts_of_parts_are_the_same_as_parts(parts: list[bytes], cut: int) -> None:
    """The fleet's part is put together once, and then with what changes at each scrape."""
    deflated = [deflate(part) for part in parts]
    nested = put_together((put_together(deflated[:cut]), put_together(deflated[cut:])))
    assert nested == put_together(deflated)


@pytest.mark.parametrize("size", [0, 1, 32 * 1024, 2_000_000])
def test_chunks_of_any_size_are_read_back(size: int) -> None:
    """Empty ones, one byte, the window of deflate, and far more than its buffers."""
    part = b'xero_connected{organization_id="org-1"} 1\n' * (size // 42) + b"x" * (size % 42)
    assert gzip.decompress(compressed([part, b"", part, b"end"])) == part + part + b"end"


def test_no_chunks_are_an_empty_member() -> None:
    """As `gzip` itself makes one of nothing."""
    assert gzip.decompress(compressed([])) == b""


def test_the_length_of_more_than_four_gigabytes_is_told_as_gzip_tells_it() -> None:
    """Modulo 2^32."""
    assert member(Deflated(size=2**32 + 5))[-1].endswith(b"\x05\x00\x00\x00")


def test_a_chunk_is_deflated_when_asked_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody pays for what nobody reads."""
    calls: list[bytes] = []

    def counting(plain: bytes) -> Deflated:
        calls.append(plain)
        return deflate(plain)

    monkeypatch.setattr(module, "deflate", counting)
    part = Chunk(b"lines\n")
    assert calls == []
    assert part.deflated is part.deflated
    assert calls == [b"lines\n"]


def test_a_chunk_that_says_the_same_is_the_same() -> None:
    """Not only the bytes: what was deflated stays so."""
    part = Chunk(b"lines\n")
    assert chunk(bytes([*b"lines\n"]), part) is part


@pytest.mark.parametrize("before", [None, Chunk(b"lines"), Chunk(b"")])
def test_a_chunk_that_says_something_else_is_another(before: Chunk | None) -> None:
    """Also when the one is the beginning of the other."""
    assert chunk(b"lines\n", before) is not before
    assert chunk(b"lines\n", before).plain == b"lines\n"
