"""What the desk shows of a handover and of a learned answer, as Telegram HTML. All text of users is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo

from truffles_gateway.messages import Attachment, Author, Customer, HandoverCard, Line, Trigger
from truffles_gateway.plugin import Talk, Texts
from truffles_telegram.markup import MESSAGE, TOPIC_NAME, cut, escape, one_line, units, visible

ROOM = MESSAGE - 256  # the desk may put its mark before it, or that it is shown again, and who has taken it
_NAME, _SHORT, _SPOKEN, _QUESTION, _DRAFT = 100, 200, 300, 900, 2500
_MOST_LISTED = 10
BUTTONS = {"pending": ("take", "return", "skip"), "active": ("resolve", "return")}
BOOKING_BUTTONS = ("confirm", "another_time", "no_slots")
BOOKING = ("service", "when", "name", "phone")
LEARNED_BUTTONS = {"pending": ("approve", "amend", "reject"), "approved": ("undo",)}
DRAFT_BUTTONS = {"waiting": ("send", "edit", "own"), "editing": ("send", "own")}

Keyboard = dict[str, list[list[dict[str, str]]]]


class CardWriter:
    """Writes in one language, with times in the tenant's zone."""

    def __init__(self, texts: Texts, language: str, zone: tzinfo) -> None:
        self._texts, self._language, self._zone = texts, language, zone

    def say(self, key: str, **values: object) -> str:
        """A line of the catalogue, as plain text."""
        return self._texts.get(f"telegram_{key}", self._language, **values)

    def transcript(self, item: Attachment) -> str:
        """What is said in a voice note, "" where nobody knows: the host's words for it."""
        key = "transcript_doubtful" if item.doubtful else "transcript"
        return self._texts.get(key, self._language, text=item.transcript) if item.transcript else ""

    def handover(self, card: HandoverCard) -> str:
        """The whole card; where it is too long the oldest lines of the dialogue go first."""
        head, tail = [*self._head(card)], [*self._tail(card)]
        room = ROOM - sum(map(_size, head)) - sum(map(_size, tail))
        return "\n".join([*head, *self._dialogue(card.dialogue, room), *tail])

    def again(self, talk: Talk, card: str, why: str) -> str:
        """The card of an open handover whose first one was deleted with its topic (`why` is "again"), or hangs in a former
        group ("moved"); `card` is what that one said, "" where a manager opened the handover."""
        taken = [escape(self.say("card_taken", name=cut(talk.assigned_to, _NAME)))] if talk.assigned_to else []
        return "\n".join([_bold(self.say(f"card_{why}")), *taken, card or self._customer(talk.customer)])

    def learned(self, data: Mapping[str, str]) -> str:
        """A learned answer with what its buttons ask."""
        lines = [
            _bold(self.say(f"learned_{data.get('status', 'pending')}")),
            f"{_bold(self.say('learned_question'))}: {escape(cut(one_line(data.get('question', '')), _QUESTION))}",
            f"{_bold(self.say('learned_answer'))}: {escape(cut(data.get('answer', '').strip(), 2000))}",
        ]
        note = cut(one_line(data.get("note", "")), _SHORT * 2)
        return "\n".join([*lines, *([f"ℹ️ <i>{escape(note)}</i>"] if note else []), *self._preview(data)])

    def _preview(self, data: Mapping[str, str]) -> Iterator[str]:
        """What approving would change, where that is known."""
        if data.get("status") != "pending":
            return
        if asked := data.get("asked", ""):
            yield f"📊 {escape(self.say('learned_caught', caught=data.get('caught', '0'), asked=asked))}"
        if otherwise := cut(one_line(data.get("otherwise", "")), _SHORT):
            yield f"⚠️ {escape(self.say('learned_otherwise', text=otherwise))}"

    def draft(self, data: Mapping[str, str]) -> str:
        """What the bot would say, with what became of it. A long one stands in a message of its own above: no word of it may
        be missing where somebody lets it go."""
        words = data.get("draft", "")
        lines = [f"📝 {_bold(self.say('draft_title'))}"]
        if question := cut(data.get("question", "").strip(), _QUESTION):
            lines.append(f"❓ {_bold(self.say('draft_question'))}: {escape(question)}")
        shown = f"<i>{escape(self.say('draft_above'))}</i>" if self.draft_above(data) else f"\n{escape(words)}"
        lines.append(f"\n💬 {_bold(self.say('draft_answer'))}: {shown}")
        note = cut(one_line(data.get("note", "")), _SHORT)
        return "\n".join([*lines, f"\n<i>{escape(note)}</i>"] if note else lines)

    def draft_above(self, data: Mapping[str, str]) -> str:
        """The words of a draft that are too long for its card."""
        words = data.get("draft", "")
        return words if units(words) > _DRAFT else ""

    def topic(self, customer: Customer) -> str:
        """The name of a customer's topic; never empty, because an address is there."""
        address = reach(customer)
        name = cut(one_line(customer.name), TOPIC_NAME - units(address) - 3)
        return " · ".join(filter(None, [name, address])) or self.say("nameless")

    def buttons(self, status: str, handover_id: str, *, booking: bool = False) -> Keyboard:
        """The buttons of a handover, those of a booking above them; none once it is closed."""
        usual = BUTTONS.get(status, ())
        if not booking or not usual:
            return self._keyboard(usual, handover_id)
        rows = (*self._rows(BOOKING_BUTTONS, handover_id), self._row(usual, handover_id))
        return {"inline_keyboard": list(rows)}

    def answer_buttons(self, actions: str, target: str) -> Keyboard:
        """The buttons below the answer to a command."""
        return self._keyboard(actions.split(), target)

    def learned_buttons(self, status: str, learned_id: str) -> Keyboard:
        """The buttons of a learned answer."""
        return self._keyboard(LEARNED_BUTTONS.get(status, ()), learned_id)

    def draft_buttons(self, status: str, draft_id: str) -> Keyboard:
        """The buttons of a draft; none once it is decided."""
        return self._keyboard(DRAFT_BUTTONS.get(status, ()), draft_id)

    def _keyboard(self, actions: Sequence[str], target: str) -> Keyboard:
        return {"inline_keyboard": self._rows(actions, target)}

    def _rows(self, actions: Sequence[str], target: str) -> list[list[dict[str, str]]]:
        row = self._row(actions, target)
        return [row[:1], row[1:]] if len(row) > 2 else [row] if row else []

    def _row(self, actions: Sequence[str], target: str) -> list[dict[str, str]]:
        return [{"text": self.say(action), "callback_data": f"{action}_{target}"} for action in actions]

    def _head(self, card: HandoverCard) -> Iterator[str]:
        yield f"{'⚡' if card.urgent else '🙋'} {_bold(self.say('card_title', reason=cut(one_line(card.reason or card.trigger), _SHORT)))}"
        yield self._customer(card.customer)
        if branch := card.branch_name or card.branch:
            yield escape(self.say("card_branch", branch=cut(one_line(branch), _NAME)))
        yield from self._booking(card)

    def _booking(self, card: HandoverCard) -> Iterator[str]:
        """What is known of a wish for a time, a line each."""
        for key in BOOKING:
            if value := cut(one_line(card.booking.get(key, "")), _SHORT):
                yield f"{'🗓' if key == 'when' else '▫️'} {escape(self.say(f'card_{key}'))}: {_bold(value)}"

    def _customer(self, customer: Customer) -> str:
        name = cut(one_line(customer.name), _NAME) or self.say("nameless")
        return f"👤 {_bold(name)} · <code>{escape(reach(customer))}</code>"

    def _dialogue(self, dialogue: Sequence[Line], room: int) -> list[str]:
        """The newest lines that fit."""
        title = f"\n{_bold(self.say('card_dialogue'))}"
        room -= _size(title)
        kept: list[str] = []
        for line in reversed(dialogue):
            spoken = self._spoken(line)
            room -= _size(spoken)
            if room < 0:
                break
            kept.insert(0, spoken)
        return [title, *kept] if kept else []

    def _spoken(self, line: Line) -> str:
        time = line.at.astimezone(self._zone).strftime("%H:%M")
        words = cut(one_line(line.text), _SPOKEN)
        return f"{time} <i>{escape(self.say(Author(line.author).value))}:</i> {escape(words)}"

    def _tail(self, card: HandoverCard) -> Iterator[str]:
        if card.question.strip() and card.trigger is not Trigger.BOOKING:
            yield f"\n❓ {_bold(self.say('card_question'))}: {escape(cut(card.question.strip(), _QUESTION))}"
        for item in card.attachments[:_MOST_LISTED]:
            yield f"📎 {escape(self.say('card_attachment', name=name_of(item)))}"
        for refusal in card.refusals[:_MOST_LISTED]:
            what, why = (cut(one_line(each), _NAME) for each in (refusal.what, refusal.reason))
            yield f"🚫 {escape(self.say('card_refused', what=what, reason=why))}"


def reach(customer: Customer) -> str:
    """How a human would reach the customer: the phone, else the channel's address."""
    return f"+{customer.phone}" if customer.phone else cut(one_line(customer.address), 60)


def name_of(item: Attachment) -> str:
    """A medium in words."""
    return cut(one_line(" ".join(filter(None, [item.content.value, item.file_name]))), _NAME)


def _bold(text: str) -> str:
    return f"<b>{escape(text)}</b>"


def _size(markup: str) -> int:
    return units(visible(markup)) + 1
