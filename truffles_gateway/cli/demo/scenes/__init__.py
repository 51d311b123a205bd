"""What is played, and what must come of it. Each scene says what it expects and fails loudly if anything else happens."""

from __future__ import annotations

from truffles_gateway.cli.demo.scenes.books import figures, ledger, trace
from truffles_gateway.cli.demo.scenes.circle import known, unknown
from truffles_gateway.cli.demo.scenes.crash import kill, resumed
from truffles_gateway.cli.demo.scenes.dialogues import burst, english, kazakh
from truffles_gateway.cli.demo.scenes.neighbour import neighbour
from truffles_gateway.cli.demo.scenes.truth import discount, photo

SCENES = (
    burst, kazakh, english, discount, photo, unknown, known, kill, neighbour, resumed, trace, ledger, figures,
)  # fmt: skip
