"""What a plugin author imports: the manifest, the hook marker, and what the host hands to a plugin.

A distribution names its manifest under the entry point group `truffles_gateway`:

    [project.entry-points.truffles_gateway]
    echo = "truffles_echo.plugin:plugin"

    plugin = Plugin(name="echo", version="1.0", settings=EchoSettings, create=Echo)

`create` is called once for each tenant that asks for the plugin and returns the object whose methods, marked
`@hookimpl`, are that tenant's hooks. A plugin imports from the host only `plugin`, `messages` and `errors`
(and `testing` in its tests).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import click
import httpx
import pluggy
from pydantic import BaseModel, ConfigDict, SecretStr

from truffles_gateway.calibrating import Advising, Bin, Calibrated, Calibrating, Labelled, Remarking
from truffles_gateway.clock import Clock
from truffles_gateway.documents import Document, read_document
from truffles_gateway.errors import FileUnavailable
from truffles_gateway.hookspecs import PROJECT, SPEC_VERSION
from truffles_gateway.messages import (
    Attachment,
    Customer,
    InboundEvent,
    ManagerReply,
    OutgoingKind,
    Passage,
    Refusal,
    State,
    Turn,
)

__all__ = [
    "OWN", "Advising", "Alarms", "Bin", "Blobs", "Calibrated", "Calibrating", "Capabilities", "Chunk", "Clock", "Counters", "Denying", "Desk", "Document", "Door", "Entry", "FileHolder", "Files", "Foreseen", "Ingress", "Knowledge",
    "KnowledgeSource", "KnowledgeWriter", "Labelled", "Learned", "LearnedAnswer", "Links", "Logger", "ManyWriter", "Naming", "Plugin", "PluginSettings", "Preview", "Previewing", "Progress", "Prompter",
    "RateLimit", "Remarking", "Resources", "SecretStr", "SyncReport", "Talk", "Teller", "Texts", "Typist", "WebhookRequest", "hookimpl", "read_document", "same_secret",
]  # fmt: skip

hookimpl = pluggy.HookimplMarker(PROJECT)


class PluginSettings(BaseModel):
    """Base of a plugin's settings: unknown keys are errors, values are frozen.

    Secrets are `SecretStr` fields; a tenant's config gives them as references, `env:NAME` or `file:PATH`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A POST as it came. `path` is what follows the ingress path and the tenant ("" or "/take"); header names are
    lower-case; `json` is the parsed body (NaN, too deep and non-object bodies were refused before)."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    json: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Door:
    """What an ingress may know of the tenant whose door was knocked at.

    secret       the tenant's webhook secret, None if it has none
    open         the tenant's config says in so many words that webhooks need no secret
    settings     this plugin's settings for the tenant
    desk_chats   the managers' group by branch, in their order; under "" the tenant's own
    former_chats what showed this tenant's customers once, or was bound, and is in none of these places any more; what a
                 plugin's own settings name is for the plugin to take away
    """

    tenant: str
    secret: str | None = field(repr=False)
    open: bool
    settings: Any
    desk_chats: Mapping[str, str] = field(default_factory=dict)
    former_chats: frozenset[str] = frozenset()


class Ingress(Protocol):
    """The door of a channel: pure, fast, no network, no state. Runs before a webhook is acknowledged.

    path     where it listens: `POST {path}/{tenant}` and `POST {path}`
    admin    the host asks for the admin bearer token instead of calling `verify`
    max_body limit in bytes of a request without inline media
    """

    path: str
    admin: bool
    max_body: int

    def tenant(self, request: WebhookRequest) -> str | None:
        """The tenant's slug, where the path does not name it; None if the request does not either.

        An ingress whose requests name their tenant by a secret alone has a method `match(request, doors)` besides: it is
        given the doors of all tenants that use the plugin and returns the slug of the one whose secret it is, or None.
        """
        ...

    def verify(self, request: WebhookRequest, door: Door) -> bool:
        """Is this request from whom it claims? Compare secrets with `same_secret`."""
        ...

    def parse(self, request: WebhookRequest, door: Door) -> Sequence[InboundEvent]:
        """The events in the request. Raises `errors.RejectedRequest` for what cannot be understood."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """At most `count` sends in `seconds`, over all processes, for each value of `scope`: "channel" or "recipient"."""

    count: int
    seconds: float
    scope: str = "channel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a channel can do. `idempotent_send`: a repeated key is delivered once; `desk`: managers work there; `merges`:
    rows of these kinds that queue for one recipient go out as one message (`Delivery.more`); `links`: it sends files as
    links (`Resources.links`), which the world must be able to open: the operator is told where it cannot. Of a desk:
    `customers`: these can write to it as well; `groups`: a group becomes the desk by `/connect CODE`."""

    text: bool = True
    media: frozenset[str] = frozenset()
    inline_media: bool = False
    choices: bool = False
    typing: bool = False
    edits: bool = False
    reactions: bool = False
    idempotent_send: bool = False
    desk: bool = False
    customers: bool = False
    groups: bool = False
    links: bool = False
    merges: frozenset[OutgoingKind] = frozenset()


