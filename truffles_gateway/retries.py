"""What a receipt means for a row: sent, tried again later, given up, or left for a person to look at. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from truffles_gateway.messages import DESK_KINDS, OutgoingKind, Receipt, ReceiptStatus
from truffles_gateway.plugin import Capabilities
from truffles_gateway.store.outbox import Row, Settlement
from truffles_gateway.tenant_config import PATIENT, Outbox


@dataclass(frozen=True, slots=True)
class Attempt:
    """A claimed row, its receipt, what its channel can do, and how the tenant wants rows to be tried."""

    row: Row
    receipt: Receipt
    capabilities: Capabilities
    rules: Outbox

    @property
    def limited(self) -> bool:
        """Is the channel well, and only asks for a pause? Then it has not failed."""
        return bool(self.receipt.retry_after) and not self.receipt.logged_out

    @property
    def repeatable(self) -> bool:
        """May a row that perhaps arrived be sent again? A desk marks it; a customer would read it twice."""
        return self.capabilities.idempotent_send or self.row.outgoing.kind in DESK_KINDS


def settle(attempt: Attempt, now: datetime) -> Settlement:
    """What becomes of the row: the one place where that is decided."""
    row, receipt = attempt.row, attempt.receipt
    if receipt.status is ReceiptStatus.SENT:
        return _end(row, "sent", sent_at=now, provider_id=receipt.provider_id)
    if receipt.waiting:
        return _waits(row, receipt, now)
    if receipt.status is ReceiptStatus.REFUSED:
        return _end(row, "dead", error=receipt.error)
    if receipt.status is ReceiptStatus.AMBIGUOUS and not attempt.repeatable:
        return _end(row, "flagged", error=receipt.error, failed_at=now)
    return _again(attempt, now)


def _waits(row: Row, receipt: Receipt, now: datetime) -> Settlement:
    """Nothing was tried: the row keeps its place and its attempts, and is no failure of its channel."""
    due = now + timedelta(seconds=max(receipt.retry_after or 0, 0.05))
    return Settlement(
        client_id=row.client_id, id=row.id, status="queued", attempts=row.attempt - 1, due_at=due, error=receipt.error
    )


def _again(attempt: Attempt, now: datetime) -> Settlement:
    row, receipt, rules = attempt.row, attempt.receipt, attempt.rules
    failed_at = None if attempt.limited or receipt.only_here else now
    free = row.probe or receipt.logged_out
    delay = next_delay(
        rules, row.outgoing.kind, row.attempt, receipt.retry_after, spent=not free, expires=row.expires_at is not None
    )
    if delay is None:
        return _end(row, "dead", error=receipt.error, failed_at=failed_at)
    return Settlement(
        client_id=row.client_id,
        id=row.id,
        status="queued",
        attempts=row.attempt - free,
        due_at=now + timedelta(seconds=delay),
        held_until=now + timedelta(seconds=rules.hold_seconds),
        paused_until=_pause(attempt, now),
        failed_at=failed_at,
        repeat=receipt.status is ReceiptStatus.AMBIGUOUS,
        error=receipt.error,
    )


def _pause(attempt: Attempt, now: datetime) -> datetime | None:
    """Until when the channel's other rows wait as well: as long as it wishes, but no longer than a row in back-off may
    hold others. Then the next one finds out."""
    if not attempt.limited:
        return None
    return now + timedelta(seconds=min(attempt.receipt.retry_after or 0, attempt.rules.hold_seconds))


def next_delay(
    rules: Outbox, kind: OutgoingKind, attempt: int, wish: float | None, *, spent: bool = True, expires: bool = True
) -> float | None:
    """Seconds until the next attempt, at least as long as the channel wishes; None if there is none left.

    A bot's reply keeps trying until it is no longer worth sending: its expiry ends it. One that was submitted again
    has none, and ends with its attempts. An attempt that was not spent, because the channel is down, is never the last.
    """
    steps = rules.retries(kind)
    if spent and attempt > len(steps) and (kind in PATIENT or not expires):
        return None
    return max(steps[min(attempt, len(steps)) - 1], wish or 0)


def _end(
    row: Row,
    status: str,
    *,
    error: str = "",
    provider_id: str = "",
    sent_at: datetime | None = None,
    failed_at: datetime | None = None,
) -> Settlement:
    return Settlement(
        client_id=row.client_id,
        id=row.id,
        status=status,
        attempts=row.attempt,
        error=error,
        provider_id=provider_id,
        sent_at=sent_at,
        failed_at=failed_at,
    )
