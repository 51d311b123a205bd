"""The owner answers a customer from the phone: the desk reads along."""

from __future__ import annotations

from truffles_gateway import compose, voice
from truffles_gateway.messages import InboundEvent, Outgoing, OutgoingKind
from truffles_gateway.records import Commit
from truffles_gateway.tenants import Tenant

MARK = "📱"


def show(made: Commit, event: InboundEvent, tenant: Tenant) -> None:
    """The owner's words at every desk. Where the bot is silent nobody was called to this talk, and nothing is shown."""
    assert made.after is not None
    if voice.silence(tenant, made.after):
        return
    for channel in compose.desks(tenant):
        row = Outgoing(
            channel=channel, recipient=made.after.id, text=f"{MARK} {event.text}".strip(), kind=OutgoingKind.FORWARD,
            attachments=event.attachments, handover_id=made.after.handover_id, data={"mark": MARK},
        )  # fmt: skip
        compose.add_outgoing(made, row)
