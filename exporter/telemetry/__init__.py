"""The exporter's own metrics: what it does, how long that takes, and what goes wrong."""
