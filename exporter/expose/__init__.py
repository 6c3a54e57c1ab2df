"""Tells what is known: metrics, documents, reference. No HTTP and no question to anybody."""
