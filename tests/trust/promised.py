"""What is promised, and which checks back it: the table behind docs/promises.md."""

from typing import NamedTuple


class Promise(NamedTuple):
    """One row.

    `figures` is a campaign and a sentence with its figures in braces; `zero` are the figures that must be 0.
    """

    says: str
    checks: tuple[str, ...]
    figures: tuple[tuple[str, str], ...] = ()
    zero: tuple[str, ...] = ()


TRUST, SQLITE = "tests/trust", "tests/store/sqlite"
CONTRACT = f"{SQLITE}/test_contract.py::TestSqliteFile"
CAMPAIGN = "tests/handlers/campaign"
RELAY = "tests/bus/relay"
TABLES = f"{SQLITE}/test_readmodel_contract.py::TestSqlite"
POWER, CALLS = f"{TRUST}/test_power_loss.py", f"{TRUST}/test_system_calls.py"

PROMISES = {
    "Nothing is lost": [
        Promise(
            "An append that was acknowledged is there after a power loss at any moment, whole and in order. The disk"
            " may have kept any part of what was not synced, torn at 512 bytes or 4 KiB.",
            (
                f"{POWER}::test_a_power_loss_takes_nothing_that_was_acknowledged",
                f"{POWER}::test_twenty_thousand_power_losses_take_nothing",
                f"{POWER}::test_control_an_append_in_two_transactions_is_found_torn",
                f"{POWER}::test_control_a_disk_that_lies_about_syncing_is_found_out",
            ),
            (
                (
                    "power-loss",
                    (
                        "{images} images of crashes, {with_unsynced_writes} of them with writes on their way:"
                        " {lost} lost something, {torn} torn, {unusable} unusable"
                    ),
                ),
            ),
            ("lost", "torn", "unusable"),
        ),
        Promise(
            "The same check finds what relaxed durability loses: with `?synchronous=normal`, which warns when it is"
            " opened, acknowledged appends go missing, though none is torn.",
            (
                f"{POWER}::test_control_with_relaxed_durability_acknowledged_appends_are_lost_but_none_is_torn",
                f"{POWER}::test_control_a_thousand_power_losses_under_relaxed_durability",
            ),
            (("power-loss-relaxed", "of {images} images {lost} lost something, {torn} torn"),),
            ("torn",),
        ),
        Promise(
            "An acknowledged append survives `kill -9` at any moment and at any system call that writes or syncs.",
            (
                f"{SQLITE}/test_kill.py::test_a_killed_writer_loses_nothing_that_it_acknowledged",
                f"{SQLITE}/test_kill.py::test_five_hundred_killed_writers_lose_nothing",
                f"{CALLS}::test_a_kill_at_a_system_call_loses_and_tears_nothing",
                f"{CALLS}::test_a_kill_at_every_one_of_fifty_system_calls_loses_nothing",
                f"{CALLS}::test_control_a_promise_before_the_write_is_found_broken",
            ),
            (
                ("kills", "{rounds} kills, {acknowledged} acknowledged appends: {lost} lost, {torn} torn"),
                ("kill-at-system-call", "killed at {points} system calls: {wrong} logs wrong"),
            ),
            ("wrong", "lost", "torn"),
        ),
        Promise(
            "No acknowledgement leaves before its sync.",
            (
                f"{CALLS}::test_every_acknowledged_append_was_synced",
                f"{CALLS}::test_control_relaxed_durability_syncs_less",
            ),
            (
                ("syncs", "{appends} appends, {syncs} syncs"),
                ("syncs-relaxed", "relaxed: {appends} appends, {syncs} syncs"),
            ),
        ),
        Promise(
            "A disk that fails is told as it is: an append whose commit failed is `unknown`, never a failure or a"
            " conflict; the writer refuses everything until it is opened again; a repeat with the same ids settles it.",
            (
                f"{CALLS}::test_an_error_of_the_disk_is_told_and_settled_by_a_repeat",
                f"{CALLS}::test_a_disk_that_goes_on_failing_takes_nothing_that_was_acknowledged",
                f"{CALLS}::test_an_error_at_every_one_of_fifty_system_calls_is_told_and_settled",
                f"{SQLITE}/test_commit_failure.py::test_a_failed_commit_tells_no_member_a_lie",
            ),
            (("disk-errors", "{points} errors met (EIO, ENOSPC): {lost} appends lost, {doubled} doubled"),),
            ("lost", "doubled"),
        ),
        Promise(
            "A full disk refuses appends, serves reads, and when there is space again nothing is missing or double.",
            (
                (
                    f"{TRUST}/test_disk_full.py::test_a_file_that_may_not_grow_refuses_appends_serves_reads"
                    "_and_goes_on_when_it_may"
                ),
                f"{TRUST}/test_disk_full.py::test_a_limit_on_file_sizes_fences_the_writer_and_a_repeat_settles_it",
                f"{TRUST}/test_disk_full.py::test_a_full_disk_is_told_reads_go_on_and_space_lets_appends_go_on",
                (
                    f"{TRUST}/test_disk_full.py::test_a_table_whose_disk_is_full_keeps_its_rows_and_goes_on"
                    "_from_its_cursor"
                ),
            ),
        ),
        Promise(
            "What is stored is never changed or deleted, by whatever program opens the file with its triggers.",
            (f"{SQLITE}/test_kept.py::test_no_statement_changes_or_deletes_what_was_stored",),
        ),
    ],
    "Nothing is doubled, and each version has one winner": [
        Promise(
            "An append lands only at the version that it expected; of rivals exactly one wins, also among processes,"
            " and the whole history could have happened one step after the other.",
            (
                "tests/store/test_contention.py::test_contention_has_one_winner_for_each_version",
                (
                    "tests/store/test_contention.py"
                    "::test_four_thousand_contended_appends_have_one_winner_for_each_version"
                ),
                "tests/store/test_contention.py::test_a_store_that_looks_and_then_inserts_is_found_out",
                f"{CONTRACT}::test_each_version_has_exactly_one_winner",
            ),
            (
                (
                    "contention",
                    "{appends} appends of {processes} processes: {without_one_winner} versions without one",
                ),
            ),
            ("without_one_winner",),
        ),
        Promise(
            "A repeat with the same event ids gives the first answer and writes nothing.",
            (
                f"{CONTRACT}::test_a_repeat_gives_the_first_answer",
                f"{CONTRACT}::test_the_same_append_made_twice_at_once_lands_once",
                "tests/aggregates/test_repository.py::test_a_repeated_command_gives_its_first_result",
            ),
        ),
        Promise(
            "A cursor that was given to a reader has everything before it, for ever; another log is refused.",
            (
                f"{CONTRACT}::test_readers_see_a_growing_prefix",
                f"{CONTRACT}::test_a_cursor_of_another_log_is_refused_everywhere",
                f"{CONTRACT}::test_a_cursor_whose_event_is_another_one_is_refused",
            ),
        ),
    ],
    "Tables are the fold of the log": [
        Promise(
            "Rows, cursor and parked streams of a table change in one commit, also when the power goes.",
            (
                f"{TRUST}/test_power_loss_of_state.py::test_a_power_loss_leaves_rows_and_cursor_of_one_commit",
                (
                    f"{TRUST}/test_power_loss_of_state.py"
                    "::test_four_thousand_power_losses_leave_rows_and_cursor_of_one_commit"
                ),
                f"{TRUST}/test_power_loss_of_state.py::test_control_rows_and_cursor_in_two_commits_are_found_torn",
            ),
            (("power-loss-of-state", "{images} images of crashes: {lost} lost something, {torn} torn"),),
            ("lost", "torn"),
        ),
        Promise(
            "A worker that is killed anywhere leaves the fold of a prefix and goes on from it.",
            (
                "tests/readmodels/folding/test_crashes.py::test_a_crash_at_any_boundary_leaves_right_rows",
                (
                    "tests/readmodels/folding/test_crashes.py"
                    "::test_rows_and_cursor_in_two_commits_would_be_wrong_at_many_boundaries"
                ),
                (
                    f"{TRUST}/test_killed_table.py"
                    "::test_a_worker_killed_at_fifty_system_calls_leaves_the_fold_of_a_prefix"
                ),
            ),
            (("kill-of-table", "killed at {points} system calls: {wrong} tables wrong"),),
            ("wrong",),
        ),
        Promise(
            "An apply or a rollback that is killed at any moment leaves the rows of one definition live, and whole.",
            (
                f"{TRUST}/test_killed_apply.py::test_a_killed_apply_leaves_the_rows_of_one_definition",
                f"{TRUST}/test_killed_apply.py::test_two_hundred_killed_applies_leave_the_rows_of_one_definition",
                f"{TRUST}/test_killed_apply.py::test_control_a_swap_in_two_transactions_leaves_nothing_live",
            ),
            (
                (
                    "killed-applies",
                    "{kills} kills: old rows {old} times, new {new}, {unpublished} times not published; {wrong} wrong",
                ),
            ),
            ("wrong",),
        ),
        Promise(
            "An event that cannot be folded waits with the later ones of its stream; nothing is left out in silence.",
            (f"{TABLES}::test_a_failing_event_parks_the_later_ones_of_its_stream_and_no_other",),
        ),
        Promise(
            "The columnar engine gives the rows of the reference fold, value by value and type by type.",
            (
                (
                    "tests/engines/test_duckdb_equals_reference.py"
                    "::test_every_table_over_every_history_in_any_chunks_and_parts"
                ),
            ),
        ),
    ],
    "Effects of handlers are taken, in order, and repeated under one key": [
        Promise(
            "Workers that are killed, that stand still while others take their leases, whose clocks are a day off,"
            " whose log has no space, whose partitions split, whose targets refuse, hang, are down or do not say that"
            " they took something: nothing is lost, skipped or out of order, and no more is repeated than was under"
            " way. Reactions, and what is consumed from others, come exactly once.",
            (
                f"{CAMPAIGN}/test_killed.py::test_killed_workers_lose_nothing_and_repeat_what_was_under_way",
                (
                    f"{CAMPAIGN}/test_killed.py"
                    "::test_workers_whose_log_has_no_space_lose_nothing_and_repeat_what_was_under_way"
                ),
                f"{CAMPAIGN}/test_killed.py::test_two_minutes_of_kills_on_sqlite",
                f"{CAMPAIGN}/test_killed.py::test_a_minute_of_kills_on_a_disk_that_is_full_at_times",
                f"{CAMPAIGN}/test_killed.py::test_two_minutes_of_kills_on_cosmos_with_splits_and_lost_answers",
                f"{CAMPAIGN}/test_controls.py::test_one_that_says_so_before_the_effect_loses",
                f"{CAMPAIGN}/test_controls.py::test_one_without_the_key_doubles",
                (
                    f"{CAMPAIGN}/test_controls.py"
                    "::test_the_real_one_repeats_under_the_same_key_when_it_dies_before_it_knew"
                ),
                (
                    "tests/handlers/working/test_partitions.py"
                    "::test_no_more_is_repeated_than_was_under_way_where_a_partition_cannot_be_written"
                ),
            ),
            (
                (
                    "killed-handlers",
                    (
                        "{kills} kills, {effects} effects taken: {lost} lost, {overtaking} out of order, {doubled}"
                        " reactions or commands of what was consumed doubled; {repeated} repeated, of {under_way} that"
                        " may have been under way ({parts})"
                    ),
                ),
            ),
            ("lost", "overtaking", "keys", "beyond", "missing", "doubled"),
        ),
        Promise(
            "Relays are killed at random and their broker is killed, under load: every event of the log comes to who"
            " reads by our feed, once, in the order of its stream. In transactions nothing stands in the topic twice;"
            " in plain mode no more than was in flight.",
            (
                f"{RELAY}/test_killed.py::test_five_kills_and_a_restart_of_the_broker",
                f"{RELAY}/test_killed.py::test_a_hundred_kills_and_ten_restarts_of_the_broker",
                f"{RELAY}/test_leaving.py::test_where_the_broker_hangs_it_leaves_and_the_next_relay_goes_on",
                f"{RELAY}/test_controls.py::test_one_that_trusts_its_own_checkpoint_alone_sends_again",
                f"{RELAY}/test_controls.py::test_one_with_five_requests_in_flight_loses_or_reorders",
            ),
            (
                (
                    "killed-relays",
                    (
                        "{kills} kills of relays and {restarts} of brokers, {total} events ({parts}): {lost} lost,"
                        " {disordered} out of order, {doubled} doubled; {raw} stood in a topic twice, and were left out"
                    ),
                ),
            ),
            ("lost", "disordered", "doubled"),
        ),
        Promise(
            "A broker is away for a minute, killed or hanging, while a relay sends and tables and handlers follow."
            " Nobody gives up, and when it is back everything comes once: rows, effects and messages, in the order of"
            " its stream.",
            (
                (
                    "tests/bus/feed/test_away.py"
                    "::test_after_a_minute_without_a_broker_everything_comes_once_and_in_order"
                ),
                "tests/bus/feed/test_hard.py::test_while_the_broker_is_away_nothing_is_taken_for_the_end",
                f"{RELAY}/test_controls.py::test_one_that_trusts_its_own_checkpoint_alone_sends_again",
            ),
            (
                (
                    "broker-away",
                    (
                        "{total} events of {orders} orders ({parts}): {lost} lost, {disordered} out of order, {doubled}"
                        " doubled; {raw} stood in a topic twice, and were left out"
                    ),
                ),
            ),
            ("lost", "disordered", "doubled"),
        ),
        Promise(
            "Whatever happens to workers, targets, people and partitions, in any order: what is lost is what a person"
            " skipped, and what is repeated was under way when its worker ended or lost its lease.",
            (
                "tests/handlers/working/test_model.py::test_any_history",
                "tests/handlers/working/test_model.py::test_any_of_two_thousand_histories",
                "tests/handlers/working/test_controls.py::test_one_that_marks_before_the_effect_loses",
                (
                    "tests/handlers/working/test_controls.py"
                    "::test_one_that_commits_what_it_has_read_before_it_is_handled_loses"
                ),
            ),
        ),
    ],
    "Clocks, input and the tests themselves": [
        Promise(
            "No order, version or cursor depends on a clock: one day behind, one year ahead, an hour apart.",
            (
                f"{TRUST}/test_clocks.py::test_clocks_a_day_behind_and_a_year_ahead_change_no_order",
                f"{TRUST}/test_clocks.py::test_two_processes_an_hour_apart_take_turns_without_a_step_back",
                f"{TRUST}/test_clocks.py::test_a_clock_that_jumps_at_every_append_changes_no_order",
                f"{TRUST}/test_clocks.py::test_control_the_jumping_clock_itself_goes_back",
            ),
            (("clocks", "{events} events of processes with wrong clocks: {steps_back} steps back"),),
            ("steps_back",),
        ),
        Promise(
            "Whatever bytes come from outside, only errors of the tree come out, within a second and 512 MB: events,"
            " stored data, cursors, snapshots, configuration, appended lines, files to import.",
            (
                f"{TRUST}/test_decoders.py::test_what_was_found_before_is_harmless_now",
                f"{TRUST}/test_decoders.py::test_damaged_input_ends_in_an_error_of_the_tree",
                f"{TRUST}/test_decoders.py::test_a_fuzzer_led_by_coverage_finds_nothing",
                f"{TRUST}/test_decoders.py::test_control_an_error_outside_the_tree_is_noticed",
            ),
            (("fuzz", "{inputs} inputs in {seconds} s: {escaped} other errors"),),
            ("escaped",),
        ),
        Promise(
            "The tests notice the mistakes of an event store written in an afternoon.",
            (
                f"{TRUST}/test_naive_mistakes.py::test_every_mistake_of_the_list_is_put_back_or_has_a_reason",
                (
                    f"{TRUST}/test_naive_mistakes.py"
                    "::test_all_mistakes_are_noticed_and_their_tests_pass_without_them"
                ),
            ),
            (
                (
                    "naive-mistakes",
                    "{put_back} put back, {noticed} noticed; {not_here} are of parts not built yet",
                ),
            ),
        ),
        Promise(
            "The tests notice when a line of the core is broken; `./dev mutate` does it and names what they miss.",
            (
                f"{TRUST}/test_mutation.py::test_a_mutant_that_no_test_notices_is_named",
                f"{TRUST}/test_mutation.py::test_every_reason_is_of_a_mutant_of_the_core",
            ),
            (
                (
                    "mutation",
                    (
                        "{killed} of {tried} mutants tried so far, of {mutants}, were noticed in {parts}: {with_reason}"
                        " of the others change nothing"
                    ),
                ),
            ),
        ),
        Promise(
            "The source has no call that runs data, no SQL built from data, no suppression without a reason, no money"
            " in floats and no secret; a scanner finds nothing grave.",
            (
                "tests/architecture/test_dangerous_calls.py::test_nothing_dangerous_is_called",
                "tests/architecture/test_built_text.py::test_no_text_with_values_in_it_is_run",
                "tests/architecture/test_static.py::test_a_scanner_finds_nothing_grave",
                "tests/architecture/test_static.py::test_every_suppression_has_a_reason",
                "tests/architecture/test_static.py::test_no_money_is_a_float",
                f"{TRUST}/test_supply.py::test_no_secret_stands_in_the_tree",
            ),
        ),
    ],
}
