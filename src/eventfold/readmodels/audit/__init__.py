"""Auditing: whether log, ledger, state and published rows still say the same, while everybody works on.

`report.py` holds what is found; `reading.py` reads a log that may be damaged; `logs.py` looks at the log itself;
`tallies.py` compares what was counted with what stands in the log; `rows.py` compares rows with a fold from zero.
"""
