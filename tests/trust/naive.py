"""The mistakes that event stores written in an afternoon have, as changes of our source. Data only.

Each names the test that must fail when the mistake is put back. Mistakes of parts that do not exist here are named too.
"""

from typing import NamedTuple


class Mistake(NamedTuple):
    """One mistake: `old` stands exactly once in the file and becomes `new`."""

    number: int
    what: str
    file: str
    old: str
    new: str
    killer: str


SQLITE, CONTRACT = "src/eventfold/store/sqlite", "tests/store/sqlite/test_contract.py::TestSqliteFile"
STATE = "src/eventfold/readmodels/sqlite"
CRASHES = "tests/readmodels/folding/test_crashes.py"
TABLES = "tests/store/sqlite/test_readmodel_contract.py::TestSqlite"

MISTAKES = [
    Mistake(
        1,
        "the expected version is looked up, not held to",
        f"{SQLITE}/append.py",
        "    return expected == version\n",
        "    return True\n",
        f"{CONTRACT}::test_an_append_lands_only_where_it_was_expected",
    ),
    Mistake(
        2,
        "nothing keeps an event id from being stored twice",
        f"{SQLITE}/sql/schema.sql",
        "event_id BLOB NOT NULL UNIQUE CHECK",
        "event_id BLOB NOT NULL CHECK",
        f"{CONTRACT}::test_a_repeat_gives_the_first_answer",
    ),
    Mistake(
        3,
        "each stream of an append is a transaction of its own",
        f"{SQLITE}/append.py",
        "            rows += self._rows(position, stream, version, write.events, times)\n",
        '            if rows:\n                self.connection.executemany(SQL["insert_event"], rows)\n'
        '                rows = []\n                self.connection.execute("COMMIT")\n'
        '                self.connection.execute("BEGIN IMMEDIATE")\n'
        "            rows += self._rows(position, stream, version, write.events, times)\n",
        "tests/trust/test_power_loss.py::test_a_power_loss_takes_nothing_that_was_acknowledged",
    ),
    Mistake(
        4,
        "events of one batch are handled in another order",
        f"{SQLITE}/sql/read_feed.sql",
        "ORDER BY position",
        "ORDER BY position DESC",
        f"{CONTRACT}::test_the_feed_gives_every_event_once_in_the_order_of_its_stream",
    ),
    Mistake(
        5,
        "the clock of the moment is written, whatever was written before",
        f"{SQLITE}/append.py",
        "now_us = max(self._now_us, last_us)",
        "now_us = self._now_us",
        "tests/trust/test_clocks.py::test_a_clock_that_jumps_at_every_append_changes_no_order",
    ),
    Mistake(
        6,
        "the past is filtered by the time that the producer claims",
        "src/eventfold/aggregates/loading.py",
        "if until_us is None or e.recorded_us <= until_us",
        "if until_us is None or e.occurred_us < until_us",
        "tests/aggregates/test_repository.py::test_the_past_is_answered_by_version_and_time",
    ),
    Mistake(
        7,
        "a snapshot of another program is believed",
        "src/eventfold/aggregates/loading.py",
        "if snapshot.fingerprint != self._definition.fingerprint:",
        "if False:",
        "tests/aggregates/test_snapshots.py::test_one_that_cannot_be_trusted_is_ignored_with_a_warning",
    ),
    Mistake(
        8,
        "a late snapshot hides a newer one",
        f"{SQLITE}/sql/snapshot_load.sql",
        "ORDER BY version DESC",
        "ORDER BY rowid DESC",
        f"{CONTRACT}::test_an_older_snapshot_saved_late_hides_no_newer_one",
    ),
    Mistake(
        9,
        "the version is counted in two places",
        f"{SQLITE}/append.py",
        "                version + n,\n",
        "                version + n + (version > 0),\n",
        f"{CONTRACT}::test_versions_count_the_events_without_a_hole",
    ),
    Mistake(
        10,
        "a batch that comes again is folded again",
        f"{STATE}/tablestate.py",
        "            if head.cursor != read or change not in {None, head.change}:",
        "            if False:",
        "tests/readmodels/sqlite/test_state.py::test_an_older_owner_cannot_commit",
    ),
    Mistake(
        11,
        "rows first, the cursor in a commit of its own",
        f"{STATE}/tablestate.py",
        "            self._write_rows(connection, changes, number)\n",
        "            self._write_rows(connection, changes, number)\n"
        '            connection.execute("COMMIT")\n'
        '            connection.execute("BEGIN IMMEDIATE")\n',
        f"{CRASHES}::test_a_crash_at_any_boundary_leaves_right_rows",
    ),
    Mistake(
        12,
        "a value is written into a statement",
        f"{STATE}/tablestate.py",
        'connection.execute(SQL["unpark"], (*self._id, stream))',
        "connection.execute(f\"DELETE FROM parked WHERE stream = '{stream}'\")",
        "tests/architecture/test_built_text.py::test_no_text_with_values_in_it_is_run",
    ),
    Mistake(
        13,
        "an event that is selected is never applied",
        "src/eventfold/readmodels/folding/batch.py",
        "            row = self._reference.absorb(self.rows.get(key), taken)\n",
        "            row = self.rows.get(key) or self._reference.absorb(None, taken)\n",
        f"{TABLES}::test_every_reducer_gives_what_its_name_says",
    ),
    Mistake(
        14,
        "decimals are stored as numbers",
        "src/eventfold/events/registry.py",
        "        self._encode = msgspec.json.Encoder().encode\n",
        '        self._encode = msgspec.json.Encoder(decimal_format="number").encode\n',
        "tests/events/test_round_trip.py::test_a_decimal_is_stored_as_text",
    ),
    Mistake(
        15,
        "the runner keeps a checkpoint beside that of the rows",
        "src/eventfold/readmodels/folding/projector.py",
        "        self._cursor, self._change = head.cursor, head.change\n",
        "        self._cursor, self._change = self._cursor or self._feed.start(), head.change\n",
        f"{CRASHES}::test_a_crash_at_any_boundary_leaves_right_rows",
    ),
    Mistake(
        17,
        "stored events may be changed",
        f"{SQLITE}/sql/schema.sql",
        "CREATE TRIGGER events_are_never_updated BEFORE UPDATE ON events\n",
        "CREATE TRIGGER events_are_never_updated BEFORE UPDATE ON events WHEN 0\n",
        "tests/store/sqlite/test_kept.py::test_no_statement_changes_or_deletes_what_was_stored",
    ),
    Mistake(
        18,
        "an event that fails is logged and left out",
        "src/eventfold/readmodels/folding/batch.py",
        "        self._fail(park(event, error))\n        return None\n",
        "        return None\n",
        f"{TABLES}::test_a_failing_event_parks_the_later_ones_of_its_stream_and_no_other",
    ),
    Mistake(
        19,
        "a class is looked up by the stored name",
        "src/eventfold/events/registry.py",
        "                raise self.unknown(stored.type)\n            if stored",
        "                from importlib import import_module\n\n"
        "                return import_module(stored.type)  # type: ignore\n            if stored",
        "tests/architecture/test_built_text.py::test_no_module_is_imported_by_a_stored_name",
    ),
    Mistake(
        20,
        "a password stands in what is shown",
        "src/eventfold/handlers/targets/repeating.py",
        '    return _PAIR.sub(rf"\\1{MASK}", _USER.sub(f"{MASK}@", text))\n',
        "    return text\n",
        "tests/doors/test_config.py::test_secrets_are_masked",
    ),
    Mistake(
        21,
        "a stream is read at once, however long it is",
        f"{SQLITE}/reading.py",
        "min(PAGE, left)",
        "left",
        "tests/store/sqlite/test_kept.py::test_a_long_stream_is_read_page_by_page",
    ),
    Mistake(
        22,
        "a command that is repeated is carried out again",
        "src/eventfold/events/ids.py",
        "    return uuid5(_COMMANDS, ",
        "    return new_id() or uuid5(_COMMANDS, ",
        "tests/aggregates/test_repository.py::test_a_repeated_command_gives_its_first_result",
    ),
    Mistake(
        23,
        "an older value overwrites a newer one",
        "src/eventfold/readmodels/declaring/reducers.py",
        "(mine < held if first else mine > held):",
        "(mine < held if first else mine != held):",
        "tests/readmodels/folding/test_partial_results.py::test_an_older_event_that_comes_later_overwrites_nothing_newer",
    ),
    Mistake(
        24,
        "events do not say which shape they have",
        "src/eventfold/events/registry.py",
        "            return name, known.version, text.decode()\n",
        "            return name, 1, text.decode()\n",
        "tests/events/test_upcasters.py::test_what_is_written_says_its_schema_version",
    ),
]

ELSEWHERE = {
    16: "publishing beside the log instead of from it: there is no bus yet; what publishes follows the log"
}
