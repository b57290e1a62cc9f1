"""Programs of users, written to files and imported, as a deployment changes them."""

import importlib.util
from itertools import count
from pathlib import Path
from types import ModuleType

_numbers = count(1)

BILLS = '''
from decimal import Decimal
from functools import singledispatchmethod
from typing import ClassVar

import eventfold as ef


def rounded(amount):
    return round(amount, 2)


class Paid(ef.Event, version=2):
    amount: Decimal
    currency: str = "EUR"

    @property
    def net(self):
        return self.amount


class Struck(ef.Event):
    amount: Decimal = Decimal(1)


@ef.upcast(Paid, 1)
def amounts_were_cents(data):
    """Before 2024."""
    return {"amount": str(Decimal(data["cents"]) / 100)}


class Factors:
    FACTOR: ClassVar[int] = 1
    UNUSED = 1

    def _cut(self, amount):
        return amount * self.FACTOR


class Bill(ef.Aggregate[Paid | Struck], Factors, category="bill", snapshot_every=10):
    """What is paid."""

    total: Decimal = Decimal(0)
    lines: int = 0
    SIGNS = {"plus": 1, "minus": -1}

    def pay(self, amount: Decimal) -> None:
        if amount <= 0:
            raise ef.InvalidOperation("nothing is paid")
        self.raise_event(Paid(amount=amount))

    @singledispatchmethod
    def _on(self, event):
        raise TypeError

    @_on.register
    def _(self, event: Paid):
        self.total += self._cut(event.net) * self._sign

    @_on.register
    def _(self, event: Struck):
        self.total -= event.amount

    @property
    def _sign(self):
        return self.SIGNS["plus"]

    def _cut(self, amount):
        return rounded(super()._cut(amount))

    def apply(self, event: Paid | Struck) -> None:
        """Adds."""
        self._on(event)
        self.lines += 1  # each is a line


app = ef.App("bills", aggregates=[Bill])
'''


def imported(folder: Path, text: str = BILLS, *changes: tuple[str, str]) -> ModuleType:
    """The module of a text in which some words were changed."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    path = folder / f"program_{next(_numbers)}.py"
    path.write_text(text, "utf-8")
    return of_file(path)


def of_file(path: Path) -> ModuleType:
    """A module by its file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
