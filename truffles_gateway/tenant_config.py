"""What an operator writes about one business, checked word by word.

`read` reports every problem at once, each with the key it stands under and what to write instead.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from truffles_gateway.burst import BurstTiming
from truffles_gateway.clock import zone_names
from truffles_gateway.config_problems import clashes, explain, unstorable
from truffles_gateway.errors import ConfigError
from truffles_gateway.hookspecs import CALLS, MEDIA_DELIVER_LIMIT, TURN_LIMIT
from truffles_gateway.messages import DESK_KINDS, OutgoingKind

# People's words, and what people work from, are not given up before the week-end is over.
PATIENT = DESK_KINDS - {OutgoingKind.CALLBACK} | {OutgoingKind.HUMAN}
NAME = r"^[a-z0-9][a-z0-9_-]{0,62}$"


def _zone_like(value: str) -> str:
    """A question after the zone of a misspelt city. Continents are not compared: half of the name would always agree."""
    zones = {name.rpartition("/")[2].lower(): name for name in sorted(zone_names())}
    near = difflib.get_close_matches(value.rpartition("/")[2].lower(), zones, n=1, cutoff=0.8)
    return f'Did you mean "{zones[near[0]]}"?' if near else ""


def digits(phone: str) -> str:
    """A phone number in one spelling: digits only, and the 8 that people in Kazakhstan dial at home as a 7."""
    found = re.sub(r"\D", "", phone)
    return f"7{found[1:]}" if len(found) == 11 and found.startswith("8") else found


def _digits(value: object) -> object:
    return digits(str(value)) if isinstance(value, (str, int)) else value


Slug = Annotated[str, Field(pattern=NAME)]
Mode = Literal["auto", "approve", "shadow", "off"]
Language = Literal["ru", "kk", "en"]
Number = Annotated[str, BeforeValidator(_digits), Field(min_length=5)]
Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(gt=0, le=600)]
Minutes = Annotated[float, Field(gt=0, le=60 * 24 * 30)]
Hours = Annotated[float, Field(gt=0, le=24 * 30)]
Hour = Annotated[int, Field(ge=0, le=23)]


class Part(BaseModel):
    """Base of all parts: unknown keys are errors, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PluginChoice(Part):
    """A plugin that the tenant uses; the order of the list is the order in which hooks are called."""

    name: str
    settings: dict[str, Any] = {}


class Branch(Part):
    """One outlet. A webhook's instance id names the branch; knowledge, desk and mode follow it.

    Messages written to its instance before `connected_at` (default: when the branch was first applied) are history.
    `names` are shown in place of `name` to customers of a language; by `aliases` customers name it besides.
    """

    slug: Slug
    name: str
    names: dict[Language, str] = {}
    aliases: tuple[str, ...] = ()
    instance_id: str = ""
    knowledge_tag: str = ""
    mode: Mode | None = None
    telegram_chat_id: str = ""
    connected_at: AwareDatetime | None = None

    def label(self, language: str) -> str:
        """Its name for customers of a language."""
        return next((name for known, name in self.names.items() if known == language), self.name)


class Identity(Part):
    """How a channel knows a person, by id or by user name."""

    channel: str
    id: str = ""
    username: str = ""

    @model_validator(mode="after")
    def _known_somehow(self) -> Identity:
        if not self.id and not self.username:
            raise ValueError("an identity needs an id or a username")
        return self


class Agent(Part):
    """A person on the tenant's side, under the name that the desk calls them by. Their `phone` is for people to see, and the
    bot leaves it alone."""

    name: Annotated[str, Field(min_length=1)]
    role: Literal["owner", "admin", "manager", "support"]
    branch: str = ""
    phone: Number | None = None
    identities: tuple[Identity, ...] = ()


class Branching(Part):
    """How the branch of a conversation is found. The question which one stands for `question_hours`; a choice holds until
    the customer has not written for `hold_hours`, and longer where the preference is remembered."""

    mode: Literal["by_instance", "ask_user", "hybrid"] = "by_instance"
    remember_branch_preference: bool = True
    require_branch_for_pricing: bool = False
    question_hours: Hours = 12
    hold_hours: Hours = 24

    @property
    def may_ask(self) -> bool:
        """Can a customer be asked which branch they mean?"""
        return self.mode != "by_instance" or self.require_branch_for_pricing


class Timing(Part):
    """Seconds to wait for the rest of a burst."""

    complete: Seconds = 1.0
    fragment: Seconds = 4.0
    longest: Seconds = 12.0

    def burst(self) -> BurstTiming:
        """The same, for `burst.quiet_seconds`."""
        return BurstTiming(self.complete, self.fragment, self.longest)


class Thresholds(Part):
    """Below `answer` a human is asked; from `sure` on nothing is flagged for review."""

    answer: Share = 0.5
    sure: Share = 0.85

    @model_validator(mode="after")
    def _in_order(self) -> Thresholds:
        if self.answer > self.sure:
            raise ValueError("answer must not be greater than sure")
        return self


