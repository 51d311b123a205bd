"""How well customers were served, from what is stored: no figure is counted beside the events that it is about.

A dialogue is what a customer wrote without a break of two hours (ADR 0026). It belongs to the day, in the tenant's time
zone, on which it began, and to the branch of its conversation. Messages that ended `ignored` are no dialogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from truffles_gateway.store.database import Database, Record
from truffles_gateway.tenant_config import TenantConfig

BREAK, REPEAT = timedelta(hours=2), timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """One tenant's, branch's and day's figures; `day` is None and `branch` "" where they are summed up.

    dialogues       that have ended: nobody wrote for two hours, and no handover is open
    open            that have not
    deflected       ended without a human, and the customer did not come back within 24 h
    repeated        the customer came back within 24 h
    reached         every question got its answer, from the bot or from a human, and the customer did not come back
    escalated       a human was called or wrote
    first_response  median seconds until somebody said something, None where nobody has
    resolution      median seconds from the call for a human to its end by a human, None where there was none
    ratings, csat   how many marks customers gave, and their mean, 1 to 5
    """

    tenant: str
    branch: str = ""
    day: date | None = None
    dialogues: int = 0
    open: int = 0
    deflected: int = 0
    repeated: int = 0
    reached: int = 0
    escalated: int = 0
    first_response: float | None = None
    resolution: float | None = None
    ratings: int = 0
    csat: float | None = None

    @property
    def deflection(self) -> float | None:
        """Share of the dialogues that needed no human and did not come back; None where there is none."""
        return self._share(self.deflected)

    @property
    def repeat_rate(self) -> float | None:
        """Share of the dialogues after which the customer came back within 24 h."""
        return self._share(self.repeated)

    @property
    def goal_completion(self) -> float | None:
        """Share of the dialogues in which every question got its answer."""
        return self._share(self.reached)

    @property
    def escalation_rate(self) -> float | None:
        """Share of the dialogues with a human in them."""
        return self._share(self.escalated)

    @property
    def quality_deflection(self) -> float | None:
        """Deflection × CSAT / 5 × (1 − repeat rate); None until there is a mark."""
        if self.deflection is None or self.repeat_rate is None or self.csat is None:
            return None
        return self.deflection * self.csat / 5 * (1 - self.repeat_rate)

    def _share(self, part: int) -> float | None:
        return part / self.dialogues if self.dialogues else None

    def as_json(self) -> dict[str, Any]:
        """For machines: counts, shares of 1, seconds."""
        shares = ("deflection", "repeat_rate", "goal_completion", "escalation_rate", "quality_deflection")
        return {
            "tenant": self.tenant, "branch": self.branch, "day": self.day, "dialogues": self.dialogues,
            "open": self.open, "deflected": self.deflected, "repeated": self.repeated, "reached": self.reached,
            "escalated": self.escalated, "first_response_seconds": self.first_response,
            "resolution_seconds": self.resolution, "ratings": self.ratings, "csat": _rounded(self.csat),
        } | {name: _rounded(getattr(self, name)) for name in shares}  # fmt: skip


def _rounded(share: float | None) -> float | None:
    return share if share is None else round(share, 4)


# A dialogue's handovers are those that were opened in it. What the bot could not answer for want of a delivery, or what
# nobody took, is not reached: its handover ended by itself.
OUTCOMES = """
WITH said AS (
    SELECT e.client_id, t.conversation_id, e.received_at, e.outcome,
        e.received_at - lag(e.received_at) OVER (PARTITION BY e.client_id, t.conversation_id ORDER BY e.received_at, e.seq)
            > $4::interval AS later
    FROM inbox_events e
    JOIN turns t ON t.client_id = e.client_id AND t.id = e.turn_id
    JOIN clients c ON c.id = e.client_id
    WHERE e.kind = 'customer' AND e.outcome IN ('answered', 'escalated', 'forwarded', 'parked')
      AND t.conversation_id IS NOT NULL AND e.received_at >= $2::timestamptz - interval '1 day'
      AND ($1::text IS NULL OR c.slug = $1)
), numbered AS (
    SELECT *, count(*) FILTER (WHERE COALESCE(later, true)) OVER (
        PARTITION BY client_id, conversation_id ORDER BY received_at ROWS UNBOUNDED PRECEDING) AS number
    FROM said
), dialogue AS (
    SELECT client_id, conversation_id, number, min(received_at) AS began, max(received_at) AS ended,
        bool_or(outcome IN ('escalated', 'forwarded')) AS to_human, bool_or(outcome = 'parked') AS parked
    FROM numbered GROUP BY client_id, conversation_id, number
), followed AS (
    SELECT d.*, lead(began) OVER (PARTITION BY client_id, conversation_id ORDER BY number) AS next
    FROM dialogue d
), judged AS (
    SELECT d.client_id, c.slug AS tenant, COALESCE(b.slug, '') AS branch,
        (d.began AT TIME ZONE COALESCE(c.last_good_config ->> 'timezone', $6))::date AS day,
        d.ended + $4::interval > $3 OR h.open AS open,
        d.to_human OR h.some AS human,
        COALESCE(d.next - d.ended <= $5::interval, false) AS again,
        NOT d.parked AND NOT h.fruitless AS served,
        extract(epoch FROM r.at - d.began)::float AS first_response, h.resolution, h.ratings, h.stars
    FROM followed d
    JOIN clients c ON c.id = d.client_id
    JOIN conversations v ON v.client_id = d.client_id AND v.id = d.conversation_id
    LEFT JOIN branches b ON b.client_id = d.client_id AND b.id = v.branch_id
    CROSS JOIN LATERAL (
        SELECT count(*) > 0 AS some, COALESCE(bool_or(o.status <> 'resolved'), false) AS open,
            COALESCE(bool_or(o.resolution = 'timed_out'), false) AS fruitless,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM o.closed_at - o.created_at))
                FILTER (WHERE o.resolution = 'resolved' AND o.closed_at > o.created_at) AS resolution,
            count(o.rating) AS ratings, COALESCE(sum(o.rating), 0) AS stars
        FROM handovers o WHERE o.client_id = d.client_id AND o.conversation_id = d.conversation_id
          AND o.created_at >= d.began AND o.created_at < COALESCE(d.next, 'infinity')
    ) h
    CROSS JOIN LATERAL (
        SELECT min(m.created_at) AS at FROM messages m
        WHERE m.client_id = d.client_id AND m.conversation_id = d.conversation_id
          AND m.role IN ('assistant', 'manager') AND m.created_at >= d.began
          AND m.created_at < COALESCE(d.next, 'infinity')
    ) r
    WHERE d.began >= $2
)
SELECT tenant, {groups}
    count(*) FILTER (WHERE NOT open) AS dialogues,
    count(*) FILTER (WHERE open) AS open,
    count(*) FILTER (WHERE NOT open AND NOT human AND NOT again) AS deflected,
    count(*) FILTER (WHERE NOT open AND again) AS repeated,
    count(*) FILTER (WHERE NOT open AND served AND NOT again) AS reached,
    count(*) FILTER (WHERE NOT open AND human) AS escalated,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY first_response) AS first_response,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY resolution) AS resolution,
    sum(ratings)::int AS ratings, (sum(stars) / NULLIF(sum(ratings), 0))::float AS csat
FROM judged GROUP BY {by} ORDER BY {by}
"""
SUMMED = OUTCOMES.format(groups="", by="tenant")
BY_DAY = OUTCOMES.format(groups="branch, day,", by="tenant, branch, day")


async def outcomes(
    database: Database, now: datetime, *, days: int, tenant: str | None = None, by_day: bool = False
) -> list[Outcomes]:
    """Figures of the dialogues that began within the last `days`: one line a tenant, or one a tenant, branch and day."""
    since = now - timedelta(days=days)
    sql, zone = BY_DAY if by_day else SUMMED, TenantConfig.model_fields["timezone"].default
    rows = await database.fetch(sql, tenant, since, now, BREAK, REPEAT, zone, retry=True)
    return [_outcomes(row) for row in rows]


def _outcomes(row: Record) -> Outcomes:
    known: Mapping[str, Any] = dict(row)
    return Outcomes(**known)