class Logger(Protocol):
    """A structured logger, bound to tenant and plugin; secrets and phones are masked on the way out."""

    def debug(self, event: str, **fields: Any) -> Any: ...
    def info(self, event: str, **fields: Any) -> Any: ...
    def warning(self, event: str, **fields: Any) -> Any: ...
    def error(self, event: str, **fields: Any) -> Any: ...


class Texts(Protocol):
    """User-visible texts: the plugin's catalogue, overlaid by the tenant's own `[texts.<language>]`."""

    def get(self, key: str, language: str, **values: object) -> str:
        """The text `key` in `language` (the tenant's first language if that has none), with its `{{ name }}` filled in."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A piece of knowledge with its vector, as PostgreSQL keeps it.

    id       deterministic within the tenant; the same id replaces
    source   the file or origin; a sync replaces a source as a whole
    tag      the branch's `knowledge_tag`; "" serves every branch
    digest   hash of what the vector was made from: unchanged chunks are not embedded again
    vector   float32 little-endian bytes made by `model`
    """

    id: str
    source: str
    text: str
    title: str = ""
    question: str = ""
    answer: str = ""
    tag: str = ""
    digest: str = ""
    model: str = ""
    vector: bytes = b""
    metadata: Mapping[str, str] = field(default_factory=dict)


class Knowledge(Protocol):
    """The tenant's chunks in PostgreSQL, shared by all processes."""

    async def version(self) -> int:
        """Grows with every change; cheap to ask (one process-wide poll and notification feed it)."""
        ...

    async def chunks(self) -> list[Chunk]:
        """All chunks of the tenant, ordered by id."""
        ...

    async def apply(self, *, put: Sequence[Chunk] = (), delete: Sequence[str] = ()) -> int:
        """Put and delete in one transaction; returns the new version."""
        ...

    async def revise(self, pairs: Sequence[tuple[Chunk, Chunk]]) -> int:
        """Give each first one the digest, model and vector of the second, where it is still stored as it was read; returns
        how many were. What somebody changed or deleted meanwhile is left alone."""
        ...


class Blobs(Protocol):
    """Bytes by content hash, kept until nothing has put or got them for the tenant's `media.ttl_days`."""

    async def get(self, blob: str) -> bytes | None:
        """The bytes with this SHA-256, None if they are gone."""
        ...

    async def put(self, data: bytes, mime: str) -> str:
        """Keep bytes (known ones are kept as they are, and live on); returns their SHA-256 in lower-case hex. Raises
        `errors.StorageFull` where the tenant's quota leaves no room for them."""
        ...


class Files(Protocol):
    """Files that only the plugin of their channel can get, because no link leads to them."""

    def holds(self, channel: str, url: str) -> bool:
        """Can the plugin of `channel` get what has this `url`? Another channel's files are none of its senders' business."""
        ...

    async def fetch(self, channel: str, attachment: Attachment, *, limit: int) -> bytes:
        """The bytes, `limit` at most. Raises `errors.FileUnavailable`."""
        ...


