"""Tags of facts and of branches that do not meet: a slip of the pen takes facts from the branch that they were written for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from truffles_gateway.config_problems import nearest
from truffles_gateway.tenant_config import Branch


def strays(tags: Set[str], branches: Sequence[Branch]) -> Iterator[str]:
    """Warnings for the `tags` that a tenant's knowledge has; none where it is empty, or kept elsewhere."""
    known = {each.knowledge_tag for each in branches if each.knowledge_tag}
    lost = sorted(tags - known - {""})
    for tag in lost:
        said = nearest(tag, sorted(known)) or "Write it at a branch, or name the folder after one that a branch has"
        yield f"@{tag}: no branch has this knowledge_tag. {said}"
    for branch in branches if tags else ():
        if branch.knowledge_tag and branch.knowledge_tag not in tags:
            said = nearest(branch.knowledge_tag, lost) or "Put its facts into a folder of this name"
            yield f"branch {branch.slug}: there is no fact under its knowledge_tag @{branch.knowledge_tag}. {said}"
