#!/usr/bin/env bash
# sqlglot 30.30.0 reads CAST(1 AS BIT) of T-SQL, where a BIT is a truth value, and writes it for DuckDB as it is, where a BIT
# is a string of bits. A comparison of a BOOLEAN with it is an answer in DuckDB, and a false one: the question finds no row,
# without a word. A quotient of whole numbers, cut in T-SQL, is written as one that is not. unsupported_level=RAISE raises
# for neither. A view that is read back to see what it means has to be mended on the way.
#
# Seen:
#   sqlglot 30.30.0 duckdb 2.0.0
#   as described: WHERE paid = CAST(1 AS BIT) is written as WHERE paid = CAST(1 AS BIT)
#   as described: of one row that is paid it finds 0
#   as described: control: with BOOLEAN in its place it finds 1
#   as described: 1/2, which is 0 in T-SQL, is written as 1 / 2, which is 0.5 in DuckDB
#
# Exit code 0: the behaviour is as described. Anything else: it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check sqlglot==30.30.0 duckdb==2.0.0
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import duckdb
import sqlglot

print("sqlglot", sqlglot.__version__, "duckdb", duckdb.__version__)
changed = []


def check(what, right):
    print("as described:" if right else "CHANGED:", what)
    if not right:
        changed.append(what)


def written(sql):
    (found,) = sqlglot.transpile(sql, read="tsql", write="duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE)
    return found


def count(sql):
    return duckdb.sql(sql).fetchall()[0][0]


duckdb.sql("CREATE TABLE orders AS SELECT true AS paid")
sql = written("SELECT count(*) FROM orders WHERE paid = CAST(1 AS BIT)")
where = sql[sql.index("WHERE"):]
check(f"WHERE paid = CAST(1 AS BIT) is written as {where}", where == "WHERE paid = CAST(1 AS BIT)")
check(f"of one row that is paid it finds {count(sql)}", count(sql) == 0)
mended = count(sql.replace("BIT", "BOOLEAN"))
check(f"control: with BOOLEAN in its place it finds {mended}", mended == 1)
half = written("SELECT 1/2").removeprefix("SELECT ")
check(f"1/2, which is 0 in T-SQL, is written as {half}, which is {count(f'SELECT {half}')} in DuckDB", count(f"SELECT {half}") == 0.5)
sys.exit(1 if changed else 0)
PYTHON
