"""The small chart of one issue over the last hours, as the path of an SVG. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from exporter.observe.trend import POINT, POINTS, Trend, TrendPoint

HEIGHT: Final = 32
"""Units high; it is one unit wide for each minute."""

_WIDTHS: Final = (15, 60, POINTS)

_MARGIN: Final = 2
_UNBROKEN: Final = 2 * POINT


@dataclass(frozen=True, slots=True)
class Sparkline:
    """One issue over the last hours.

    Attributes:
        path: the line; it is broken where nothing is known.
        most: the most organisations that had it at once; 0: nobody had it, as far as is known.
        most_at: when first, seconds since 1970 UTC; None: nobody had it.
    """

    path: str
    most: int
    most_at: float | None


def width_for(trend: Trend, now: float) -> int:
    """Minutes to draw: the fewest of a quarter, an hour, and all hours that hold what is remembered.

    In the first minutes a line six hours wide would be a dot.
    """
    remembered = (now - trend[0].began) / POINT if trend else 0.0
    return next((width for width in _WIDTHS if remembered <= width), POINTS)


def sparkline(trend: Trend, issue: int, now: float, width: int) -> Sparkline:
    """The chart of one issue.

    Args:
        trend: what is remembered.
        issue: its place in the order of `Issue`.
        now: the right edge, monotonic seconds.
        width: how wide it is, minutes.
    """
    known = [(point.most[issue], point.wall) for point in trend if point.most is not None]
    most = max((count for count, _ in known), default=0)
    first = next((wall for count, wall in known if count == most and most), None)
    path = " ".join(_line(run, issue, most, now, width) for run in _runs(trend))
    return Sparkline(path, most, first)


def _runs(trend: Trend) -> Iterator[list[TrendPoint]]:
    """What is known without a break."""
    run: list[TrendPoint] = []
    for point in trend:
        if run and (point.most is None or point.began - run[-1].began > _UNBROKEN):
            yield run
            run = []
        if point.most is not None:
            run.append(point)
    if run:
        yield run


def _line(run: list[TrendPoint], issue: int, most: int, now: float, width: int) -> str:
    """Steps, as counts are whole: a slope would tell of numbers that never were."""
    written: list[str] = []
    before: float | None = None
    for point in run:
        assert point.most is not None
        height = HEIGHT - _MARGIN - (HEIGHT - 2 * _MARGIN) * (point.most[issue] / most if most else 0)
        if before is None:
            written.append(f"M{_x(point.began, now, width)} {height:.1f}")
        elif height != before:
            written.append(f"H{_x(point.began, now, width)}V{height:.1f}")
        before = height
    return "".join(written) + f"H{_x(min(run[-1].began + POINT, now), now, width)}"


def _x(began: float, now: float, width: int) -> str:
    return f"{max(0.0, width - (now - began) / POINT):.1f}"
