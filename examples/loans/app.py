"""The bank: what the command line and the tests open."""

import eventfold as ef
from examples.loans.domain import STEPS
from examples.loans.tables import Applications

bank = ef.App("bank", tables=[Applications], events=STEPS)
