"""The grammar of T-SQL as a judge of what is printed: sqlfluff parses each batch, and applies its rules of meaning.

It is a grammar and no server: it takes `DECIMAL(99,98)` and a format that is none.
"""

from collections.abc import Iterable, Sequence

import msgspec

from eventfold.extras import needing
from eventfold.readmodels.synapse.script import Script

BEYOND = {
    "grant_credential": "sqlfluff 4.5 has no GRANT on a database scoped credential",
    "copy": "sqlfluff 4.5 knows storage of the public cloud only",
}
"""Forms that the grammar does not have, or not always, and why they are right all the same."""
_GIVEN = ("$(LAKE)", "https://account.dfs.core.windows.net/container")
"""A variable of sqlcmd, and what it may stand for: the server never sees the variable."""
_LOOKS = ("layout", "AL09", "CP02", "ST06", "RF05")
"""Rules about looks: white space, names that stay as they are, their case, their order, and what stands in them."""


class Verdict(msgspec.Struct, frozen=True):
    """What was found about a batch.

    Attributes:
        script: that it stands in.
        form: of the batch.
        passes: whether the grammar takes it, and no rule objects.
        reason: why it stands all the same; or what is wrong, in the words of the judge.
        beyond: whether the grammar is known not to have it.
    """

    script: str
    form: str
    passes: bool
    reason: str = ""
    beyond: bool = False

    @property
    def wrong(self) -> bool:
        """Whether it is to be mended."""
        return not (self.passes or self.beyond)


def lint(scripts: Iterable[Script]) -> Sequence[Verdict]:
    """A verdict on every batch.

    Raises:
        ExtraMissing: sqlfluff is not installed.
    """
    with needing("Looking at the grammar of T-SQL", "synapse"):
        from sqlfluff.core import FluffConfig, Linter
    rules = FluffConfig(overrides={"dialect": "tsql", "exclude_rules": ",".join(_LOOKS)})
    linter = Linter(config=rules)
    found = []
    for script in scripts:
        for one in script.batches:
            faults = linter.lint_string(one.sql.replace(*_GIVEN) + "\n").get_violations()
            told = "; ".join(f"{fault.rule_code()}: {fault.desc()}" for fault in faults)
            beyond = BEYOND.get(one.form, "") if faults else ""
            found.append(Verdict(script.name, one.form, not faults, beyond or told, bool(beyond)))
    return found