@runtime_checkable
class FileGuard(Protocol):
    """Implemented by the hook object of a plugin that decides which files are taken, and gets them. It is asked as soon as
    an event is stored, apart from its turn, for customers' files and for managers' alike; the first of a tenant's plugins
    that is one is asked, and no other."""

    async def admit(self, event: InboundEvent, state: State) -> InboundEvent:
        """Before any byte is fetched: the event with `refused` set at each file that is not taken.

        A lane's events are asked about in the order in which they came, one after the other, and again after a crash: the
        answer must be the same. `state` is the conversation's."""
        ...

    async def collect(self, event: InboundEvent, state: State, *, last: bool) -> InboundEvent:
        """The event with each file that was neither refused nor checked before fetched, checked and kept (`checked`,
        `blob`, `size`, `mime`), or refused. What cannot be had now is left as it is, unless it is the `last` attempt."""
        ...

    def refusals(self, event: InboundEvent) -> tuple[Refusal, ...]:
        """What a desk is told of the event's files that were refused."""
        ...


@runtime_checkable
class FileHolder(Protocol):
    """Implemented by the hook object of a channel whose files no link leads to: the `url` of such an attachment begins
    with the plugin's own `file_scheme`."""

    file_scheme: str

    async def fetch(self, attachment: Attachment, *, limit: int) -> bytes:
        """The bytes, `limit` at most: more of them are not read. Raises `errors.FileUnavailable`."""
        ...


class NoFiles:
    """Every file has a link."""

    def holds(self, channel: str, url: str) -> bool:
        """None."""
        return False

    async def fetch(self, channel: str, attachment: Attachment, *, limit: int) -> bytes:
        """None."""
        raise FileUnavailable("no plugin gets files of this channel")


class Links(Protocol):
    """Links to bytes that the host keeps, for a channel that fetches what it sends from a link."""

    async def to(self, blob: str, *, mime: str = "", name: str = "", seconds: float = 3600.0) -> str:
        """A link that anybody may open for `seconds`, and that opens nothing else; "" where the world cannot reach the
        gateway (`public_url` is not set). `name` is what whoever downloads it sees."""
        ...


class NoLinks:
    """The world reaches nothing here."""

    async def to(self, blob: str, *, mime: str = "", name: str = "", seconds: float = 3600.0) -> str:
        """None."""
        return ""


class Alarms(Protocol):
    """What the tenant's owner must know and nobody else: told at every desk, and kept with the host's own alarms."""

    async def raise_(self, key: str, text: str) -> None:
        """Tell `text`, in the tenant's first language, once for each `key`: what may be told again on another day has the
        day in its key. May be repeated, in any process."""
        ...


class NoAlarms:
    """Nobody is told."""

    async def raise_(self, key: str, text: str) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """A conversation as a desk shows it. `assigned_to` is the manager who has it, `handover_id` the open handover;
    `booking`: that one has the buttons of a booking."""

    conversation_id: str
    channel: str
    customer: Customer
    state: State
    branch: str = ""
    handover_id: str = ""
    assigned_to: str = ""
    booking: bool = False


class Desk(Protocol):
    """What a desk needs to know: whose conversation a row is about, and where it shows it."""

    async def talk(self, conversation_id: str) -> Talk | None:
        """The conversation, None if there is none of this tenant with that id."""
        ...

    async def thread(self, conversation_id: str, chat: str) -> str:
        """The thread that shows this customer in `chat`, "" if none was made yet."""
        ...

    async def keep_thread(self, conversation_id: str, chat: str, thread: str) -> str:
        """Remember a new thread; returns the one that counts (another process may have been first)."""
        ...

    async def drop_thread(self, conversation_id: str, chat: str, thread: str) -> None:
        """Forget a thread that was deleted at the desk; another one may be made."""
        ...

    async def sent(self, handover_id: str, kind: OutgoingKind) -> str:
        """The `provider_id` of the first row of `kind` about this handover that shows a message here, "" if none does."""
        ...

    async def words(self, handover_id: str, kind: OutgoingKind) -> str:
        """The text of that row, "" if there is none."""
        ...

    async def moved(self, handover_id: str, kind: OutgoingKind, provider_id: str) -> None:
        """Another message shows that row from now on: `sent` will name it."""
        ...


