"""What commands and their buttons come to: the rows that make them so, and the line that says so where they were given.

Everything that must be looked up first stands in the `Order`; the rest is pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

from truffles_gateway import clock, compose, drafts, pricing, quiet, roles, spans
from truffles_gateway import overrides as said
from truffles_gateway.commands import OF_OWNERS, Command, is_note, read
from truffles_gateway.messages import EventKind, InboundEvent, Outgoing, OutgoingKind, Person
from truffles_gateway.overrides import ACTIVE, ENDED, NOTICE, PAUSE, PRICE, PROPOSED, Override
from truffles_gateway.records import Commit, Connected, Ending, OverrideChange
from truffles_gateway.store.connect import LIVE, Code
from truffles_gateway.store.today import Totals
from truffles_gateway.tenants import Tenant
from truffles_gateway.voice import DO_NOT_ANSWER

BUTTONS = frozenset({"apply", "drop", "unmute"})
OWNER = "owner"
AGREED_WITHIN = timedelta(days=1)
LONGEST_NOTICE = 500
FOREIGN = "foreign group"
FORMER = "former"
"""What is done to a place that was a desk and is none any more; nothing comes of it."""
EDITED = "edited"
"""The name of what was a command and is words now; nobody can command that."""
_PREFIX = {"kk": "Бүгін", "en": "Today:"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A command, or a button below its answer, with what was looked up for it.

    branches  those whose desk it was given at; () is the business as a whole
    role      of who gave it, there (for a button: where that holds which it is about)
    known     whether it was given at a desk at all
    former    it was given, or simply written, where a desk was once
    """

    command: Command
    branches: tuple[str, ...] = ()
    role: str = ""
    known: bool = True
    former: bool = False
    totals: Totals | None = None
    texts: tuple[pricing.Text, ...] = ()
    override: Override | None = None
    code: Code | None = None


def command_of(event: InboundEvent) -> Command | None:
    """The command in an event, None if it is none. A button is one, too, about what `rest` names."""
    if event.kind is EventKind.CALLBACK:
        return Command(event.action, event.target) if event.action in BUTTONS else None
    return read(event.text) if event.kind is EventKind.MANAGER else None


def place_of(event: InboundEvent, tenant: Tenant) -> tuple[str, ...]:
    """The branches at whose desk an event happened; () where it is the desk of the whole business."""
    chat = event.thread.rpartition(":")[0]
    if not chat or tenant.desk_chats.get("") == chat:
        return ()
    return tuple(sorted(branch for branch, group in tenant.desk_chats.items() if branch and group == chat))


def role_at(tenant: Tenant, person: Person | None, branches: tuple[str, ...]) -> str:
    """The role of a person at all of these branches, "" if it is not the same everywhere."""
    found = {roles.role_of(tenant, person, branch) for branch in branches or ("",)} if person else set()
    return found.pop() if len(found) == 1 else ""


def carry_out(made: Commit, event: InboundEvent, tenant: Tenant, order: Order) -> str:
    """Carry an order out, or say why not; returns why it was ignored, "" if it was not."""
    name = order.command.name
    if order.former:
        return _former(made, event, tenant, order)
    if not order.known:
        return _connect(made, event, tenant, order) if order.code else FOREIGN
    if name in OF_OWNERS and order.role != OWNER:
        return tell(made, event, tenant, "order_owner_only", ignored="not an owner")
    if event.kind is EventKind.CALLBACK:
        return _BUTTONS[name](made, event, tenant, order)
    if name:
        return _COMMANDS[name](made, event, tenant, order)
    return (
        "command"
        if order.command.to_somebody
        else tell(made, event, tenant, "order_unknown_example", ignored="unknown command")
    )


def tell(
    made: Commit, event: InboundEvent, tenant: Tenant, key: str, *, ignored: str = "", marks: Mapping[str, str] | None = None,
    **values: object,
) -> str:  # fmt: skip
    """The line that an order is answered with, below it."""
    ref = event.ref if event.kind is EventKind.MANAGER else ""
    text = tenant.texts.get(key, tenant.config.languages[0], **values)
    data = {"thread": event.thread, "ref": ref, **(marks or {})}
    where = event.thread or event.address or event.target
    compose.add_outgoing(
        made, Outgoing(channel=event.channel, recipient=where, text=text, kind=OutgoingKind.ANSWER, data=data)
    )
    return ignored


