"""Grafana's dashboards, and what is written from these modules: `python -m dashboards` writes the JSON below ``json/``.

What it writes is committed: whoever uses the dashboards imports JSON, and needs none of this. Metrics are those of the
exporter's catalogue, shares and levels those of the rules in ``alerts``.
"""
