"""What lies behind a verdict's route, one module each: `async def go(case) -> Decision`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from truffles_gateway.decision import Case, Decision
from truffles_gateway.messages import Route
from truffles_gateway.routes import book, facts, human, mute, picture, smalltalk

ROUTES: Mapping[Route, Callable[[Case], Awaitable[Decision]]] = {
    Route.ANSWER: facts.go,
    Route.UNSURE: facts.go,
    Route.HUMAN: human.go,
    Route.FRUSTRATED: human.go,
    Route.OPT_OUT: mute.go,
    Route.DECLINE: smalltalk.decline,
    Route.GREETING: smalltalk.greeting,
    Route.THANKS: smalltalk.thanks,
    Route.IDENTITY: smalltalk.identity,
    Route.OFF_TOPIC: smalltalk.off_topic,
    Route.BOOK: book.go,
    Route.PICTURE: picture.go,
}
