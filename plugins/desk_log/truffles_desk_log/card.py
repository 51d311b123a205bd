"""A handover as a card that a human can read: who, why, what was said, what is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import tzinfo

from truffles_gateway.messages import Attachment, Author, Customer, HandoverCard, Line
from truffles_gateway.plugin import Texts

CATALOGUE = {
    "ru": {
        "card_title": "Нужен человек: {{ reason }}",
        "card_customer": "Клиент: {{ name }} {{ phone }}",
        "card_branch": "Филиал: {{ branch }}",
        "card_dialogue": "Диалог:",
        "card_question": "Вопрос: {{ question }}",
        "card_service": "Услуга: {{ text }}",
        "card_when": "Когда: {{ text }}",
        "card_name": "Имя: {{ text }}",
        "card_phone": "Телефон: {{ text }}",
        "card_refused": "Не принято: {{ what }} ({{ reason }})",
        "card_attachment": "Вложение: {{ name }}",
        "card_handover": "Обращение: {{ handover }}",
        "card_nameless": "без имени",
        "card_user": "Клиент",
        "card_assistant": "Бот",
        "card_manager": "Менеджер",
        "card_system": "Система",
    },
    "kk": {
        "card_title": "Адам керек: {{ reason }}",
        "card_customer": "Клиент: {{ name }} {{ phone }}",
        "card_branch": "Филиал: {{ branch }}",
        "card_dialogue": "Әңгіме:",
        "card_question": "Сұрақ: {{ question }}",
        "card_service": "Қызмет: {{ text }}",
        "card_when": "Қашан: {{ text }}",
        "card_name": "Есімі: {{ text }}",
        "card_phone": "Телефон: {{ text }}",
        "card_refused": "Қабылданбады: {{ what }} ({{ reason }})",
        "card_attachment": "Тіркеме: {{ name }}",
        "card_handover": "Өтініш: {{ handover }}",
        "card_nameless": "аты белгісіз",
        "card_user": "Клиент",
        "card_assistant": "Бот",
        "card_manager": "Менеджер",
        "card_system": "Жүйе",
    },
    "en": {
        "card_title": "A human is needed: {{ reason }}",
        "card_customer": "Customer: {{ name }} {{ phone }}",
        "card_branch": "Branch: {{ branch }}",
        "card_dialogue": "Dialogue:",
        "card_question": "Question: {{ question }}",
        "card_service": "Service: {{ text }}",
        "card_when": "When: {{ text }}",
        "card_name": "Name: {{ text }}",
        "card_phone": "Phone: {{ text }}",
        "card_refused": "Refused: {{ what }} ({{ reason }})",
        "card_attachment": "Attachment: {{ name }}",
        "card_handover": "Handover: {{ handover }}",
        "card_nameless": "no name",
        "card_user": "Customer",
        "card_assistant": "Bot",
        "card_manager": "Manager",
        "card_system": "System",
    },
}

BOOKING = ("service", "when", "name", "phone")


class CardWriter:
    """Writes cards in one language, with times in the tenant's zone."""

    def __init__(self, texts: Texts, language: str, zone: tzinfo) -> None:
        self._texts, self._language, self._zone = texts, language, zone

    def transcripts(self, attachments: Iterable[Attachment]) -> list[str]:
        """What is said in voice notes, where that is known: the host's words for it."""
        keys = {True: "transcript_doubtful", False: "transcript"}
        return [
            self._texts.get(keys[item.doubtful], self._language, text=item.transcript)
            for item in attachments
            if item.transcript
        ]

    def write(self, card: HandoverCard) -> str:
        """The whole card; lines without content are left out."""
        return "\n".join(line for line in self._lines(card) if line)

    def _lines(self, card: HandoverCard) -> Iterator[str]:
        yield f"{'⚡ ' if card.urgent else ''}{self._say('title', reason=card.reason or card.trigger)}"
        yield self._customer(card.customer)
        branch = card.branch_name or card.branch
        yield self._say("branch", branch=branch) if branch else ""
        yield from (self._say(key, text=text) for key in BOOKING if (text := card.booking.get(key, "")))
        yield self._say("dialogue") if card.dialogue else ""
        yield from map(self._spoken, card.dialogue)
        yield self._say("question", question=card.question) if card.question else ""
        for item in card.attachments:
            yield self._say("attachment", name=_name(item))
            yield from self.transcripts((item,))
        yield from (self._say("refused", what=item.what, reason=item.reason) for item in card.refusals)
        yield self._say("handover", handover=card.handover_id)

    def _customer(self, customer: Customer) -> str:
        phone = f"+{customer.phone}" if customer.phone else customer.address
        return self._say("customer", name=customer.name or self._say("nameless"), phone=phone).strip()

    def _spoken(self, line: Line) -> str:
        time = line.at.astimezone(self._zone).strftime("%H:%M")
        return f"  {time} {self._say(Author(line.author).value)}: {line.text}"

    def _say(self, key: str, **values: object) -> str:
        return self._texts.get(f"card_{key}", self._language, **values)


def _name(item: Attachment) -> str:
    return " ".join(filter(None, [item.content.value, item.file_name, item.url]))