class Limits(Part):
    """Seconds that one call of a hook may take, and a whole turn; `files` is how long a turn waits for its files."""

    on_inbound: Seconds = CALLS["on_inbound"].limit
    classify: Seconds = CALLS["classify"].limit
    retrieve: Seconds = CALLS["retrieve"].limit
    answer: Seconds = CALLS["answer"].limit
    escalate: Seconds = CALLS["escalate"].limit
    deliver: Seconds = CALLS["deliver"].limit
    deliver_media: Seconds = MEDIA_DELIVER_LIMIT
    on_manager_reply: Seconds = CALLS["on_manager_reply"].limit
    turn: Seconds = TURN_LIMIT
    files: Seconds = 10.0

    def hooks(self) -> dict[str, float]:
        """The hooks whose limits this tenant sets itself."""
        return {name: getattr(self, name) for name in CALLS if name in self.model_fields_set}


class Retry(Part):
    """A turn that fails is tried again after so many seconds each time; one that more messages overtake is thought over
    again, but not for longer than `rethink` seconds after its first."""

    turn: Annotated[tuple[Seconds, ...], Field(max_length=10)] = (1.0, 2.0, 4.0, 8.0)
    rethink: Seconds = 45.0


class Late(Part):
    """From when on a message counts as late: answered with an apology, and later only shown to a human."""

    apology_minutes: Minutes = 15
    card_hours: Hours = 12

    @model_validator(mode="after")
    def _in_order(self) -> Late:
        if self.apology_minutes > self.card_hours * 60:
            raise ValueError("apology_minutes must not be more than card_hours")
        return self


class Dialogue(Part):
    """How often the bot asks back before a human is called, how soon it greets again, whether it says that it is a virtual
    assistant (to who hears from it for the first time, or after so many hours), after how many hours without a word a
    booking is forgotten, how long the answer to what was read back of a voice note counts, and for how long a file that the
    customer sent belongs to what they write."""

    clarify_at_most: Annotated[int, Field(ge=0, le=10)] = 2
    greet_again_minutes: Minutes = 30
    disclose: bool = True
    disclose_again_hours: Hours = 24
    booking_hours: Hours = 24
    read_back_minutes: Minutes = 15
    files_minutes: Minutes = 15


class Loop(Part):
    """When the bot stops answering: the same to the same words, and too much in too short a time."""

    alike: Share = 0.95
    window_minutes: Minutes = 10
    replies: Annotated[int, Field(ge=2, le=100)] = 15
    silent_minutes: Minutes = 60


class Csat(Part):
    """Whether and when customers are asked for a mark after a human has resolved something, and how long one counts."""

    enabled: bool = True
    ask_minutes: Minutes = 5
    pause_days: Annotated[int, Field(ge=1, le=365)] = 30
    answer_hours: Hours = 24


class Echo(Part):
    """What comes back from the business's own number: a send of ours, an automatic greeting, a broadcast, or else the
    owner at the phone."""

    own_minutes: Minutes = 2
    greeting_seconds: Seconds = 3
    broadcast_users: Annotated[int, Field(ge=2, le=1000)] = 3
    broadcast_hours: Hours = 24


class Alarms(Part):
    """One alarm a cause within so many minutes."""

    once_minutes: Minutes = 15


class Desk(Part):
    """When people are reminded, and when a handover ends by itself. Hours are the tenant's local time. A draft that nobody
    decided about becomes a handover after `approve_minutes` on the wall's clock, quiet hours or not."""

    approve_minutes: Minutes = 10
    remind_minutes: Minutes = 30
    all_minutes: Minutes = 45
    owner_minutes: Minutes = 60
    timeout_minutes: Minutes = 120
    quiet_from: Hour = 23
    quiet_until: Hour = 8
    nudge_minutes: Minutes = 15
    back_minutes: Minutes = 60
    idle_hours: Hours = 12
    phone_minutes: Minutes = 60
    promise_minutes: Minutes = 60


class Mute(Part):
    """How long the bot is silent after "don't write to me", the first time and the second; how long without a word
    until the next is a first time again; how long its question "shall we be silent?" stands."""

    first_minutes: Minutes = 30
    second_hours: Hours = 24
    reset_hours: Hours = 24
    question_minutes: Minutes = 15


Step = Annotated[float, Field(gt=0, le=60 * 60 * 24 * 7)]
Steps = Annotated[tuple[Step, ...], Field(min_length=1, max_length=50)]
HUMAN_ATTEMPTS, HUMAN_HOURS = 10, 76


