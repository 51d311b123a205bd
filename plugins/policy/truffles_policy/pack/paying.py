"""Ways to pay, and those that are none, in words: whatever a business calls them, they stand where no grammar changes them."""

from __future__ import annotations

import re

from truffles_policy.lemmas import fold
from truffles_policy.pack.schema import Method, Payment
from truffles_policy.pack.wording import Wording

_INSTALMENTS = re.compile(r"рассрочк|болип толе|instal+ment")


def is_of_instalments(method: Method) -> bool:
    """Is a way to pay that in parts? People say of that that there is none, and not that it is not accepted."""
    return any(_INSTALMENTS.search(fold(each.lower())) for each in (*method.name.values(), *method.aliases))


def refuses_instalments(payment: Payment) -> bool:
    """Does a pack say that one cannot pay in parts, among the ways that are not accepted?"""
    return any(is_of_instalments(each) for each in payment.methods if not each.accepted)


def refused(method: Method, say: Wording) -> str:
    """That a way to pay is none."""
    if is_of_instalments(method):
        return say.text("fact_no_instalments")
    return say.text("fact_not_paid", method=say.words(method.name))


def accepted(payment: Payment, say: Wording) -> str:
    """The ways that there are, behind one that is none; "" if the pack names none."""
    names = ", ".join(say.words(each.name) for each in payment.methods if each.accepted)
    return say.text("fact_accepted", methods=names) if names else ""
