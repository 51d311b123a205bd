"""The frozen values that cross hooks: what a customer wrote, what was decided, what goes out.

Only the standard library is imported here, so that a plugin's pure code can use these values anywhere.
All times are timezone-aware and in UTC; all confidences lie in 0..1; all ids are strings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class EventKind(StrEnum):
    """Who an event comes from. Only CUSTOMER events become turns of a conversation."""

    CUSTOMER = "customer"
    MANAGER = "manager"
    CALLBACK = "callback"
    ECHO = "echo"
    STATUS = "status"


class Content(StrEnum):
    """What a message carries besides words."""

    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    DOCUMENT = "document"
    LOCATION = "location"
    CONTACT = "contact"
    STICKER = "sticker"
    REACTION = "reaction"
    DELETION = "deletion"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A medium. `data` holds inline bytes only between a channel's ingress and the inbox;
    the host stores them by hash and leaves `blob`, the lower-case hex SHA-256, in their place.

    checked     a guard has seen its bytes, and `blob` holds what passed
    refused     why it was not taken, in a word of the plugin that fetched and checked it; "full" where its bytes came with
                the message and the host had no room for them; "" where it was not refused
    hidden      plugins may read it, and no desk is shown it
    transcript  what is said in it, where speech was made text; `text` of the message holds it too
    doubtful    the transcript may be wrong: the customer is asked whether it is right
    """

    content: Content
    mime: str = ""
    size: int = 0
    url: str = ""
    file_name: str = ""
    caption: str = ""
    voice: bool = False
    seconds: float = 0.0
    blob: str = ""
    data: bytes | None = None
    checked: bool = False
    refused: str = ""
    hidden: bool = False
    transcript: str = ""
    doubtful: bool = False

    @property
    def key(self) -> str:
        """What tells it from other media, before and after its bytes were fetched; "" if nothing does."""
        return self.url or self.blob


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody on the tenant's side, as a channel knows them."""

    channel: str
    id: str
    username: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundEvent:
    """One thing that a channel told us, in the host's words. Made by a channel's ingress.

    channel    owner of the address space, e.g. "whatsapp"; the plugin that delivers there has the same `channel`
    event_id   the channel's own id, unique in (tenant, channel); equal ids are one event
    address    the customer's address on that channel (a WhatsApp jid, a chat id); "" if none is concerned
    instance   which of the tenant's numbers or bots it came through; names the branch
    ignore     a reason such as "group" or "status": stored, counted, never answered
    phone      the customer's phone, digits only, where the address, or a contact of their own that they share, tells it
    replaces   event_id of the message that this one edits
    target     MANAGER/CALLBACK: the handover meant (its id), or "" when `address` or `thread` names the customer;
               of "approve", "reject", "undo" and "amend" the learned answer meant; of "send", "edit" and "own" the draft
    action     CALLBACK: "take", "return", "skip" or "resolve", of a booking also "confirm", "another_time" or "no_slots"; for learned answers "approve", "reject", "undo", or "amend"
               (the person's next words are the new answer); for drafts "send", "edit" or "own" (the presser answers in
               words of their own); for what a command was answered with "apply", "drop" or "unmute". MANAGER: "connect"
               where somebody wants a place that nobody knows to become a desk. Both: "former" in a place that was a desk
               and is none any more (`Door.former_chats`): nothing is carried out there, and whoever tries hears so
    thread     MANAGER/CALLBACK: the desk's own name of the talk it was written in ("chat:topic"); the host finds the
               customer by it, and it is the lane
    ref        MANAGER/CALLBACK: what the desk needs to point at this very event again (react to it, stop the button)
    album      MANAGER: what those have in common that the desk shows as one message: each file of an album is an event
    replies_to MANAGER: the desk's message that this one answers, as its `deliver` named it (`Receipt.provider_id`)
    hold       MANAGER: seconds for which the words may still be changed by an event that `replaces` them
    sent_at    when the sender says it was written; None if unknown
    own_key    ECHO: the key that we sent with the message, where the channel returns it
    """

    channel: str
    event_id: str
    kind: EventKind = EventKind.CUSTOMER
    address: str = ""
    instance: str = ""
    text: str = ""
    content: Content = Content.TEXT
    attachments: tuple[Attachment, ...] = ()
    sender_name: str = ""
    phone: str = ""
    sent_at: datetime | None = None
    quoted: str = ""
    replaces: str = ""
    ignore: str = ""
    person: Person | None = None
    target: str = ""
    action: str = ""
    thread: str = ""
    ref: str = ""
    album: str = ""
    replies_to: str = ""
    hold: float = 0.0
    own_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A part of a message that a guard refused, and why (shown to the desk)."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """A customer's turn, merged: the texts of all its events joined by newlines, every attachment kept.

    `on_inbound` implementations return a changed copy (`message.with_(text=…)`). `notices` are lines that the customer is
    told whatever the turn comes to, in the best known language ("this file is too large").
    """

    text: str
    events: tuple[InboundEvent, ...]
    attachments: tuple[Attachment, ...] = ()
    language: str = ""
    refusals: tuple[Refusal, ...] = ()
    notices: tuple[str, ...] = ()

    def with_(self, **changes: object) -> Inbound:
        """A copy with `changes` applied."""
        return replace(self, **changes)  # type: ignore[arg-type]

    @property
    def quoted(self) -> str:
        """What the customer quoted, if anything: context, not their words."""
        return "\n".join(event.quoted for event in self.events if event.quoted)


class Author(StrEnum):
    """Who wrote a line of a dialogue."""

    CUSTOMER = "user"
    BOT = "assistant"
    MANAGER = "manager"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the dialogue so far. `sources` are the ids of the facts that the bot's own line rests on."""

    author: Author
    text: str
    at: datetime
    sources: tuple[str, ...] = ()


