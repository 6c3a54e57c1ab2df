"""Panels that are tables, and their columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from grafana_foundation_sdk.builders import (
    prometheus,
    table,
)
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards.panels import Look, at_the_end, dressed, mappings
from dashboards.words import Said


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table.

    Attributes:
        of: of the merged queries: a label, or ``Value #A``.
        title: its head.
        width: pixels; None for what is left.
        unit: of numbers.
        said: words in place of numbers.
        words: words in place of label values, shown in their colours.
        link: URL to which a cell leads.
        hint: what the link says.
        missing: what stands where there is no value.
        wrap: whether it is text that goes over several lines.
        bar: whether a number is shown as a bar beside it.
    """

    of: str
    title: str
    width: int | None = None
    unit: str = ""
    said: Mapping[int, Said] = field(default_factory=dict)
    words: Mapping[str, Said] = field(default_factory=dict)
    link: str = ""
    hint: str = ""
    missing: str = "-"
    wrap: bool = False
    bar: bool = False


def as_rows(expr: str, ref: str) -> prometheus.Dataquery:
    """A query of the end of the range, for a table."""
    return at_the_end(expr, ref, ref).format(PromQueryFormat.TABLE)


def rows(
    look: Look, columns: Sequence[Column], *queries: prometheus.Dataquery, heads: bool = True, tall: bool = False
) -> table.Panel:
    """A table of the queries, merged by the labels that they share; `columns` are shown, in this order.

    `tall` has room for two lines in each row: Grafana does not see how long the words are that a number becomes.
    """
    height = shapes.TableCellHeight.LG if tall else shapes.TableCellHeight.SM
    panel = dressed(table.Panel(), look, queries).show_header(heads).cell_height(height)
    keep = "|".join(column.of for column in columns)
    if len(queries) > 1:
        panel = panel.with_transformation(model.DataTransformerConfig(id_val="merge", options={}))
    else:
        columns = [_alone(column) for column in columns]
        keep = "|".join(column.of for column in columns)
    panel = panel.with_transformation(
        model.DataTransformerConfig(id_val="filterFieldsByName", options={"include": {"pattern": f"^({keep})$"}})
    ).with_transformation(
        model.DataTransformerConfig(
            id_val="organize",
            options={
                "indexByName": {column.of: place for place, column in enumerate(columns)},
                "renameByName": {column.of: column.title for column in columns},
            },
        )
    )
    # What is text already, Grafana would put into quotation marks.
    words = [
        {"targetField": column.title, "destinationType": "string"}
        for column in columns
        if column.wrap and not column.words
    ]
    if words:
        panel = panel.with_transformation(
            model.DataTransformerConfig(id_val="convertFieldType", options={"conversions": words, "fields": {}})
        )
    for column in columns:
        panel = panel.override_by_name(column.title, list(_properties(column)))
    return panel


def _alone(column: Column) -> Column:
    """Grafana calls the value ``Value`` where there is one query."""
    return replace(column, of="Value") if column.of == "Value #A" else column


def _properties(column: Column) -> Iterable[model.DynamicConfigValue]:
    def of(name: str, value: object) -> model.DynamicConfigValue:
        return model.DynamicConfigValue(id_val=name, value=value)

    if column.width is not None:
        yield of("custom.width", column.width)
    if column.unit:
        yield of("unit", column.unit)
    if column.said or column.words:
        yield of("mappings", mappings(column.said or column.words))
    if column.words and not column.wrap:
        yield of("custom.cellOptions", {"type": "color-text"})
    elif column.wrap:
        yield of("custom.align", "left")
        yield of("custom.cellOptions", {"type": "auto", "wrapText": True})
        yield of("custom.wrapText", value=True)
    elif column.bar:
        yield of("custom.cellOptions", {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"})
        yield of("min", 0)
    # What an empty table says would otherwise stand in each empty cell.
    yield of("noValue", column.missing)
    if column.link:
        yield of("links", [{"title": column.hint, "url": column.link}])
