"""HTTP: a small ASGI layer for what channels post, and a Quart application for people and probes."""
