"""What managers answer to a booking: confirmed, another time, no places. Each tells the customer, in a person's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from uuid import uuid4

from truffles_gateway import booking, compose, handoff
from truffles_gateway.acting import origin, person_of, text_of
from truffles_gateway.booking import Booking
from truffles_gateway.drafts import key_of, name_of
from truffles_gateway.messages import Author, InboundEvent, Outgoing, OutgoingKind, State
from truffles_gateway.records import Commit, NewMessage
from truffles_gateway.tenants import Tenant

ACTIONS: Mapping[str, handoff.Event] = {
    "confirm": handoff.Event.RESOLVE, "another_time": handoff.Event.RETURN, "no_slots": handoff.Event.RESOLVE,
}  # fmt: skip


def press(made: Commit, event: InboundEvent, tenant: Tenant) -> tuple[str, str]:
    """Carry a button out on an open handover that nobody else leads. Returns the text that answers it, and why it changed
    nothing ("" if it did)."""
    about = made.after
    assert about is not None
    known = booking.of_handover(about, about.handover_id)
    if known is None:
        return text_of(tenant, "callback_unknown"), "no booking"
    person, what = person_of(event, tenant), _summary(known, tenant)
    if known.seen is not None and key_of(person) not in known.seen:
        _note_seen(made, known, key_of(person))
        return text_of(tenant, "callback_booking_changed", text=what), "the wish has changed"
    if event.action == "confirm" and not known.is_exact:
        return text_of(tenant, "callback_confirm_inexact"), "no exact time"
    name = name_of(person)
    handoff.apply(made, ACTIONS[event.action], actor=name, why=f"button {event.action}")
    _tell(made, event, tenant, known)
    _remember(made, event.action, known)
    return text_of(tenant, f"callback_{event.action}", name=name, text=what), ""


def _summary(known: Booking, tenant: Tenant) -> str:
    """The booking in one line, for who presses: their card may say what it was before."""
    return booking.summary(known.slots, _sayer(tenant, tenant.config.languages[0]))


def _note_seen(made: Commit, known: Booking, person: str) -> None:
    """This person knows what the customer wants now: what they press next counts."""
    assert made.after is not None
    read = replace(known, seen=(*(known.seen or ()), person)).stored()
    made.touch(context={**made.after.context, booking.KEY: read})


def _tell(made: Commit, event: InboundEvent, tenant: Tenant, known: Booking) -> None:
    """A person's decision, and so their words: sent as these are, with a sign at the desk that they arrived."""
    after = made.after
    assert after is not None
    language = compose.language_of(made, tenant)
    say = _sayer(tenant, language)
    what = booking.said({**known.slots, "name": ""}, say)
    text = say(f"book_told_{event.action}", text=what)
    person = person_of(event, tenant)
    facts = {"person": person.id, "name": name_of(person), "event_id": event.event_id, "button": event.action}
    made.messages.append(NewMessage(id=str(uuid4()), role=Author.BOT.value, content=text, metadata=facts))
    row = Outgoing(
        channel=after.channel, recipient=after.address, instance=after.instance, text=text, kind=OutgoingKind.HUMAN,
        data={"language": language, **origin(event, tenant)},
    )  # fmt: skip
    compose.add_outgoing(made, row)
    made.touch(last_bot_at=made.now)


def _remember(made: Commit, action: str, known: Booking) -> None:
    """Another time is asked for by the line that was just sent: the bot takes the answer."""
    assert made.after is not None
    context = {key: value for key, value in made.after.context.items() if key != booking.KEY}
    if action == "another_time":
        again = replace(known.without_time(), at=made.now, asked="when", offer="", counts={"when": 1}, handover="")
        context[booking.KEY] = again.stored()
    made.touch(context=context)


def show(made: Commit, tenant: Tenant) -> None:
    """The buttons of a booking below the card of who was called before it."""
    after = made.after
    assert after is not None
    status = "active" if after.state is State.MANAGER_ACTIVE else "pending"
    for channel in compose.desks(tenant):
        row = Outgoing(
            channel=channel, recipient=after.id, text="", kind=OutgoingKind.UPDATE, handover_id=after.handover_id,
            data={"status": status, "booking": "1"},
        )  # fmt: skip
        compose.add_outgoing(made, row)


def _sayer(tenant: Tenant, language: str) -> Callable[..., str]:
    return lambda key, **values: tenant.texts.get(key, language, **values)
