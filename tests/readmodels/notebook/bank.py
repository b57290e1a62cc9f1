"""A bank whose events say what a browser would take for markup, and whose answers a notebook shows."""

from html.parser import HTMLParser

import eventfold as ef
from eventfold.app.live import Live

SCRIPT = "<script>alert(1)</script>"
HOSTILE = [
    SCRIPT,
    "\"><img src=x onerror='alert(1)'>",
    "</td></tr></table><h1>Paid</h1>",
    "&lt;b&gt; &amp;amp;",
    "javascript:alert(1)",
    "\u202eevil\u2066\u200b\ufeff",
    "a\nb\x00\x1b[31m".replace("\x00", ""),
    "${alert(1)} {{7*7}} $\\LaTeX$",
]
TAGS = {"table", "thead", "tbody", "tr", "th", "td", "p", "b", "span"}


class Deposited(ef.Event):
    amount: int
    note: str


class Account(ef.Aggregate[Deposited]):
    balance: int = 0

    def deposit(self, amount: int, note: str) -> None:
        self.raise_event(Deposited(amount=amount, note=note))

    def apply(self, event: Deposited) -> None:
        self.balance += event.amount


class Accounts(ef.Table, category="account"):
    account = ef.key()
    paid_in = ef.sum(Deposited.amount)
    note = ef.last(Deposited.note)


class Numbers(ef.Table, category="account"):
    """A stream is parked where the note is no number."""

    account = ef.key()
    number = ef.last(ef.field(Deposited, "note"), "int64")


BANK = ef.App("bank", aggregates=[Account], tables=[Accounts, Numbers])


def fill(live: Live) -> None:
    """An account for each hostile text."""
    accounts = live.repository(Account)
    for number, note in enumerate(HOSTILE, 1):
        accounts.execute(f"account-{number}", Account.deposit, number, note)


class Page(HTMLParser):
    """What a browser makes of markup: the texts of its cells, and every tag that it would obey."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.cells: list[str] = []
        self.said = ""
        self._open: list[str] = []
        self.feed(markup)
        self.close()
        if self._open:
            self.tags.add("not closed")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self._open.append(tag)
        if tag == "td":
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.tags.add("not opened")

    def handle_data(self, data: str) -> None:
        self.said += data
        if "td" in self._open:
            self.cells[-1] += data

    def is_harmless(self) -> bool:
        """Whether it has only tables and sentences, and nothing that is run or fetched."""
        return self.tags <= TAGS and self.attributes <= {"style", "class"}