def _popup(
    made: Commit, event: InboundEvent, tenant: Tenant, key: str, *, ignored: str = "", **values: object
) -> str:  # fmt: skip
    data = {"event_id": event.event_id, "action": event.action, "thread": event.thread, "ref": event.ref}
    text = tenant.texts.get(key, tenant.config.languages[0], **values)
    where = event.thread or event.target
    compose.add_outgoing(
        made, Outgoing(channel=event.channel, recipient=where, text=text, kind=OutgoingKind.CALLBACK, data=data)
    )
    return ignored


def _spend(made: Commit, event: InboundEvent) -> None:
    """The pressed button means nothing any more: it goes, with those beside it."""
    data = {"thread": event.thread, "ref": event.ref, "spent": "1"}
    row = Outgoing(channel=event.channel, recipient=event.thread, text="", kind=OutgoingKind.ANSWER, data=data)
    if event.thread:
        compose.add_outgoing(made, row)


# --- of owners --------------------------------------------------------------------------------------------------------


def _pause(made: Commit, event: InboundEvent, tenant: Tenant, order: Order) -> str:
    """The bot says nothing to customers, for so long or until it is started again."""
    zone, rest = clock.zone(tenant.config.timezone), order.command.rest
    length = spans.length(rest)
    until = made.now + length if length else spans.only_until(rest, made.now, zone)
    if until is not None and until <= made.now:
        return _past(made, event, tenant, until)
    if rest and until is None:
        return tell(made, event, tenant, "order_pause_example", ignored="not understood")
    made.endings.append(Ending(kind=PAUSE, branches=order.branches))
    made.overrides.append(_new(event, order, kind=PAUSE, until=until))
    shown = spans.shown(until, made.now, zone) if until else ""
    return tell(made, event, tenant, "order_paused", until=shown, place=_places(tenant, order))


def _start(made: Commit, event: InboundEvent, tenant: Tenant, order: Order) -> str:
    """The end of a pause: at a branch's desk of that branch's own, else of all."""
    paused = [said.pause(tenant.overrides, made.now, branch) for branch in order.branches or _all(tenant)]
    wide = said.pause(tenant.overrides, made.now)
    made.endings.append(Ending(kind=PAUSE, branches=order.branches or None))
    if order.branches and wide:
        zone = clock.zone(tenant.config.timezone)
        shown = spans.shown(wide.until, made.now, zone) if wide.until else ""
        return tell(made, event, tenant, "order_still_paused", until=shown)
    key = "order_started" if any(paused) else "order_not_paused"
    return tell(made, event, tenant, key, place=_places(tenant, order))


def _today(made: Commit, event: InboundEvent, tenant: Tenant, order: Order) -> str:
    """What every customer shall know until the time that it names, else until midnight."""
    zone, rest = clock.zone(tenant.config.timezone), " ".join(order.command.rest.split())
    until = spans.until(rest, made.now, zone) or spans.midnight(made.now, zone)
    if until <= made.now:
        return _past(made, event, tenant, until)
    nothing = not any(letter.isalpha() for letter in rest) or spans.only_until(rest, made.now, zone) is not None
    if nothing or len(rest) > LONGEST_NOTICE:
        return tell(made, event, tenant, "order_today_example", ignored="not understood")
    text = f"{_PREFIX.get(order.command.language, 'Сегодня')} {rest}"
    new = _new(event, order, kind=NOTICE, text=text, until=until)
    made.overrides.append(new)
    marks = {"buttons": "drop", "target": new.id}
    return tell(made, event, tenant, "order_notice", marks=marks, text=text, until=spans.shown(until, made.now, zone),
                place=_places(tenant, order))  # fmt: skip


def _past(made: Commit, event: InboundEvent, tenant: Tenant, until: datetime) -> str:
    """What was to hold until an hour of today that is over; an example would only repeat what was said."""
    shown = spans.shown(until, made.now, clock.zone(tenant.config.timezone))
    return tell(made, event, tenant, "order_past", ignored="the time is past", until=shown)


