"""The words of this program as frozen types. No I/O, no clock, nothing that changes."""