class State(StrEnum):
    """Who leads a conversation (SPEC: state)."""

    BOT_ACTIVE = "bot_active"
    PENDING = "pending"
    MANAGER_ACTIVE = "manager_active"


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """The end customer. `phone` is digits only, "" where the channel has none."""

    id: str
    address: str
    name: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What a hook may know about the unit of work it serves. Times are UTC; `timezone` is the tenant's IANA zone.

    `files` are what the customer sent within the last minutes (`dialogue.files_minutes`), before this turn, the oldest first;
    where no picture of a turn was taken, one that says so (`refused`) stands for them.
    """

    tenant: str
    id: str
    correlation_id: str
    channel: str
    lane: str
    conversation_id: str
    state: State
    customer: Customer
    now: datetime
    timezone: str = "UTC"
    languages: tuple[str, ...] = ("ru", "kk", "en")
    branch: str = ""
    knowledge_tag: str = ""
    history: tuple[Line, ...] = ()
    context: Mapping[str, str] = field(default_factory=dict)
    files: tuple[Attachment, ...] = ()


class Route(StrEnum):
    """What a verdict asks of the host. Each has one module under `routes`.

    PICTURE is a wish for what stands on a picture ("like in the photo"): people see it, or the customer is asked for it.
    """

    ANSWER = "answer"
    HUMAN = "human"
    FRUSTRATED = "frustrated"
    OPT_OUT = "opt_out"
    DECLINE = "decline"
    GREETING = "greeting"
    THANKS = "thanks"
    IDENTITY = "identity"
    OFF_TOPIC = "off_topic"
    BOOK = "book"
    PICTURE = "picture"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a message wants. `why` is one line for the trace: the rule or signal that decided.

    `language` is the customer's ("ru", "kk", "en"), "" if it cannot be told.
    `business` says that a wish for mute, a greeting or a booking also holds a question about the business.

    Of a booking (`Route.BOOK`, and `Route.ANSWER` where a question comes in the middle of one):
    slots    what this message says for it, over what `Turn.context["booking"]` holds of before: `service` as the desk
             calls it, `service_said` as the customer does, `service_id` (several with a comma between, ids with a space); `day` and `until` (ISO dates), `time` and `till` (15:00), `bound` ("after", "before"), `part` ("morning",
             "noon", "day", "afternoon", "evening", "night", "any", "soon") or `words` that could not be read; `name`
    asks     what is asked for, in this order: "service", "when", "name"
    refused  what of it cannot be: `why` ("no_such", "past", "closed", "outside", "soon", "far"; "name": the offered one is
             not theirs), the `day`, `time` and `part` meant, and `hours`, `days`, `minutes` or `date` to be told
    remark   a line of the business's own that is told when the wish is passed on; of other verdicts, when a human is called
    everywhere  whoever classified has an answer that is true of every branch, or says of which; the branch need not be asked
    idle     parts of the message that ask nothing, as far as whoever classified can tell: nobody need answer them
    aside    a line that stands beside the reply, whatever that is: that it is closed now
    """

    route: Route
    intent: str = ""
    language: str = ""
    confidence: float = 1.0
    why: str = ""
    business: bool = False
    slots: Mapping[str, str] = field(default_factory=dict)
    asks: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    remark: str = ""
    aside: str = ""
    everywhere: bool = False
    idle: tuple[str, ...] = ()


