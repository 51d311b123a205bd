"""What can go wrong with a model, as one exception that the host turns into a fault."""

from __future__ import annotations

from truffles_gateway.errors import TrufflesError


class LlmError(TrufflesError):
    """The model gave nothing that can be used; the text names the cause and, where there is one, the cure.

    `outage` says that the server is to blame, not this one request: such failures open the circuit. A customer can
    provoke the others (an answer that grows too long), and must not be able to silence the model for everybody.
    `billed` says that the request may have been carried out all the same, and will be paid for.
    """

    def __init__(self, cause: str, *, outage: bool = False, billed: bool = False) -> None:
        super().__init__(cause)
        self.outage, self.billed = outage, billed
