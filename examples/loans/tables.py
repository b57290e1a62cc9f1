"""The table of applications: one row each, with what a manager asks first."""

import eventfold as ef
from examples.loans.domain import STAGES, STEPS, Submitted


class Applications(ef.Table, category="application"):
    application = ef.key()
    amount = ef.first(ef.field(Submitted, "amount"), "decimal(12,2)")
    stage = ef.last(STAGES)
    first_event = ef.first(ef.event_type)
    last_event = ef.last(ef.event_type)
    events = ef.count()
    last_by = ef.last([ef.field(step, "resource") for step in STEPS])
    began_at = ef.min(ef.occurred_at)
    ended_at = ef.max(ef.occurred_at)


DURATIONS = """
SELECT stage, count(*) AS applications, sum(amount) AS amount,
  avg(epoch(ended_at - began_at)) / 86400 AS days
FROM applications GROUP BY stage ORDER BY applications DESC, stage
"""
