"""What the engines that speak SQL have in common: a layout becomes the fold of a chunk of events.

`dialect.py` says what an engine must know to say it in its own words; `values.py` compiles where the values of a column
come from, `fold.py` what is kept of them. Everything named in the SQL comes from the table definition: no stored value
ever becomes a part of it.
"""
