"""Turns answers into knowledge: who is ours, when each is asked, what the fleet looks like now."""
