"""Fixtures of the gateway's own kit."""

pytest_plugins = ["truffles_gateway.testing.fixtures"]
