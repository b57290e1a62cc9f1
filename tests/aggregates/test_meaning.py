"""A snapshot is of the rules that made it: what they consist of, and what is no part of them."""

import logging
from pathlib import Path
from typing import Any

import pytest

import eventfold as ef
from tests.aggregates.written import BILLS, imported

SHARED = """
def shared(self, event):
    self.total += 1

class Bill("""


def fingerprint(module: Any) -> str:
    found = module.Bill.definition.fingerprint
    assert isinstance(found, str)
    assert found
    return found


@pytest.mark.parametrize(
    "change",
    [
        ("self.lines += 1", "self.lines += 2"),
        ("self._on(event)\n        self.lines += 1", "self.lines += 1\n        self._on(event)"),
        ("self._cut(event.net) *", "self._cut(event.amount) *"),
        ("self.total -= event.amount", "self.total += event.amount"),
        ('self.SIGNS["plus"]', 'self.SIGNS["minus"]'),
        ('"plus": 1', '"plus": 2'),
        ("rounded(super()._cut(amount))", "super()._cut(amount)"),
        ("return amount * self.FACTOR", "return amount + self.FACTOR"),
        ("FACTOR: ClassVar[int] = 1", "FACTOR: ClassVar[int] = 2"),
        ("UNUSED = 1", "UNUSED = 2"),
        ("/ 100)", "/ 1000)"),
        ('"amount": str(', '"currency": "CHF", "amount": str('),
        ("return self.amount", "return self.amount / 2"),
        ('currency: str = "EUR"', 'currency: str = "CHF"'),
        ("amount: Decimal = Decimal(1)", "amount: Decimal = Decimal(2)"),
        ("lines: int = 0", "lines: int = 1"),
        ("snapshot_every=10", "snapshot_every=10, snapshot_version=2"),
        (
            "    def apply(self",
            "    def __setattr__(self, name, value):\n        pass\n\n    def apply(self",
        ),
        ("    @property\n    def _sign", "    @ef.doubled\n    @property\n    def _sign"),
    ],
    ids=lambda change: change[1][:40],
)
def test_what_gives_events_another_meaning_makes_another_fingerprint(
    tmp_path: Path, change: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ef, "doubled", lambda value: value, raising=False)
    assert fingerprint(imported(tmp_path)) != fingerprint(imported(tmp_path, BILLS, change))


@pytest.mark.parametrize(
    "change",
    [
        ("  # each is a line", ""),
        ('        """Adds."""\n', ""),
        ('    """What is paid."""\n', ""),
        ('    """Before 2024."""\n', '    """Until 2023."""\n'),
        ("self.lines += 1", "self.lines += (1)"),
        ("self.lines += 1", "self.lines += \\\n            0x1"),
        ('self.SIGNS["plus"]', "self.SIGNS['plus']"),
        ("nothing is paid", "Nothing is paid."),
        ("if amount <= 0", "if not amount > 0"),
        ("UNUSED = 1", 'UNUSED = 1\n    "Of no use."'),
        ("lines: int = 0", "lines: int = int(0)"),
        ("    def pay(self", "    pass\n\n    def pay(self"),
        ("\n\nclass Bill", "\n\n# a line above\n\n\nclass Bill"),
        ("round(amount, 2)", "round(amount, 3)"),  # beyond the class: the guide says so
        ("snapshot_every=10", "snapshot_every=20"),
    ],
    ids=lambda change: change[1][:40],
)
def test_what_does_not_keeps_it(tmp_path: Path, change: tuple[str, str]) -> None:
    assert fingerprint(imported(tmp_path)) == fingerprint(imported(tmp_path, BILLS, change))


def apply_is(body: str, before: str = "") -> tuple[tuple[str, str], ...]:
    begin = BILLS.index("    def apply(self")
    end = BILLS.index("\n\n\napp = ")
    return ((BILLS[begin:end], f"{before}    def apply(self, event):\n        {body}"),)


@pytest.mark.parametrize(
    "way",
    [
        apply_is('getattr(self, "_sig" + "n")'),
        apply_is("rounded(self)"),
        apply_is('self.__getattribute__("_si" + "gn")'),
        apply_is('self.__class__.__dict__["_si" + "gn"]'),
        apply_is('vars(__class__)["_si" + "gn"]'),
        apply_is("self.__dict__; vars(type(self))"),
        apply_is("me = self; vars(me)"),
        apply_is("Bill._sign.fget(self)"),
        apply_is("type(self)._sign"),
        apply_is("(lambda: self._sign)()"),
        apply_is("self.HOW[0](self)", before="    HOW = [lambda x: x._sign]\n"),
        apply_is("self._same", before="    _same = _sign\n"),
    ],
)
def test_whatever_way_apply_goes_through_self_what_it_reaches_counts(
    tmp_path: Path, way: tuple[tuple[str, str], ...]
) -> None:
    one = fingerprint(imported(tmp_path, BILLS, *way))
    assert one != fingerprint(imported(tmp_path, BILLS, *way, ('return self.SIGNS["plus"]', "return 2")))
    assert one != fingerprint(imported(tmp_path, BILLS, *way, ('"plus": 1', '"plus": 2')))