def _price(made: Commit, event: InboundEvent, tenant: Tenant, order: Order) -> str:
    """A proposal with a button: what is said now, and what would be said then."""
    asked = pricing.asked(order.command.rest)
    if asked is None:
        return tell(made, event, tenant, "order_price_example", ignored="not understood")
    held = said.holding(tenant.overrides, made.now, order.branches[0] if order.branches else "")
    change = pricing.propose(*asked, order.texts, held)
    if change.problem:
        return tell(
            made, event, tenant, change.problem, ignored="not understood", new=change.after, lines=change.before
        )
    until = made.now + AGREED_WITHIN
    new = _new(
        event, order, kind=PRICE, subject=asked[0], text=change.text, until=until, status=PROPOSED, data=change.data
    )
    made.overrides.append(new)
    marks = {"buttons": "apply drop", "target": new.id}
    return tell(made, event, tenant, "order_price", marks=marks, old=change.before, new=change.after)


def _totals(made: Commit, event: InboundEvent, tenant: Tenant, order: Order) -> str:
    """The day so far, in numbers."""
    found = order.totals
    assert found is not None
    first = found.first_reply
    seconds = "" if first is None else f"{int(first) // 60}:{int(first) % 60:02}"
    return tell(made, event, tenant, "order_totals", dialogues=found.dialogues, answered=found.answered,
                handovers=found.handovers, open=found.open_now, first=seconds, place=_places(tenant, order),
                led=", ".join(f"{name} — {many}" for name, many in found.led))  # fmt: skip


# --- of everybody at the desk -----------------------------------------------------------------------------------------


def _mute(made: Commit, event: InboundEvent, tenant: Tenant, order: Order) -> str:
    """The bot leaves this contact to people until somebody takes that back."""
    if made.after is None:
        return tell(made, event, tenant, "order_mute_where", ignored="no such conversation")
    made.touch(context={**made.after.context, DO_NOT_ANSWER: _name(event)})
    drafts.left_alone(made, tenant, _name(event))
    return tell(made, event, tenant, "order_muted", marks={"buttons": "unmute", "target": made.after.id})


def _unmute(made: Commit, event: InboundEvent, tenant: Tenant, order: Order) -> str:
    if made.after is None:
        return tell(made, event, tenant, "order_mute_where", ignored="no such conversation")
    _answer_again(made)
    return tell(made, event, tenant, "order_unmuted", why=quiet.why(made, tenant))


def _unmute_button(made: Commit, event: InboundEvent, tenant: Tenant, order: Order) -> str:
    if made.after is None or made.after.id != event.target:
        return _popup(made, event, tenant, "callback_unknown", ignored="no such conversation")
    _spend(made, event)
    if not made.after.context.get(DO_NOT_ANSWER):
        return _popup(made, event, tenant, "callback_closed", ignored="changes nothing")
    _answer_again(made)
    tell(made, event, tenant, "order_unmuted", why=quiet.why(made, tenant))
    return _popup(made, event, tenant, "callback_unmute", why=quiet.why(made, tenant))


def _answer_again(made: Commit) -> None:
    assert made.after is not None
    made.touch(context={key: value for key, value in made.after.context.items() if key != DO_NOT_ANSWER})


def _edited(made: Commit, event: InboundEvent, tenant: Tenant, order: Order) -> str:
    return tell(made, event, tenant, "order_edited", ignored="was a command")