OWNER_SAYS = "owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A piece of the tenant's knowledge that may answer `query`, a part of the customer's message.

    `confidence` is calibrated: the share of such passages that really answer such a query. One whose `source` is
    `OWNER_SAYS` is no answer by itself: it is what the owner wants every customer to know for now, whatever they ask.
    `also` are other parts of the message that another plugin found to be answered by the same fact. `tag` is the
    `knowledge_tag` of the branch that alone has it, "" where every branch does. `subject` says in a few words what it is about,
    for who reads it away from its question ("Предоплата" of "5 000 ₸"); like a question, it is no evidence.
    """

    id: str
    text: str
    confidence: float
    query: str
    source: str = ""
    title: str = ""
    question: str = ""
    answer: str = ""
    score: float = 0.0
    also: tuple[str, ...] = ()
    tag: str = ""
    subject: str = ""


def notices(passages: Iterable[Passage]) -> list[Passage]:
    """What the owner wants every customer to know, whatever they ask."""
    return [each for each in passages if each.source == OWNER_SAYS]


def untold(notices: Iterable[Passage], turn: Turn) -> str:
    """Those notices that this customer was not told in the talk so far, each once, one below the other. What was said on
    another day was about that day, also where the owner says the same again."""
    zone = ZoneInfo(turn.timezone)
    today = turn.now.astimezone(zone).date()
    lines = [line for line in turn.history if line.author is not Author.CUSTOMER]
    said = [line.text for line in lines if line.at.astimezone(zone).date() == today]
    new = (each.text for each in notices if not any(each.text in text for text in said))
    return "\n".join(dict.fromkeys(new))


def told_last(history: Sequence[Line], now: datetime, within: timedelta) -> tuple[str, ...]:
    """The facts that the last line of a dialogue rests on: none where it is older than that, or where somebody has said more since."""
    last = history[-1] if history else None
    return last.sources if last and now - last.at <= within else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A proposed reply.

    sources     ids of the passages that it rests on
    unanswered  parts of the message that it does not answer: a human gets them
    verbatim    the text is the tenant's own words, not composed by a model
    """

    text: str
    confidence: float = 1.0
    sources: tuple[str, ...] = ()
    unanswered: tuple[str, ...] = ()
    verbatim: bool = False
    attachments: tuple[Attachment, ...] = ()


