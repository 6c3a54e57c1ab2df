"""Blocks of organisations as exposition bytes. The same bytes are valid in the text format and in OpenMetrics.

Measured with Python 3.11: a block of 256 organisations with 16 series each, and a few more for those with issues, 4,160
lines, renders in 1.8 ms, 0.4 us a line. A tick of 10,000 organisations at 60 s dirties one or two blocks: 0.3 % of a
core.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter, is_
from typing import Final

from exporter.expose.deflate import Chunk, chunk
from exporter.expose.entry import FleetFamily, OrganizationFamily
from exporter.model.facts import Block, OrganizationState, Snapshot
from exporter.model.family import Family

_WHO: Final = attrgetter("organization")


@dataclass(frozen=True, slots=True)
class RenderedBlock:
    """One block as bytes.

    Attributes:
        block: which one.
        lines: the lines of each family, in the order of the catalogue; without the families' headers.
        counts: how many lines each family has.
    """

    block: Block
    lines: tuple[Chunk, ...]
    counts: tuple[int, ...]

    @property
    def series(self) -> int:
        """Number of lines."""
        return sum(self.counts)


class FamilyRenderer:
    """Writes the lines of one family of the organisations."""

    def __init__(self, entry: OrganizationFamily) -> None:
        self.header = Chunk(header(entry.family))
        self._samples = entry.samples
        self.source = entry.source
        self._head = f'{entry.family.name}{{organization_id="'
        names = entry.family.label_names[1:]
        self._tail: Callable[[tuple[str, ...]], str] = (
            _Tails(names).__getitem__ if entry.closed else lambda values: _tail(names, values)
        )

    def same(self, before: Sequence[OrganizationState], after: Sequence[OrganizationState]) -> bool:
        """Whether these states of the same organisations are sure to have the same lines."""
        return all(map(is_, map(self.source, before), map(self.source, after)))

    def lines(self, states: Sequence[OrganizationState]) -> tuple[bytes, int]:
        """The lines of these states, and how many there are."""
        samples, head, tail = self._samples, self._head, self._tail
        # One string per line and one encoding per block: organization_id needs no escaping, its alphabet has nothing
        # to escape. repr gives integers whole and floats in the fewest digits that read back as the same float.
        written = [
            f"{head}{state.organization.id}{tail(values)}{value!r}\n"
            for state in states
            for values, value in samples(state)
        ]
        return "".join(written).encode(), len(written)


class FleetRenderer:
    """Writes a family about all organisations, with its header: 25 us for all of them, in each tick."""

    def __init__(self, entry: FleetFamily) -> None:
        self._header = header(entry.family).decode()
        self._samples = entry.samples
        self._series = _Series(entry.family)

    def lines(self, snapshot: Snapshot) -> tuple[bytes, int]:
        """The header and the lines of this snapshot, and how many samples there are."""
        written = [f"{self._series[values]} {value!r}\n" for values, value in self._samples(snapshot)]
        return "".join((self._header, *written)).encode(), len(written)


def render_block(block: Block, renderers: Sequence[FamilyRenderer], before: RenderedBlock | None) -> RenderedBlock:
    """The block as bytes, family by family.

    Of sixteen families a poll changes the two timestamps of nearly every organisation, and little else: what is sure
    to be the same is not written again. That takes a fourth of what it saves; families with one source are asked once.

    Args:
        block: what to render.
        renderers: those of all families, in the order of the catalogue.
        before: what stood in its place; families that still say the same stay the same objects.
    """
    if before is None:
        written = [renderer.lines(block.states) for renderer in renderers]
        return RenderedBlock(block, tuple(Chunk(lines) for lines, _ in written), tuple(count for _, count in written))
    was = before.block.states
    comparable = len(was) == len(block.states) and all(map(is_, map(_WHO, was), map(_WHO, block.states)))
    lines: list[Chunk] = []
    counts: list[int] = []
    same: dict[Callable[[OrganizationState], object], bool] = {}
    for renderer, kept, kept_count in zip(renderers, before.lines, before.counts, strict=True):
        if renderer.source not in same:
            same[renderer.source] = comparable and renderer.same(was, block.states)
        if same[renderer.source]:
            lines.append(kept)
            counts.append(kept_count)
        else:
            plain, count = renderer.lines(block.states)
            lines.append(chunk(plain, kept))
            counts.append(count)
    return RenderedBlock(block, tuple(lines), tuple(counts))


def header(family: Family) -> bytes:
    """The HELP and TYPE lines. A help text must have no backslash, quote or newline: the formats escape differently.

    Not for counters: the two formats name those differently.
    """
    return f"# HELP {family.name} {family.help}\n# TYPE {family.name} {family.kind}\n".encode()


def escaped(value: str) -> str:
    r"""A label value as both formats write it: ``\``, ``"`` and newline escaped with a backslash."""
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


class _Series(dict[tuple[str, ...], str]):
    """Label values -> what stands before the value; fills itself. They are closed lists and configured addresses."""

    def __init__(self, family: Family) -> None:
        super().__init__()
        self._family = family

    def __missing__(self, values: tuple[str, ...]) -> str:
        pairs = _pairs(self._family.label_names, values)
        self[values] = name = f"{self._family.name}{{{pairs}}}" if pairs else self._family.name
        return name


class _Tails(dict[tuple[str, ...], str]):
    """Label values from closed lists -> what stands between the organisation's id and the value; fills itself."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        self._names = names

    def __missing__(self, values: tuple[str, ...]) -> str:
        self[values] = tail = _tail(self._names, values)
        return tail


def _tail(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    more = _pairs(names, values)
    return f'",{more}}} ' if more else '"} '


def _pairs(names: Sequence[str], values: Sequence[str]) -> str:
    return ",".join(f'{name}="{escaped(value)}"' for name, value in zip(names, values, strict=True))
