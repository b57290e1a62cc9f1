"""The schema gate: what an app stores, kept in a file under version control, and what a change does to it.

`shapes` describes what a type is stored as, `widening` compares two descriptions, `samples` makes data of every form,
`recorded` is the file, `gate` judges a program by it. Nothing here knows of logs, aggregates or commands.
"""
