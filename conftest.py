"""Fixtures of the gateway's own kit, and hypothesis on a machine that may be busy."""

import os
from pathlib import Path

from hypothesis import HealthCheck, settings

pytest_plugins = ["truffles_gateway.testing.fixtures"]

# Timings of a shared machine say nothing about the code: no deadlines. The same examples in every run: a failure that
# was seen is seen again.
settings.register_profile("house", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

# Nobody's own caches are touched; what one test has embedded no other one embeds again, be it in another process.
os.environ["XDG_CACHE_HOME"] = str(Path(__file__).parent / ".pytest_cache" / "xdg")
