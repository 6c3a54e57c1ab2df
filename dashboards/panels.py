"""The few kinds of panel that the dashboards are made of, each with all that a panel must have.

The SDK takes whatever it is given; `dashboards.checking` says what must hold. The data source is always the variable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias, TypeVar

from grafana_foundation_sdk.builders import (
    common,
    dashboard,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models import dashboard as model

from dashboards.words import Said

SOURCE: Final = shapes.DataSourceRef(type_val="prometheus", uid="${datasource}")

Steps: TypeAlias = Sequence[tuple[float | None, str]]
"""Thresholds: from which value on which colour; the first is from None, below all others."""

COUNT: Final = "locale"
"""The unit of what is counted: 10,000 and not 10 K."""

NEUTRAL: Final[Steps] = ((None, "text"),)
"""A number that is neither good nor bad."""

AnyPanel: TypeAlias = stat.Panel | timeseries.Panel | statetimeline.Panel | table.Panel
_Panel = TypeVar("_Panel", stat.Panel, timeseries.Panel, statetimeline.Panel, table.Panel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What every panel has.

    Attributes:
        title: a question, or the name of a thing.
        do: what it shows, and what to do about it.
        width: of 24 columns.
        height: in units of Grafana's grid, 38 pixels each.
        unit: as Grafana names it.
        decimals: behind the point; None leaves them to Grafana.
        steps: thresholds.
        said: words in place of numbers.
        empty: what no data means, where that is good news or a choice; without it, no data is a fault.
        colors: of series, by name.
        least: where the axis begins.
    """

    title: str
    do: str
    width: int
    height: int = 8
    unit: str = "short"
    decimals: int | None = None
    steps: Steps = NEUTRAL
    said: Mapping[int, Said] = field(default_factory=dict)
    empty: str = ""
    colors: Mapping[str, str] = field(default_factory=dict)
    least: float | None = None


def over_time(expr: str, legend: str, ref: str = "A") -> prometheus.Dataquery:
    """A query over the whole range."""
    return prometheus.Dataquery().expr(expr).legend_format(legend).ref_id(ref).datasource(SOURCE).range()


def at_the_end(expr: str, legend: str, ref: str = "A") -> prometheus.Dataquery:
    """A query of the end of the range."""
    return prometheus.Dataquery().expr(expr).legend_format(legend).ref_id(ref).datasource(SOURCE).instant()


def number(
    look: Look, *queries: prometheus.Dataquery, filled: bool = False, below: bool = False, size: float | None = None
) -> stat.Panel:
    """One or a few values in large; `filled` paints the whole panel, `below` puts one under the other.

    `size` is that of the text in pixels, where Grafana's own choice would be too large for words.
    """
    color = shapes.BigValueColorMode.BACKGROUND_SOLID if filled else shapes.BigValueColorMode.VALUE
    named = shapes.BigValueTextMode.VALUE_AND_NAME if len(queries) > 1 else shapes.BigValueTextMode.AUTO
    panel = dressed(stat.Panel(), look, queries)
    if size is not None:
        panel = panel.text(common.VizTextDisplayOptions().value_size(size))
    if below:
        panel = panel.orientation(shapes.VizOrientation.HORIZONTAL)
    return (
        panel.color_mode(color)
        .graph_mode(shapes.BigValueGraphMode.NONE)
        .text_mode(named)
        .reduce_options(_last())
        .wide_layout(below)
    )


def graph(
    look: Look, *queries: prometheus.Dataquery, stacked: bool = False, bars: bool = False, lines: bool = False
) -> timeseries.Panel:
    """Series over time.

    `stacked` puts one on the other, `bars` does so without lines over times without data; `lines` draws the thresholds.
    """
    panel = dressed(timeseries.Panel(), look, queries).line_width(2).fill_opacity(60 if bars else 40 if stacked else 0)
    panel = panel.show_points(shapes.VisibilityMode.NEVER).legend(_legend(look)).tooltip(_tooltip())
    if bars:
        panel = panel.draw_style(shapes.GraphDrawStyle.BARS)
    if stacked or bars:
        panel = panel.stacking(common.StackingConfig().mode(shapes.StackingMode.NORMAL).group("A")).line_width(1)
    if look.unit == "s":
        panel = panel.axis_width(AXIS)
    if look.unit in SOFT:
        panel = panel.axis_soft_max(SOFT[look.unit])
    if lines:
        style = common.GraphThresholdsStyleConfig().mode(shapes.GraphThresholdsStyleMode.DASHED)
        panel = panel.thresholds_style(style)
    return panel


