"""What each kind of handler promises with each target, and the test of each: a table of the page of promises."""

from typing import NamedTuple


class Cell(NamedTuple):
    """One row: a kind with a target.

    Attributes:
        kind: of handler.
        target: what takes its effects.
        promise: how often an effect is taken.
        by: what a repeat is told by.
        check: the test.
    """

    kind: str
    target: str
    promise: str
    by: str
    check: str


LEAST, ONCE, EXACTLY = "at least once", "effect once", "exactly once"
TARGETS, CAMPAIGN = "tests/handlers/targets", "tests/handlers/campaign"
KILLED = f"{CAMPAIGN}/test_killed.py::test_killed_workers_lose_nothing_and_repeat_what_was_under_way"
REPEATED = (
    f"{CAMPAIGN}/test_controls.py::test_the_real_one_repeats_under_the_same_key_when_it_dies_before_it_knew"
)
WEBHOOK = f"{TARGETS}/test_webhook.py::test_a_repeat_has_the_same_id_and_the_connection_is_kept"
MAIL = f"{TARGETS}/test_smtp.py::test_a_repeat_has_the_same_message_id_and_another_effect_another"
FILE = f"{TARGETS}/test_file.py::test_an_effect_is_a_line_with_its_key_and_what_was_said"
LOG = f"{TARGETS}/test_open.py::test_a_log_says_which_effect_and_not_what"
TOPICS = "tests/bus/public"
TOPIC = (
    f"{TOPICS}/test_killed.py::test_killed_before_the_word_of_it_nothing_is_lost_and_repeats_have_the_same_id"
)
FROM_TOPIC = (
    f"{TOPICS}/test_receiver.py"
    "::test_what_one_app_publishes_to_a_topic_another_consumes_once_though_it_stands_there_twice"
)
NOTED = f"{TOPICS}/test_target.py::test_over_tls_in_both_forms_and_what_a_notify_handler_returns"
PUBLIC = "tests/handlers/public"
CONSUMED = (
    f"{PUBLIC}/test_end_to_end.py::test_what_one_app_publishes_another_consumes_once_though_it_comes_twice"
)

CELLS = (
    Cell("`notify`", "its own function", LEAST, "`message.key`, for who is told by the function", KILLED),
    Cell(
        "`notify`", "a function or a `Target` of yours", ONCE, "`message.key`, where it keeps keys", REPEATED
    ),
    Cell("`notify`", "webhook", ONCE, "`webhook-id`, where the receiver keeps ids", WEBHOOK),
    Cell("`notify`", "mail", LEAST, "`Message-ID`; many mail boxes show a repeat once", MAIL),
    Cell("`notify`", "file", LEAST, "`key` of the line", FILE),
    Cell("`notify`", "topic", LEAST, "the header `idempotency-key`", NOTED),
    Cell("`notify`", "log", LEAST, "`key` of the line", LOG),
    Cell(
        "`publish`",
        "webhook, read by `consume`",
        ONCE,
        "`source` and `id` of the CloudEvent",
        CONSUMED,
    ),
    Cell("`publish`", "file", LEAST, "`source` and `id` of the CloudEvent", KILLED),
    Cell("`publish`", "topic, read by `consume`", ONCE, "`source` and `id` of the CloudEvent", FROM_TOPIC),
    Cell("`publish`", "topic", LEAST, "`source` and `id` of the CloudEvent", TOPIC),
    Cell("`react`", "aggregates of the app", EXACTLY, "the id of the command", KILLED),
    Cell(
        "`consume`",
        "aggregates of the app",
        EXACTLY,
        "`source` and `id`, then the id of the command",
        KILLED,
    ),
    Cell(
        "any, with `when=after(...)`",
        "any of these",
        "as above",
        "the same",
        KILLED,
    ),
)

HEAD = """## How often an effect is taken

In order inside a stream, always; streams go on side by side. After a crash, or where an answer was lost, what was
under way is tried again under the same key: `concurrency=` effects of a handler at most. *At least once*: whoever takes
it may see it twice. *Effect once*: a repeat changes nothing, where the one who takes it tells it by the key. *Exactly
once*: the log itself tells a repeat.

| handler | target | an effect is taken | a repeat is told by | shown by |
| --- | --- | --- | --- | --- |
"""


def table() -> str:
    """The table as Markdown."""
    rows = []
    for cell in CELLS:
        file, _, test = cell.check.partition("::")
        rows.append(f"| {cell.kind} | {cell.target} | {cell.promise} | {cell.by} | `{test}` in `{file}` |")
    return HEAD + "\n".join(rows) + "\n"