class Outbox(Part):
    """How outgoing rows are tried again, how long they are worth sending, how long one holds the next ones back.

    The words of a human are promised ten attempts over 76 hours: a tenant may ask for more of it, not for less.
    """

    reply_retry_seconds: Steps = (2, 4, 8, 16)
    # Eleven attempts over 80 hours: a person's words, and what people work from, wait out a long week-end.
    human_retry_seconds: Steps = (2, 10, 60, 300, 1800, 7200, 21600, 43200, 86400, 129600)
    hold_seconds: Seconds = 60
    reply_minutes: Minutes = 10
    callback_seconds: Seconds = 10

    @field_validator("human_retry_seconds")
    @classmethod
    def _as_promised(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if len(value) + 1 < HUMAN_ATTEMPTS or sum(value) < HUMAN_HOURS * 3600:
            raise ValueError(
                f"a human's words are tried at least {HUMAN_ATTEMPTS} times over at least {HUMAN_HOURS} h: "
                f"{HUMAN_ATTEMPTS - 1} or more pauses, {HUMAN_HOURS * 3600} s or more together"
            )
        return value

    def retries(self, kind: OutgoingKind) -> tuple[float, ...]:
        """The pauses between the attempts of a row."""
        return self.human_retry_seconds if kind in PATIENT else self.reply_retry_seconds

    def worth(self) -> dict[OutgoingKind, timedelta]:
        """How long a row is worth sending; without an end where its kind is not named."""
        reply = timedelta(minutes=self.reply_minutes)
        callback = timedelta(seconds=self.callback_seconds)
        return {OutgoingKind.REPLY: reply, OutgoingKind.NOTICE: reply, OutgoingKind.CALLBACK: callback}


class Circuit(Part):
    """When sending through a number stops: after `failures` to different recipients within `window_seconds`; the first
    probe follows `probe_seconds` later, the next ones ever more seldom."""

    failures: Annotated[int, Field(ge=1, le=1000)] = 5
    window_seconds: Seconds = 60
    probe_seconds: Annotated[int, Field(ge=1, le=300)] = 15


class Media(Part):
    """What the host itself reads of `[media]`: where a tenant's files are kept, how much room they have, and for how long.
    All other keys are the plugins', which check them.

    A relative `storage_dir` lies in the gateway's data directory; "" keeps the bytes in PostgreSQL.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    storage_dir: str = ""
    quota_mb: Annotated[float, Field(gt=0, le=100_000_000)] = 2048
    ttl_days: Annotated[float, Field(gt=0, le=3650)] = 7

    @property
    def quota(self) -> int:
        """The room for files, in bytes."""
        return int(self.quota_mb * 2**20)

    @property
    def lifetime(self) -> timedelta:
        """How long a file is kept after it was last put in or used."""
        return timedelta(days=self.ttl_days)

    def as_written(self) -> dict[str, Any]:
        """The table as the tenant has it, for plugins."""
        return self.model_dump(exclude_unset=True)


class TenantConfig(Part):
    """One business. A new one is in mode "approve": a person lets each answer go; without a desk it says nothing.

    Messages written before `connected_at` (default: when the tenant was first applied) are history, not questions.
    """

    slug: Slug
    name: Annotated[str, Field(min_length=1)]
    status: Literal["active", "suspended"] = "active"
    timezone: str = "Asia/Almaty"
    languages: tuple[Language, ...] = ("ru", "kk", "en")
    mode: Mode = "approve"
    only_numbers: tuple[Number, ...] = ()
    connected_at: AwareDatetime | None = None
    webhook_secret: str = ""
    accept_webhooks_without_secret: bool = False
    plugins: tuple[PluginChoice, ...] = ()
    branches: tuple[Branch, ...] = ()
    branching: Branching = Branching()
    agents: tuple[Agent, ...] = ()
    facts: tuple[str, ...] = ()
    prompts: dict[str, str] = {}
    texts: dict[str, dict[str, str]] = {}
    timing: Timing = Timing()
    thresholds: Thresholds = Thresholds()
    limits: Limits = Limits()
    retry: Retry = Retry()
    late: Late = Late()
    dialogue: Dialogue = Dialogue()
    loop: Loop = Loop()
    csat: Csat = Csat()
    echo: Echo = Echo()
    alarms: Alarms = Alarms()
    desk: Desk = Desk()
    mute: Mute = Mute()
    media: Media = Media()
    outbox: Outbox = Outbox()
    circuit: Circuit = Circuit()

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in zone_names():
            raise ValueError(f"no such time zone. {_zone_like(value) or 'Write one like Asia/Almaty'}")
        return value

    @field_validator("languages")
    @classmethod
    def _each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("needs at least one language")
        return tuple(dict.fromkeys(value))


def quotable(name: str) -> str:
    """A name to stand in «quotation marks»: those within it become „inner“ ones."""
    return name.replace("«", "„").replace("»", "“")


def read(raw: Mapping[str, Any]) -> tuple[TenantConfig | None, list[ConfigError]]:
    """The config, if it can be read at all, and everything that is wrong with it."""
    tenant = str(raw.get("slug", ""))
    problems = [ConfigError(what, tenant=tenant, where=where) for where, what in unstorable(raw)]
    if problems:
        return None, problems
    try:
        config = TenantConfig.model_validate(raw)
    except ValidationError as error:
        return None, explain(error, TenantConfig, tenant=tenant)
    return config, [ConfigError(what, tenant=tenant, where=where, cure=cure) for where, what, cure in clashes(config)]
