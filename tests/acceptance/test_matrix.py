"""What each kind of message comes to in each state: the matrix of states and intents, cell by cell. Verdicts are scripted,
so that nothing but the host decides."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from truffles_gateway.messages import Draft, Inbound, Route, State, Verdict
from truffles_gateway.texts import Catalogue

VERDICTS = {
    "human": Verdict(route=Route.HUMAN, intent="human_request"),
    "frustrated": Verdict(route=Route.FRUSTRATED, intent="frustrated"),
    "opt-out": Verdict(route=Route.OPT_OUT, intent="opt_out"),
    "opt-out and business": Verdict(route=Route.OPT_OUT, intent="opt_out", business=True),
    "booking": Verdict(route=Route.BOOK, intent="booking", asks=("service", "when", "name")),
    "question": Verdict(route=Route.ANSWER, intent="question"),
    "unclear": Verdict(route=Route.UNSURE),
    "unknown": Verdict(route=Route.ANSWER, intent="question"),
    "greeting": Verdict(route=Route.GREETING, intent="greeting"),
    "off-topic": Verdict(route=Route.OFF_TOPIC, intent="off_topic"),
}
FACT = "Улица Вымышленная, 12"
OPEN, TAKEN, CANCELLED = ("pending", None), ("active", None), ("resolved", "cancelled")


@dataclass(frozen=True)
class Cell:
    """What the customer reads (a key of the catalogue, or the words; "" for nothing), how the message ended, and what
    state and handovers it left."""

    said: str
    outcome: str
    state: str
    handovers: tuple[tuple[str, str | None], ...] = ()


def bot(said: str, outcome: str = "answered", state: str = "bot_active", *handovers: tuple[str, str | None]) -> Cell:
    return Cell(said, outcome, state, handovers)


def pending(said: str, outcome: str = "answered") -> Cell:
    return Cell(said, outcome, "pending", (OPEN,))


READ_ALONG = Cell("", "forwarded", "manager_active", (TAKEN,))
MATRIX: dict[State, dict[str, Cell]] = {
    State.BOT_ACTIVE: {
        "human": bot("human_called", "escalated", "pending", OPEN),
        "frustrated": bot("frustrated_sorry", "escalated", "pending", OPEN),
        "opt-out": bot("muted"),
        "opt-out and business": bot("mute_or_question"),
        "booking": bot("book_ask_service"),
        "question": bot(FACT),
        "unclear": bot("clarify"),
        "unknown": bot("human_called", "escalated", "pending", OPEN),
        "greeting": bot("greeting"),
        "off-topic": bot("off_topic"),
    },
    State.PENDING: {
        "human": pending("human_confirm_pending", "forwarded"),
        "frustrated": pending("human_confirm_pending", "forwarded"),
        "opt-out": bot("muted", "answered", "bot_active", CANCELLED),
        "opt-out and business": pending("mute_or_question"),
        "booking": pending("book_ask_service"),
        "question": pending(FACT),
        "unclear": pending("human_already_called", "forwarded"),
        "unknown": pending("human_already_called", "forwarded"),
        "greeting": pending("greeting_again"),
        "off-topic": pending("off_topic"),
    },
    State.MANAGER_ACTIVE: dict.fromkeys(VERDICTS, READ_ALONG)
    | {"opt-out": Cell("", "forwarded", "bot_active", (CANCELLED,))},
}


def _words(message: Inbound) -> str:
    """The intent that a message is to have: what stands before the colon."""
    return message.text.partition(":")[0]


def classify(message: Inbound) -> Verdict:
    return VERDICTS[_words(message)]


def answer(message: Inbound) -> Draft | None:
    return Draft(text=FACT, verbatim=True) if _words(message) == "question" else None


def customer(number: int) -> str:
    return f"770000002{number:02}@s.whatsapp.net"


def test_the_matrix_is_whole() -> None:
    assert {state: set(cells) for state, cells in MATRIX.items()} == {state: set(VERDICTS) for state in State}


@pytest.mark.parametrize("state", list(State))
async def test_every_cell(salon_of, stub, state: State) -> None:
    salon = await salon_of(brain=(), extra=[stub.plugin("scripted", classify=classify, answer=answer)])
    texts, met = Catalogue(), []
    for number, (intent, cell) in enumerate(MATRIX[state].items()):
        jid = customer(number)
        if state is not State.BOT_ACTIVE:
            await salon.ask(jid, "human: Позовите менеджера")
        if state is State.MANAGER_ACTIVE:
            await salon.press("take", await salon.handover(jid))
        words = f"{intent}: слова клиента {number}"
        said = await salon.ask(jid, words)
        left, handovers = await salon.state(jid)
        known = said == cell.said or (cell.said and said == texts.get(cell.said, "ru", business="Salon"))
        met.append((intent, known or said, (await salon.outcomes())[-1][0], left, tuple(handovers)))
        assert (words in await salon.desk("forward")) == (state is not State.BOT_ACTIVE), intent
    cells = MATRIX[state].items()
    assert met == [(intent, True, cell.outcome, cell.state, cell.handovers) for intent, cell in cells]
    assert (await salon.rig.ledger())["balanced"]