class Counters(Protocol):
    """Counts over all processes, by names of the plugin's own."""

    async def spend(self, name: str, amount: int, *, limit: int, seconds: float) -> bool:
        """Count `amount`, unless more than `limit` would then have been counted within the last `seconds`. A negative
        amount gives back what was counted too much. It is remembered for `seconds`, a day at least."""
        ...

    async def spent(self, name: str, seconds: float) -> int:
        """What was counted within the last `seconds`; no longer ago than it is remembered."""
        ...

    async def add(self, name: str, amount: int, *, limit: int) -> bool:
        """Add `amount` to a running total, unless that would then be more than `limit`. Cheaper than `spend`, and not
        forgotten until it was left alone for 40 days: a budget of a day has the day in its name."""
        ...

    async def total(self, name: str) -> int:
        """What was added so far."""
        ...

    async def wait(self, name: str, *, count: int, seconds: float, wanted: int = 1) -> float:
        """Take `wanted` of `count` tokens that fill up evenly within `seconds`: 0 when they were there; else nothing was
        taken, and the result says in how many seconds to ask again."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedAnswer:
    """What a manager once answered. `status` is "pending", "approved" or "rejected"; once approved it takes the place of
    the answer whose id is `replaces`, if there is one. `revision` grows with every change."""

    id: str
    handover_id: str
    question: str
    answer: str
    status: str
    replaces: str = ""
    revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What approving an answer would change: of the last `asked` questions that a human was called for, `caught` would have
    been answered by it; `otherwise` is what the knowledge holds about the same and says otherwise, "" if nothing does."""

    asked: int = 0
    caught: int = 0
    otherwise: str = ""


class Learned(Protocol):
    """The tenant's learned answers. Approved ones become knowledge by a durable job, within seconds, everywhere."""

    async def of(self, handover_id: str) -> LearnedAnswer | None:
        """What was learned from a handover, None if nothing was."""
        ...

    async def approved(self) -> list[LearnedAnswer]:
        """All that the bot may say."""
        ...

    async def preview(self, handover_id: str, question: str, answer: str) -> Preview | None:
        """What approving this would change; None where no retriever of the tenant can tell, or not in seconds."""
        ...

    async def keep(
        self, reply: ManagerReply, *, question: str, answer: str, approve: bool, old: LearnedAnswer | None,
        note: str = "", replaces: str = "", preview: Preview | None = None,
    ) -> LearnedAnswer:  # fmt: skip
        """Store what was learned from `reply`, one answer a handover, and show it at every desk with its buttons; `note`
        says there why a person is asked, `preview` what approving it would change. What was rejected stays so. `replaces` is the id of an answer to the same
        question: when the owner approves this one, that one is forgotten.

        `old` is what `of` said of the handover, and what `answer` takes the place of. Raises `StateChanged` where it is
        not so any more: another reply was learned from, or the owner decided; ask `of` again."""
        ...


class Prompter(Protocol):
    """The tenant's prompt templates, in front of the plugin's own `templates`."""

    def render(self, name: str, language: str, /, **values: object) -> str:
        """The template `name.language`, else `name`; a tenant's `[prompts]` come before the plugin's. Raises `ConfigError`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What the host hands to a plugin, bound to one tenant. Nothing else is reached for.

    media        the tenant's `[media]` table, as written
    desk_chats   the managers' group by branch, in their order; under "" the tenant's own
    branches     the branches' names by slug, in their order
    branch_tags  under which `knowledge_tag` the facts of each branch stand, "" where it has none of its own
    public_url   where the world reaches the gateway, "" if that is not known
    """

    tenant: str
    timezone: str
    languages: tuple[str, ...]
    http: httpx.AsyncClient
    clock: Clock
    log: Logger
    texts: Texts
    knowledge: Knowledge
    blobs: Blobs
    desk: Desk
    counters: Counters
    learned: Learned
    prompts: Prompter
    files: Files = field(default_factory=NoFiles)
    links: Links = field(default_factory=NoLinks)
    alarms: Alarms = field(default_factory=NoAlarms)
    media: Mapping[str, Any] = field(default_factory=dict)
    desk_chats: Mapping[str, str] = field(default_factory=dict)
    branches: Mapping[str, str] = field(default_factory=dict)
    branch_tags: Mapping[str, str] = field(default_factory=dict)
    public_url: str = ""


Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """What a knowledge sync did. `problems` name file, line and cure of what could not be read; the rest was loaded.
    `skipped` name files that are no knowledge by their kind or name, with what to do if they were meant: no fault."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0
    problems: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A question with its answer on the way into the knowledge; `tag` is a branch's `knowledge_tag`, `asked` are other words
    in which customers ask for it."""

    id: str
    question: str
    answer: str
    tag: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    asked: tuple[str, ...] = ()

    @property
    def wordings(self) -> tuple[str, ...]:
        """`asked` as lines: each once, none empty, a space where there was any white space."""
        lines = (" ".join(text.split()) for text in self.asked)
        return tuple(dict.fromkeys(filter(None, lines)))

    @property
    def digest(self) -> str:
        """The same for entries that say the same to the same branch, and are asked for alike."""
        words = "\x1f".join((self.question, self.answer, self.tag, *self.wordings))
        return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()


