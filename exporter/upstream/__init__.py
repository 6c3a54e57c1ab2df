"""Speaks to others and judges nothing; the only room that imports httpx and aiohttp."""
