"""What the store hands to the pipeline and gets back: plain frozen records, no SQL.

A turn reads a `Work`, decides, and returns a `Commit`: all that is to be written, in one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from truffles_gateway.messages import Customer, InboundEvent, Line, Outgoing, OutgoingKind, State, Trigger
from truffles_gateway.overrides import Override


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event of a turn with its row's id."""

    id: str
    event: InboundEvent
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyDraft:
    """What the bot would say, until a person decides about it (mode `approve`).

    id      that of the handover which it becomes when nobody lets it go
    reply   the row that goes out, exactly as it was shown; `facts` are what its line of the dialogue says besides
    since   when the customer's words were first answered by a draft
    by      who decided, or is writing other words; `editor` is that person's key
    """

    id: str
    conversation_id: str
    turn_id: str
    question: str
    reply: Outgoing
    since: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)
    status: str = "waiting"
    revision: int = 0
    by: str = ""
    editor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A conversation as it was read, with what the host needs to decide; `version` guards the commit.

    `id` and `user_id` are "" until the first commit of a new customer. `preferred_branch` is the slug of the branch that
    this customer chose last and wants to be remembered by.
    """

    client_id: str
    channel: str
    address: str
    id: str = ""
    user_id: str = ""
    version: int = 0
    state: State = State.BOT_ACTIVE
    name: str = ""
    phone: str = ""
    instance: str = ""
    branch_id: str = ""
    preferred_branch: str = ""
    muted_until: datetime | None = None
    mute_count: int = 0
    last_customer_at: datetime | None = None
    last_bot_at: datetime | None = None
    last_manager_at: datetime | None = None
    handover_id: str = ""
    handover_since: datetime | None = None
    handover_question: str = ""
    handover_times_out: bool = True
    assigned_to: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    history: tuple[Line, ...] = ()
    draft: ReplyDraft | None = None

    @property
    def customer(self) -> Customer:
        """The customer as hooks see them."""
        return Customer(id=self.user_id, address=self.address, name=self.name, phone=self.phone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A claimed turn: frozen members, the conversation (customers' turns only), and the lease that guards it.

    `unreadable` says what is wrong with members that could not be read back: such a turn cannot be handled.
    `rethought` are members that an earlier turn thought about already: the desk has seen them.
    """

    client_id: str
    lane: str
    kind: str
    channel: str
    address: str
    turn_id: str
    token: int
    arrivals: int
    attempts: int
    correlation_id: str
    started_at: datetime
    events: tuple[StoredEvent, ...]
    conversation: Conversation | None = None
    unsent_turn: str = ""
    unreadable: str = ""
    rethought: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A claimed job or timer, with the lease that guards it."""

    client_id: str
    id: str
    kind: str
    key: str
    payload: Mapping[str, Any]
    conversation_id: str
    correlation_id: str
    attempts: int
    token: int
    run_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHandover:
    """A request for a human, to be stored; `urgent` is for its card; with a `resolution` it is over as soon as it began."""

    id: str
    trigger: Trigger
    reason: str
    question: str
    times_out: bool = True
    assigned_to: str = ""
    urgent: bool = False
    resolution: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverUpdate:
    """What changes in a stored handover; None leaves a value as it is."""

    id: str
    status: str
    resolution: str | None = None
    assigned_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChange:
    """One row of the record of who changed a conversation's state, and why."""

    handover_id: str
    before: State
    after: State
    event: str
    actor: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A line of the dialogue, to be stored."""

    id: str
    role: str
    content: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOutgoing:
    """An outgoing row, to be stored; an existing row with the same key is kept."""

    key: str
    outgoing: Outgoing
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job or timer, to be stored; an existing one with the same key is kept."""

    key: str
    kind: str
    run_at: datetime
    payload: Mapping[str, Any] = field(default_factory=dict)
    conversation_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedUpdate:
    """What an owner (`by`) decided about a learned answer as it was in `revision`, and which older one it takes the place
    of."""

    id: str
    status: str
    revision: int
    replaces: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideChange:
    """What becomes of something the owner said, if it still is what it was `before`; active, it holds until `until`."""

    id: str
    before: str
    after: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What the owner said before and is over now: everything of a kind at these branches (None: wherever it holds; (): what
    holds everywhere), or only those with these ids."""

    kind: str
    branches: tuple[str, ...] | None = None
    ids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A group becomes the desk of a branch ("" is the business as a whole), by a code that is used up. `moves` are the
    branches whose open handovers are shown there from now on ("": of those without one)."""

    code_id: str
    branch: str
    desk: str
    chat: str
    actor: str
    moves: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EventOutcome:
    """How one or more events ended."""

    events: tuple[str, ...]
    outcome: str
    reason: str = ""


@dataclass(slots=True, kw_only=True)
class Commit:
    """Everything that one turn, desk event or job writes, in one transaction.

    lease          the turn or job that this ends; its fencing token is checked
    before, after  the conversation as it was read (its version is checked) and as it shall be
    only_if_quiet  do not commit when more arrived in the lane meanwhile
    learned        learned answers that an owner approved, rejected or took back
    used           ids of learned answers that a reply rests on: their use is counted
    overrides, override_changes, endings    what the owner says, agrees to and takes back
    connected      a group that becomes a desk
    worth          how long an outgoing row of a kind is worth sending
    skipped_by     who cannot take the handover: each, the first time, makes the next reminder come at once
    rating         a handover and the mark that its customer gave
    reopened_turn  a turn whose reply could not be delivered, or was never let go: its events change from answered to
                   escalated, because of `reopened_why`
    new_draft      a reply that waits for a person
    decided_draft  a draft as it shall be, with the revision in which it was read: that is checked
    """

    client_id: str
    now: datetime
    correlation_id: str
    lease: Work | Job
    worth: Mapping[OutgoingKind, timedelta]
    before: Conversation | None = None
    after: Conversation | None = None
    only_if_quiet: bool = False
    outcomes: list[EventOutcome] = field(default_factory=list)
    messages: list[NewMessage] = field(default_factory=list)
    handovers: list[NewHandover] = field(default_factory=list)
    handover_updates: list[HandoverUpdate] = field(default_factory=list)
    changes: list[StateChange] = field(default_factory=list)
    outgoing: list[NewOutgoing] = field(default_factory=list)
    jobs: list[NewJob] = field(default_factory=list)
    cancel_jobs: list[str] = field(default_factory=list)
    skipped_by: list[str] = field(default_factory=list)
    manager_response: str | None = None
    rating: tuple[str, int] | None = None
    reopened_turn: str = ""
    reopened_why: str = "undelivered"
    new_draft: ReplyDraft | None = None
    decided_draft: ReplyDraft | None = None
    alarms: list[tuple[str, str]] = field(default_factory=list)
    learned: list[LearnedUpdate] = field(default_factory=list)
    used: tuple[str, ...] = ()
    overrides: list[Override] = field(default_factory=list)
    override_changes: list[OverrideChange] = field(default_factory=list)
    endings: list[Ending] = field(default_factory=list)
    connected: Connected | None = None
    stages: list[dict[str, Any]] = field(default_factory=list)
    turn_status: str = "done"
    turn_outcome: str = ""
    turn_reason: str = ""
    error: str = ""

    def touch(self, **changes: Any) -> None:
        """Change fields of the conversation as it shall be."""
        assert self.after is not None
        self.after = replace(self.after, **changes)
