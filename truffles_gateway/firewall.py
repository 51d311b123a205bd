"""The claim firewall: what a model's draft claims and neither the passages nor the tenant's facts hold.

Pure. A draft that is not sent is cheaper than an invented price, so doubt counts against the draft: a number that it only
asks about, denies or repeats from the customer is a claim like any other.

What it cannot see: a price that stands in a passage for another service, save where one clause names a thing in full
(`claim_prices.py`); small numbers without a unit ("всё за 50"); claims without a number, save the families of words in
`claims.toml`; which branch or which day a true number belongs to; an address without a street's capital letter or a word such
as "адрес" ("рядом, абая 10"); of the evidence it takes every number for the house of the words before it, and a bare number
that nothing counts or names for a price.
"""

from __future__ import annotations

from collections.abc import Sequence

from truffles_gateway.claim_prices import Bound, bound
from truffles_gateway.claims import Claim, claims, proofs, proved
from truffles_gateway.messages import Passage

BRIEF = 160
SAID_BY_CUSTOMER = " (only the customer said so)"


def objections(text: str, passages: Sequence[Passage], facts: Sequence[str], question: str) -> list[str]:
    """One short line, "kind: claim", for everything that `text` claims without evidence; empty if it may be sent.

    What the customer wrote in `question` is no evidence: an objection only says that it came from there.
    """
    said = claims(text)
    if not said:
        return []
    # of a question with its answer, the answer alone: the question was a customer's
    parts = [(passage.title, passage.answer or passage.text) for passage in passages]
    prices = bound(text, (*parts, *(("", fact) for fact in facts))) if _priced(said) else Bound()
    held = proved((*(part for pair in parts for part in pair), *facts)) | prices.sums
    bare = [claim for claim in said if held.isdisjoint(claim.keys)]
    asked = proofs(question) if bare else frozenset()
    lines = (f"{claim.kind}: {claim.shown}{'' if asked.isdisjoint(claim.keys) else SAID_BY_CUSTOMER}" for claim in bare)
    return list(dict.fromkeys((*lines, *prices.objections)))


def _priced(said: Sequence[Claim]) -> bool:
    return any(claim.kind == "price" for claim in said)


def warm_up() -> None:
    """Compile the patterns and read the words, which takes a quarter of a second: before a customer waits for it."""
    objections("свободно завтра в 15:00, 5 000 ₸", (), (), "")


def struck(text: str, objected: Sequence[str]) -> str:
    """A draft that was not sent, in one line for the trace: what was objected to, and how it began."""
    line = " ".join(text.split())
    line = line if len(line) <= BRIEF else line[: BRIEF - 1] + "…"
    return f"✗ {'; '.join(objected)} ✗ {line}" if objected else line
