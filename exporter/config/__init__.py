"""Reads the configuration strictly, tells every fault at once, and never repeats a value."""
