"""Hot statements find their rows by an index, however many lanes there are."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest

from truffles_gateway.store import lanes

LANES = """
INSERT INTO lanes (client_id, lane, open_since, ready_at, turn_id, arrivals)
SELECT c.id, 'whatsapp:' || n, now(), CASE WHEN n % 2 = 0 THEN now() END, CASE WHEN n % 500 = 0 THEN gen_random_uuid() END,
    1 FROM clients c, generate_series(1, 5000) n
"""


@pytest.mark.parametrize("filled", [False, True])
async def test_a_claim_reads_lanes_by_index(make_gateway, apply, filled) -> None:
    """Also the plan that was made while there were none, and is kept."""
    gateway = await make_gateway()
    for slug in ("salon", "clinic"):
        await apply(gateway, {"slug": slug, "name": slug, "plugins": []})
    database = gateway.database
    await database.execute("INSERT INTO tenant_service SELECT id, now() FROM clients")
    if filled:
        await database.execute(LANES)
        await database.execute("ANALYZE lanes")
    rows = await database.fetch(
        "EXPLAIN " + lanes.CLAIM, str(uuid4()), gateway.clock.now(), 32, 10.0, False, [str(uuid4())], True
    )
    plan = "\n".join(row[0] for row in rows)
    assert "Seq Scan on lanes" not in plan, plan
    assert "BitmapOr" not in plan, plan
    assert {"ix_lanes_ready", "ix_lanes_unfinished", "pk_lanes"} <= set(re.findall(r"[ip][xk]_\w+", plan)), plan
