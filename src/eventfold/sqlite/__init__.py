"""The kit that the SQLite adapters share: connections, errors, SQL files, columns. No table is known here.

Only apsw is used. A second SQLite library in the same process (the standard library's module, ADBC) would drop the
POSIX locks of the first when it closes a file, and two writers could then tear the log.
"""