@runtime_checkable
class KnowledgeWriter(Protocol):
    """Implemented by the hook object of a retriever that turns a tenant's files into chunks."""

    async def sync(self, folder: Path, progress: Progress, *, shrink: bool = False) -> SyncReport:
        """Read `folder`, embed what changed, put and delete chunks. `progress(done, total, what)` is called often.

        Raises `ConfigError`, and changes nothing, when most of the facts would go and `shrink` does not allow it.
        """
        ...

    async def learn(self, entry: Entry) -> None:
        """Put one entry into the knowledge: a learned answer, or a plugin's own fact; the same id replaces. May be
        repeated."""
        ...

    async def forget(self, id: str) -> None:
        """Take an entry that was learnt out again. May be repeated."""
        ...

    async def held(self) -> Mapping[str, str]:
        """Every entry that was learnt and that customers may be told now: id → `Entry.digest` of what it says; "" where its stores
        disagree about it. `learn` and `forget` put right what is wrong."""
        ...

    async def check(self) -> str:
        """ "" when its store and models can be reached, else one line that says what is wrong (for /ready)."""
        ...


@runtime_checkable
class ManyWriter(Protocol):
    """Implemented by a knowledge writer that puts in many entries faster than one after the other."""

    async def write(self, learn: Sequence[Entry], forget: Sequence[str]) -> None:
        """`learn` and `forget` for all of these. May be repeated; customers are answered in between."""
        ...


OWN = "pack:"
"""What the ids of a plugin's own facts begin with: by it they are told from learned answers and from files."""


@runtime_checkable
class KnowledgeSource(Protocol):
    """Implemented by the hook object of a plugin that has facts of its own, from its settings: the host sees to it that
    every retriever of the tenant holds exactly these, within seconds after a config was applied."""

    def entries(self) -> Sequence[Entry]:
        """All of them, each with an id that begins with `OWN`. Quick: nothing is waited for."""
        ...


@runtime_checkable
class Naming(Protocol):
    """Implemented by a `KnowledgeSource` that tells facts which are no entries: no retriever shall hold them."""

    def besides(self) -> Collection[str]:
        """Their ids, each beginning with `OWN`: a battery may name them. Quick: nothing is waited for."""
        ...


@runtime_checkable
class Teller(Protocol):
    """Implemented by a `KnowledgeSource` whose facts are told otherwise than retrievers hold them: in the customer's language,
    at their branch, as things are now."""

    def told(self, held: Mapping[str, str], turn: Turn, language: str) -> Mapping[str, str]:
        """Own facts that were found, by id, in the words that a retriever holds → the words that this customer is told, in
        `language` ("": not known) where the plugin has it; "" for what does not hold now, which nobody is told. What is missing
        from the answer is told as it is held. Quick: nothing is waited for."""
        ...