class OutgoingKind(StrEnum):
    """What an outgoing row is; its retries and its worth in time follow from this.

    REPLY    a bot's words to a customer
    HUMAN    a manager's words to a customer
    NOTICE   a line about the service to a customer ("a colleague was called")
    CARD     a handover shown at a desk
    FORWARD  a customer's words shown at a desk. `data`: `mark`, with which the text begins where it is more than that: ⚡
             urgent, 📱 the owner's words from the phone
    CALLBACK the answer to a pressed button
    REMINDER a line to the managers about a handover. `data`: `mention`, a name in the text to be pointed at, and how the
             desk knows it: `mention_id`, `mention_username`
    ALARM    a warning to the tenant's owner. `data`: `branch`, where it concerns one: at its desk, if it has one of its own
    UPDATE   what became of a handover whose card a desk shows. `data`: `status` (pending, active, resolved),
             `resolution`, `by`, and `booking` ("1") where its buttons are those of a booking; `text` says the same in words
    RECEIPT  whether a manager's words arrived. `data`: `thread` and `ref` of the words, `ok` ("1" or ""); `text` is "" or
             the line that says what went wrong
    LEARNED  a learned answer, for the owner's buttons. `data`: `learned_id`, `status` (pending, approved, rejected),
             `question`, `answer`, `note`; of a pending one also what approving would change: `asked`, `caught`, `otherwise`
             (`Preview`), as far as known; the second one of a handover takes the place of the first
    DRAFT    what the bot would say, for the managers' buttons (mode `approve`). `data`: `draft_id`, `status` (waiting,
             editing; decided: sent, edited, owned, withdrawn, replaced, overdue), `question`, `draft`, `by` and `note`,
             a line that says what became of it; `handover_id` is that of the handover which it becomes when nobody decides.
             A second one of a draft takes the place of the first; `attachments` come with the first
    ANSWER   what a command came to, shown where it was given. `data`: `thread` and `ref` of the command; `buttons` (names
             of actions, with spaces between) and their `target`; `connected` ("1") where the place has just become a desk,
             `left` ("1") where it has just ceased to be one;
             `spent` ("1"), without a text: the buttons of the message that `ref` names go
    """

    REPLY = "reply"
    HUMAN = "human"
    NOTICE = "notice"
    CARD = "card"
    FORWARD = "forward"
    CALLBACK = "callback"
    REMINDER = "reminder"
    ALARM = "alarm"
    UPDATE = "update"
    RECEIPT = "receipt"
    LEARNED = "learned"
    DRAFT = "draft"
    ANSWER = "answer"