def states(look: Look, *queries: prometheus.Dataquery) -> statetimeline.Panel:
    """States over time, one line each, in words."""
    legend = common.VizLegendOptions().show_legend(False).display_mode(shapes.LegendDisplayMode.LIST)
    legend = legend.placement(shapes.LegendPlacement.BOTTOM).calcs([])
    panel = dressed(statetimeline.Panel(), look, queries).merge_values(True).row_height(0.85).fill_opacity(80)
    return panel.show_value(shapes.VisibilityMode.AUTO).legend(legend).tooltip(_tooltip())


def counted(*steps: tuple[float | None, str]) -> list[model.DynamicConfigValue]:
    """Makes a series a plain number beside one in other units or in words; neutral without thresholds."""
    listed = [{"value": value, "color": color} for value, color in steps or NEUTRAL]
    return [
        model.DynamicConfigValue(id_val="unit", value=COUNT),
        model.DynamicConfigValue(id_val="decimals", value=0),
        model.DynamicConfigValue(id_val="mappings", value=[]),
        model.DynamicConfigValue(id_val="thresholds", value={"mode": "absolute", "steps": listed}),
    ]


def mappings(said: Mapping[int, Said] | Mapping[str, Said]) -> list[model.ValueMapping]:
    """Words and colours in place of values."""
    results = {
        str(value): model.ValueMappingResult(text=text, color=color, index=index)
        for index, (value, (text, color)) in enumerate(said.items())
    }
    return [model.ValueMap(options=results)] if results else []


def colored(colors: Mapping[str, str]) -> Iterable[tuple[str, list[model.DynamicConfigValue]]]:
    """An override for each series that has its own colour."""
    for name, color in colors.items():
        yield name, [model.DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": color})]


def thresholds(steps: Steps) -> dashboard.ThresholdsConfig:
    """Absolute thresholds."""
    listed = [model.Threshold(value=value, color=color) for value, color in steps]
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(listed)


def dressed(panel: _Panel, look: Look, queries: Sequence[prometheus.Dataquery]) -> _Panel:
    """A panel with all that every panel has, and its queries."""
    panel = panel.title(look.title).description(look.do).span(look.width).height(look.height).datasource(SOURCE)
    panel = panel.unit(look.unit).thresholds(thresholds(look.steps)).mappings(mappings(look.said))
    if look.decimals is not None:
        panel = panel.decimals(look.decimals)
    if look.empty:
        panel = panel.no_value(look.empty)
    if look.least is not None:
        panel = panel.min(look.least)
    for name, properties in colored(look.colors):
        panel = panel.override_by_name(name, properties)
    for query in queries:
        panel = panel.with_target(query)
    return panel


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().values(False).calcs(["lastNotNull"]).fields("")


def _legend(look: Look) -> common.VizLegendOptions:
    # Beside a wide graph there is room for names; below a narrow one they would take half of it.
    legend = common.VizLegendOptions().show_legend(True)
    if look.width >= WIDE:
        table_beside = legend.display_mode(shapes.LegendDisplayMode.TABLE).placement(shapes.LegendPlacement.RIGHT)
        return table_beside.calcs(["lastNotNull", "max"])
    return legend.display_mode(shapes.LegendDisplayMode.LIST).placement(shapes.LegendPlacement.BOTTOM).calcs([])


SOFT: Final = {"short": 1.0, "percentunit": 0.1}
"""Up to where an axis reaches at least: Grafana would draw nothing but zeros up to 100, or 10,000 %."""

AXIS: Final = 68
"""Pixels for durations at an axis: Grafana gives "1.67 hours" too few."""

WIDE: Final = 14
"""Columns from which a graph has its legend beside it."""


def _tooltip() -> common.VizTooltipOptions:
    return common.VizTooltipOptions().mode(shapes.TooltipDisplayMode.MULTI).sort(shapes.SortOrder.DESCENDING)
