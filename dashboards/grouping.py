"""Which labels the result of a query has, as far as the query itself says: what a legend may name."""

from __future__ import annotations

from collections.abc import Mapping

import promql_parser

from dashboards.known import Metric


def labels_left(tree: promql_parser.Expr, known: Mapping[str, Metric]) -> frozenset[str]:
    """The labels that samples of the result can have."""
    if isinstance(tree, promql_parser.AggregateExpr):
        return _aggregated(tree, known)
    if isinstance(tree, promql_parser.BinaryExpr):
        return _joined(tree, known)
    if isinstance(tree, promql_parser.ParenExpr | promql_parser.UnaryExpr | promql_parser.SubqueryExpr):
        return labels_left(tree.expr, known)
    if isinstance(tree, promql_parser.Call):
        return _called(tree, known)
    selector = tree.vector_selector if isinstance(tree, promql_parser.MatrixSelector) else tree
    if isinstance(selector, promql_parser.VectorSelector):
        metric = known.get(selector.name or "")
        return frozenset() if metric is None else metric.labels
    return frozenset()


def _aggregated(tree: promql_parser.AggregateExpr, known: Mapping[str, Metric]) -> frozenset[str]:
    inside = labels_left(tree.expr, known)
    if str(tree.op) in {"topk", "bottomk"}:
        return inside
    if tree.modifier is None:
        return frozenset()
    named = frozenset(tree.modifier.labels)
    return inside - named if tree.modifier.type == promql_parser.AggModifierType.Without else inside & named


def _joined(tree: promql_parser.BinaryExpr, known: Mapping[str, Metric]) -> frozenset[str]:
    left, right = labels_left(tree.lhs, known), labels_left(tree.rhs, known)
    if str(tree.op) == "or":
        return left | right
    if str(tree.op) in {"and", "unless"} or isinstance(tree.rhs, promql_parser.NumberLiteral):
        return left
    if isinstance(tree.lhs, promql_parser.NumberLiteral):
        return right
    if tree.modifier is not None and tree.modifier.group_labels:
        return left | frozenset(tree.modifier.group_labels)
    return left


def _called(tree: promql_parser.Call, known: Mapping[str, Metric]) -> frozenset[str]:
    inside = frozenset[str]().union(*(labels_left(one, known) for one in tree.args))
    if tree.func.name in {"label_replace", "label_join"}:
        return inside | {tree.args[1].val}
    return inside - {"le"} if tree.func.name == "histogram_quantile" else inside