@pytest.mark.parametrize(
    "statement",
    [
        "FEES = {}; FEES['Paid'] = 1",
        "FEES = []; FEES.append(1)",
        "FEES = {'Paid': 0}\n    for one in FEES: FEES[one] = 1",
        "FEES = {1: 0, 2: 0}\n    del FEES[1]",
        "SIGNS['plus'] += 1",
        "locals().update(FEE=1)",
        "exec('FEE = 1')",
        "from math import log1p as fee",
        "if True:\n        def fee(self): return 1",
        "if True:\n        def fee(self): return vars(self)\n    def _other(self): return 1",
        "total: Decimal = Decimal(FEE := 1)",
    ],
)
def test_every_statement_of_the_class_body_counts_whoever_reads_it(tmp_path: Path, statement: str) -> None:
    def with_a(number: str) -> str:
        more = ("    def pay(self", f"    {statement.replace('1', number)}\n\n    def pay(self")
        if number == "2" and "log1p" in statement:
            more = (more[0], more[1].replace("log2p", "exp"))
        return fingerprint(imported(tmp_path, BILLS, more))

    assert with_a("1") == with_a("1")
    assert with_a("1") != with_a("2")


TAKES = (
    "class Factors:",
    "class Factors:\n    def __init_subclass__(cls, rate=0, **_):\n        cls.rate = rate\n",
)


@pytest.mark.parametrize("keyword", ["rate=1", "**{'rate': 1}"])
def test_what_the_class_line_gives_to_a_base_counts(tmp_path: Path, keyword: str) -> None:
    def with_a(number: str) -> str:
        line = ("Factors, category=", f"Factors, {keyword.replace('1', number)}, category=")
        return fingerprint(imported(tmp_path, BILLS, TAKES, line))

    assert with_a("1") == with_a("1")
    assert with_a("1") != with_a("2")


def test_a_function_that_the_class_was_given_counts(tmp_path: Path) -> None:
    ((old, _),) = apply_is("")
    given = (("\nclass Bill(", SHARED), (old, "    apply = shared"))
    one = fingerprint(imported(tmp_path, BILLS, *given))
    assert one != fingerprint(imported(tmp_path, BILLS, *given, ("self.total += 1", "self.total += 2")))


def test_code_under_a_decorator_that_hides_it_counts(tmp_path: Path) -> None:
    hidden = (
        (
            "\nclass Bill(",
            "\ndef hidden(method):\n    return lambda self, event: method(self, event)\n\n\nclass Bill(",
        ),
        ("    def apply(self", "    @hidden\n    def apply(self"),
        ("    def pay(self", "    @hidden\n    def pay(self"),
    )
    one = fingerprint(imported(tmp_path, BILLS, *hidden))
    assert one != fingerprint(imported(tmp_path, BILLS, *hidden, ("self.lines += 1", "self.lines += 2")))
    assert one == fingerprint(imported(tmp_path, BILLS, *hidden, ("nothing is paid", "No.")))


def test_a_class_that_builds_on_another_aggregate_counts_its_rules_too(tmp_path: Path) -> None:
    def built(*changes: tuple[str, str]) -> str:
        more = ("app = ", "class Long(Bill, category='long'):\n    pass\n\n\napp = ")
        found = imported(tmp_path, BILLS, more, *changes).Long.definition.fingerprint
        assert isinstance(found, str)
        return found

    assert built() != built(("self.lines += 1", "self.lines += 2"))


OPEN = """
from typing import TypeVar

import eventfold as ef


class Paid(ef.Event):
    amount: int


E = TypeVar("E", bound=ef.Event)


class Counted(ef.Aggregate[E]):
    total: int = 0

    def apply(self, event):
        self.total += self._worth(event)

    def _worth(self, event):
        return 1


class Bill(Counted[Paid]):
    def _worth(self, event):
        return super()._worth(event) + event.amount
"""


@pytest.mark.parametrize("change", [("return 1", "return 2"), ("+ event.amount", "- event.amount")])
def test_a_base_that_is_open_in_its_events_counts(tmp_path: Path, change: tuple[str, str]) -> None:
    assert fingerprint(imported(tmp_path, OPEN)) != fingerprint(imported(tmp_path, OPEN, change))


def test_a_static_helper_does_not_bring_the_whole_class_in(tmp_path: Path) -> None:
    way = apply_is(
        "self._half(1)", before="    @staticmethod\n    def _half(x):\n        return rounded(x)\n\n"
    )
    one = fingerprint(imported(tmp_path, BILLS, *way))
    assert one == fingerprint(imported(tmp_path, BILLS, *way, ("nothing is paid", "No.")))
    assert one != fingerprint(imported(tmp_path, BILLS, *way, ("return rounded(x)", "return x")))