DESK_KINDS = frozenset(
    {
        OutgoingKind.CARD, OutgoingKind.FORWARD, OutgoingKind.CALLBACK, OutgoingKind.REMINDER, OutgoingKind.ALARM,
        OutgoingKind.UPDATE, OutgoingKind.RECEIPT, OutgoingKind.LEARNED, OutgoingKind.DRAFT, OutgoingKind.ANSWER,
    }
)  # fmt: skip
"""Rows that managers see, not customers. Their `recipient` is a conversation's id, or "owner"; of an answer it may be the thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A row to be sent. `recipient` is an address on `channel`; rows to one recipient keep their order."""

    channel: str
    recipient: str
    text: str
    kind: OutgoingKind
    attachments: tuple[Attachment, ...] = ()
    instance: str = ""
    handover_id: str = ""
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One attempt to send an outgoing row. `key` is the same in every attempt of a row: the idempotency key.

    `repeat` is true when an earlier attempt may already have arrived (a desk marks it ↻). `more` are the texts of rows that
    waited behind this one and go out with it, where the channel `merges` their kind.
    """

    id: str
    key: str
    tenant: str
    outgoing: Outgoing
    attempt: int
    correlation_id: str
    repeat: bool = False
    more: tuple[str, ...] = ()


class ReceiptStatus(StrEnum):
    """How an attempt ended.

    SENT       the channel took it
    RETRY      it did not, and may later (`retry_after` seconds, if the channel said so)
    REFUSED    it never will: a wrong number, a text it does not accept
    AMBIGUOUS  it was sent and no answer came: it may have arrived
    """

    SENT = "sent"
    RETRY = "retry"
    REFUSED = "refused"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of a delivery. `logged_out` says that the instance itself is gone: the circuit opens at once.
    `only_here` says that the channel is well and the place of this row is not: it is no failure of the instance.
    `waiting` says that nothing was tried: the channel's own limit, or a place that is missing yet, holds the row back, and
    no attempt is spent."""

    status: ReceiptStatus
    provider_id: str = ""
    error: str = ""
    retry_after: float | None = None
    logged_out: bool = False
    only_here: bool = False
    waiting: bool = False

    @classmethod
    def sent(cls, provider_id: str = "") -> Receipt:
        """The channel took the message."""
        return cls(status=ReceiptStatus.SENT, provider_id=provider_id)

    @classmethod
    def retry(
        cls, error: str, *, after: float | None = None, logged_out: bool = False, only_here: bool = False
    ) -> Receipt:
        """The channel did not take it now; `after` is its own wish in seconds."""
        return cls(
            status=ReceiptStatus.RETRY, error=error, retry_after=after, logged_out=logged_out, only_here=only_here
        )

    @classmethod
    def wait(cls, seconds: float, why: str = "rate limit", *, only_here: bool = False) -> Receipt:
        """Nothing was sent: try again in `seconds`, without spending an attempt."""
        return cls(status=ReceiptStatus.RETRY, error=why, retry_after=seconds, waiting=True, only_here=only_here)

    @classmethod
    def refused(cls, error: str) -> Receipt:
        """The channel will never take this message."""
        return cls(status=ReceiptStatus.REFUSED, error=error)

    @classmethod
    def ambiguous(cls, error: str) -> Receipt:
        """Sent, but no answer came back."""
        return cls(status=ReceiptStatus.AMBIGUOUS, error=error)


class Trigger(StrEnum):
    """Why a human was called (`handovers.trigger_type`)."""

    INTENT = "intent"
    LOW_CONFIDENCE = "low_confidence"
    MEDIA = "media"
    POLICY = "policy"
    STUCK = "stuck"
    PARKED = "parked"
    MANUAL = "manual"
    UNDELIVERED = "undelivered"
    DRAFT = "draft"
    BOOKING = "booking"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverCard:
    """All that a desk shows of one request for a human. `reason` is one line in the tenant's first language, `branch_name`
    how people call the branch; `urgent`: the customer cannot wait, and the card says so at first sight. `booking` is what
    is known of a wish for a time, in the tenant's first language: `service`, `when`, `name`, `phone`; with the trigger
    `BOOKING` it is the request itself, and its buttons are "confirm", "another_time" and "no_slots" besides."""

    handover_id: str
    trigger: Trigger
    reason: str
    question: str
    customer: Customer
    dialogue: tuple[Line, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    branch: str = ""
    branch_name: str = ""
    refusals: tuple[Refusal, ...] = ()
    urgent: bool = False
    booking: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagerReply:
    """A human's words, already committed for the customer; where `amends` is the id of a learned answer, they are none: an
    owner wrote that one anew, and nobody else reads it. `role` is "" for somebody the tenant does not list.

    `question` is what the human was called for, `earlier` what the customer wrote before, the newest last: where they only
    wanted a human, the question stands there. `unasked`: nobody was called, a human's own words began this talk;
    `asked_again`: the customer has written since a human's first words in it, and these may be about that; `with_file`: a
    file went with the words, and they may mean nothing without it. A file alone is no reply here.
    """

    id: str
    tenant: str
    handover_id: str
    conversation_id: str
    question: str
    text: str
    person: Person
    role: str
    at: datetime
    correlation_id: str
    earlier: tuple[str, ...] = ()
    unasked: bool = False
    asked_again: bool = False
    with_file: bool = False
    amends: str = ""
