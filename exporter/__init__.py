"""Prometheus exporter for the Xero connections that MemberPulse keeps for its customers."""

__version__ = "0.1.0"