MADE = """
def renamed(old, new):
    def rename(data):
        return {new: data[old]}

    return rename


def moved(data, old, new):
    return {new: data[old]}


"""


@pytest.mark.parametrize(
    "made",
    ['renamed("cents", "amount")', 'partial(moved, old="cents", new="amount")'],
    ids=["made", "partial"],
)
@pytest.mark.parametrize("change", [('"cents", ', '"cent", '), ("{new: data[old]}", "{new: str(data[old])}")])
def test_an_upcaster_that_was_made_counts_with_what_it_was_made_of(
    tmp_path: Path, made: str, change: tuple[str, str]
) -> None:
    begin, end = BILLS.index("@ef.upcast"), BILLS.index("\n\nclass Factors")
    way = (BILLS[begin:end], f"from functools import partial\n{MADE}ef.upcast(Paid, 1)({made})\n")
    if made.startswith("partial"):
        change = (change[0].replace('"cents", ', 'old="cents"'), change[1].replace('"cent", ', 'old="cent"'))
    assert fingerprint(imported(tmp_path, BILLS, way)) == fingerprint(imported(tmp_path, BILLS, way))
    assert fingerprint(imported(tmp_path, BILLS, way)) != fingerprint(imported(tmp_path, BILLS, way, change))


def test_an_upcaster_that_cannot_be_read_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    begin, end = BILLS.index("@ef.upcast"), BILLS.index("\n\nclass Factors")
    callable_ = (
        "class Cents:\n    def __call__(self, data):\n        return data\n\n\nef.upcast(Paid, 1)(Cents())\n"
    )
    with caplog.at_level(logging.WARNING, "eventfold.snapshots"):
        assert fingerprint(imported(tmp_path, BILLS, (BILLS[begin:end], callable_)))
    assert "the source of the upcaster of Paid version 1 cannot be read" in caplog.text


def test_the_order_in_which_events_are_joined_does_not_count(tmp_path: Path) -> None:
    other = ("ef.Aggregate[Paid | Struck]", "ef.Aggregate[Struck | Paid]")
    assert fingerprint(imported(tmp_path)) == fingerprint(imported(tmp_path, BILLS, other))


def test_lambdas_that_upcast_count(tmp_path: Path) -> None:
    begin, end = BILLS.index("@ef.upcast"), BILLS.index("\n\nclass Factors")
    way = (BILLS[begin:end], 'ef.upcast(Paid, 1)(lambda data: {"amount": data["cents"]})\n')
    one = fingerprint(imported(tmp_path, BILLS, way))
    assert one != fingerprint(imported(tmp_path, BILLS, way, ('data["cents"]', "str(1)")))


def test_a_class_whose_name_was_used_before_is_the_one_that_runs(tmp_path: Path) -> None:
    other = BILLS[BILLS.index("class Bill(") : BILLS.index("app = ")]
    twice = ("app = ", f"{other.replace('+= 1', '+= 5')}\napp = ")
    assert fingerprint(imported(tmp_path, BILLS, twice)) == fingerprint(
        imported(tmp_path, BILLS, ("self.lines += 1", "self.lines += 5"))
    )


def test_a_file_that_is_replaced_while_its_program_runs_counts_as_it_was(tmp_path: Path) -> None:
    wanted = fingerprint(imported(tmp_path))
    running = imported(tmp_path)
    path = Path(running.__file__ or "")
    path.write_text(BILLS.replace("self.lines += 1", "self.lines += 7"), "utf-8")
    assert fingerprint(running) == wanted


def test_without_source_the_version_alone_decides_and_it_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def made(old: str = "self.lines += 1", new: str = "self.lines += 1") -> Any:
        names: dict[str, Any] = {"__name__": "nowhere"}
        exec(BILLS.replace(old, new), names)  # what a prompt does
        return names["Bill"]

    with caplog.at_level(logging.WARNING, "eventfold.snapshots"):
        one = made()
        assert one.definition.fingerprint == one.definition.fingerprint
    (told,) = [record.getMessage() for record in caplog.records]
    assert told == (
        "the source of Bill, Factors, the upcaster of Paid version 1 cannot be read: snapshots of Bill outlive a change"
        " to it unless its snapshot_version goes up"
    )
    assert made(new="self.lines += 2").definition.fingerprint == one.definition.fingerprint
    raised = made("snapshot_every=10", "snapshot_every=10, snapshot_version=2")
    assert raised.definition.fingerprint != one.definition.fingerprint


def test_nothing_is_read_or_parsed_for_a_class_without_snapshots(tmp_path: Path) -> None:
    module = imported(tmp_path, BILLS, ("snapshot_every=10", "snapshot_every=None"))
    assert module.Bill.definition.meaning is None
    assert module.Bill.definition.fingerprint == ""