@runtime_checkable
class Denying(Protocol):
    """Implemented by a `KnowledgeSource` that can tell which of its facts are no answer to the words that a retriever found them for,
    however alike: the price of a wash, to who would buy a bicycle."""

    def denied(self, found: Sequence[Passage]) -> Sequence[Passage]:
        """Those of these own facts that nobody is told for their `query`. Quick: nothing is waited for."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What a retriever would do with one more entry. `caught` are the places, in the list of questions, of those that it
    would answer with it; `near` are the passages that it finds for the entry's own question without it."""

    caught: tuple[int, ...] = ()
    near: tuple[Passage, ...] = ()


@runtime_checkable
class Previewing(Protocol):
    """Implemented by the hook object of a retriever that can say what an entry would change before it is learnt."""

    async def preview(self, entry: Entry, questions: Sequence[str], *, least: float) -> Foreseen:
        """Try `entry` on `questions` (100 at most), each asked at the entry's branch, where a confidence of `least` is
        enough for an answer. Nothing is stored. A second is a long time here."""
        ...


@runtime_checkable
class Warming(Protocol):
    """Implemented by hook objects that load something heavy, such as a model: a worker lets them do that before it serves
    the tenant, and again whenever the tenant's knowledge changed, so that no customer runs into a hook's time limit."""

    async def warm_up(self) -> None:
        """Load what the first call would wait for. It may fail or take too long: then the first call does it."""
        ...


@runtime_checkable
class Typist(Protocol):
    """Implemented by the hook object of a channel that can show that somebody writes, and says so: `Capabilities.typing`."""

    async def typing(self, address: str, instance: str) -> None:
        """Show it to a customer, whose turn has begun to think. Nothing waits for it: it has 2 s, and what it raises is
        only logged."""
        ...


@runtime_checkable
class Closing(Protocol):
    """Implemented by hook objects that hold something open; called when the tenant is swapped or the host stops."""

    async def close(self) -> None:
        """Let go."""
        ...


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """The manifest of a plugin: data about it, and how to make one tenant's instance of it.

    implements    the hooks that its objects have, where the class that `create` returns is not told by its annotation
    channel       the channel whose rows it delivers and whose events its ingress makes, "" if none
    address       an address of the channel as a person or another system writes it → its one spelling ("" if it is none), and
                  why nobody behind it is answered ("group"), "" for a customer
    rate_limits   given the settings, the channel's limits over all processes
    catalogue     texts by language and key
    commands      click commands or groups, mounted as `truffles <command>`
    actions       things to do for one tenant, mounted as `truffles <plugin> <action> TENANT`: given the tenant's hook
                  object, each returns the lines to show, or raises `ConfigError` with the cure (its notes: lines to show
                  before). The first line of its docstring is its help. `truffles --help` lists those that the entry point
                  group `truffles_gateway.commands` names besides
    templates     prompt templates by name, or by name and language ("answer", "answer.kk"); a tenant's `[prompts]` replace them
    uses_model    it asks a model that costs money or never says the same twice: an evaluation can be run without it
    rehearsal     given a tenant's settings as they are written, those for a throwaway gateway (`truffles eval`): what it keeps
                  outside PostgreSQL must not be what customers are answered from
    """

    name: str
    version: str
    create: Callable[[Any, Resources], object]
    settings: type[PluginSettings] = PluginSettings
    summary: str = ""
    spec_version: int = SPEC_VERSION
    implements: tuple[str, ...] = ()
    channel: str = ""
    address: Callable[[str], tuple[str, str]] | None = None
    ingress: Ingress | None = None
    capabilities: Capabilities = Capabilities()
    rate_limits: Callable[[Any], tuple[RateLimit, ...]] = lambda settings: ()
    catalogue: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    commands: tuple[click.Command, ...] = ()
    actions: Mapping[str, Callable[[Any], Awaitable[Sequence[str]]]] = field(default_factory=dict)
    templates: Mapping[str, str] = field(default_factory=dict)
    instances: Callable[[Any], tuple[str, ...]] = lambda settings: ()
    uses_model: bool = False
    rehearsal: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict


def same_secret(given: str | None, expected: str | None) -> bool:
    """Compare two secrets in constant time; a missing one never matches."""
    left, right = (given or "").encode("utf-8", "surrogatepass"), (expected or "").encode()
    return hmac.compare_digest(left, right) and bool(expected)