def _connect(made: Commit, event: InboundEvent, tenant: Tenant, order: Order) -> str:
    """A group becomes the desk of what its code is for; the plugin adds what the bot lacks there."""
    code, chat = order.code, event.thread.rpartition(":")[0]
    if code is None or not chat:
        return tell(made, event, tenant, "order_code_wrong", ignored="wrong code", slug=tenant.slug,
                    branch=next(iter(order.branches), ""), minutes=int(LIVE.total_seconds() // 60))  # fmt: skip
    branch = tenant.branch(code.branch)
    in_vain = branch and branch.telegram_chat_id and branch.telegram_chat_id != chat
    made.connected = Connected(
        code_id=code.id, branch=code.branch, desk=event.channel, chat=chat, actor=_name(event),
        moves=() if in_vain else _moved(tenant, code.branch),
    )  # fmt: skip
    if branch and in_vain:
        return tell(made, event, tenant, "order_connected_in_vain", place=branch.name)
    _take_leave(made, event, tenant, code.branch)
    marks = {"connected": "1", "branch": code.branch}
    return tell(made, event, tenant, "order_connected", marks=marks, place=branch.name if branch else "")


def _moved(tenant: Tenant, branch: str) -> tuple[str, ...]:
    """Whose desk moves along: of the business, that of all branches without a group of their own."""
    return (branch,) if branch else ("", *(each for each in _all(tenant) if each and each not in tenant.desk_chats))


def _take_leave(made: Commit, event: InboundEvent, tenant: Tenant, branch: str) -> None:
    """The group that was the desk until now hears that it is none any more."""
    before, found = tenant.desk_chats.get(branch, ""), tenant.branch(branch)
    if not before or before == event.thread.rpartition(":")[0]:
        return
    there = replace(event, thread=f"{before}:", ref="")
    tell(made, there, tenant, "order_moved", marks={"left": "1"}, place=found.name if found else "")


def _former(made: Commit, event: InboundEvent, tenant: Tenant, order: Order) -> str:
    """Whoever is not at the desk any more may have been sent away: nothing is carried out, and they hear that it was not."""
    if event.kind is EventKind.CALLBACK:
        return _popup(made, event, tenant, "callback_former", ignored=FORMER)
    if is_note(event.text) or (made.after is None and not order.command.name):
        return FORMER  # nobody meant a customer, or the bot
    key = "order_former" if command_of(event) else "order_former_words"
    return tell(made, event, tenant, key, ignored=FORMER)


# --- buttons ----------------------------------------------------------------------------------------------------------


def _apply(made: Commit, event: InboundEvent, tenant: Tenant, order: Order) -> str:
    """The owner agrees to a price; it takes the place of an older one for the same service."""
    about = order.override
    if refused := _refused(made, event, tenant, order, PROPOSED):
        return refused
    assert about is not None
    _spend(made, event)
    if about.until is not None and about.until <= made.now:
        return _popup(made, event, tenant, "callback_stale", ignored="too old")
    older = tuple(each.id for each in tenant.overrides if each.branch == about.branch and pricing.same(each, about))
    made.endings.append(Ending(kind=PRICE, ids=older))
    made.override_changes.append(OverrideChange(id=about.id, before=PROPOSED, after=ACTIVE))
    tell(made, event, tenant, "order_price_applied", marks={"buttons": "drop", "target": about.id}, new=about.text)
    return _popup(made, event, tenant, "callback_apply")


def _drop(made: Commit, event: InboundEvent, tenant: Tenant, order: Order) -> str:
    """The owner takes back what was said, or proposed."""
    about = order.override
    status = about.status if about else ACTIVE
    if refused := _refused(made, event, tenant, order, status):
        return refused
    assert about is not None
    _spend(made, event)
    made.override_changes.append(OverrideChange(id=about.id, before=status, after=ENDED))
    tell(made, event, tenant, "order_dropped", text=about.text)
    return _popup(made, event, tenant, "callback_drop")


def _refused(made: Commit, event: InboundEvent, tenant: Tenant, order: Order, status: str) -> str:
    """Why a button changes nothing, told in its popup; "" if it may."""
    if order.override is None:
        return _popup(made, event, tenant, "callback_unknown", ignored="unknown button")
    if order.role != OWNER:
        return _popup(made, event, tenant, "callback_owner_only", ignored="not an owner")
    if order.override.status != status or status == ENDED:
        _spend(made, event)
        return _popup(made, event, tenant, "callback_closed", ignored="changes nothing")
    return ""


def _new(event: InboundEvent, order: Order, **facts: object) -> Override:
    where = " ".join(order.branches)
    return Override(id=str(uuid4()), branch=where, actor=_name(event), **facts)  # type: ignore[arg-type]


def _places(tenant: Tenant, order: Order) -> str:
    """The branches' names, "" for the business as a whole."""
    return ", ".join(each.name for each in tenant.config.branches if each.slug in order.branches)


def _all(tenant: Tenant) -> tuple[str, ...]:
    return ("", *(each.slug for each in tenant.config.branches))


def _name(event: InboundEvent) -> str:
    person = event.person
    return (person.name or person.username or person.id) if person else ""


_Way = Callable[[Commit, InboundEvent, Tenant, Order], str]
_COMMANDS: Mapping[str, _Way] = {
    "pause": _pause, "start": _start, "today": _today, "price": _price, "totals": _totals, "connect": _connect,
    "mute": _mute, "unmute": _unmute, EDITED: _edited,
}  # fmt: skip
_BUTTONS: Mapping[str, _Way] = {"apply": _apply, "drop": _drop, "unmute": _unmute_button}
