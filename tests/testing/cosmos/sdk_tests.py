"""Which of the SDK's own tests the stand-in must pass, and which do not apply, each with its reason. Data only.

Files that are not run at all stand in `sdk_left_out`. docs/azure/sdk-tests.md is made of both.
"""

from dataclasses import dataclass, field

SCRIPTS = "stored procedures, triggers and functions run JavaScript in the service"
USERS = "users, permissions and resource tokens are not known"
OLD_KEYS = "partition keys of version 1 are not known"
CLOCK = "its subject are time-outs of the client, by addresses that do not answer"
GEOGRAPHY = "places and distances are not known"
INDEXES = "there are no indexes, hence nothing is told about their use"
REGIONS = "it needs several regions, and looks for them at a fixed port"
FILES = "it compares with a file that the distribution does not hold"
TOKENS = "it hands over a continuation that only the service itself can read"
ASYNCHRONOUS = "it stands among the synchronous tests and needs what only the others need"


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected of one file.

    Attributes:
        passed: how many of its tests pass.
        skipped: how many skip themselves.
        not_applicable: names or patterns of the others, with the reason.
        long: whether it takes longer than a run before a change allows.
    """

    passed: int
    skipped: int = 0
    not_applicable: dict[str, str] = field(default_factory=dict)
    long: bool = False


_CRUD = {
    "*stored_procedure*": SCRIPTS,
    "*get_resource_with_dictionary_and_object*": SCRIPTS,
    "*test_user_*": USERS,
    "*permission*": USERS,
    "*authorization*": USERS,
    "*geospatial*": GEOGRAPHY,
    "*timeout*": CLOCK,
    "*client_connection_retry_configuration*": CLOCK,
}
_VARIATION = {
    "test_hash_v1_partition_key": OLD_KEYS,
    "test_multiple_physical_partitions*": OLD_KEYS,
    "test_partition_key_version_1_properties*": OLD_KEYS,
}
_CONTAINER = {
    "*sproc*": SCRIPTS,
    "*udf*": SCRIPTS,
    "*trigger*": SCRIPTS,
    "*path_parser": FILES,
}
_METRICS = {"*populate_index_metrics*": INDEXES}
_STATIC = {"*static_continuation*": TOKENS}
_SYNC_CONTAINER = _CONTAINER | {"test_partitioned_collection": OLD_KEYS}
_ASYNC_CONTAINER = _CONTAINER | {"test_partitioned_collection_async": OLD_KEYS, "*permissions*": USERS}
_QUIET = {name: reason for name, reason in _CRUD.items() if "timeout" not in name and "client_" not in name}
_SYNC_QUIET = _SYNC_CONTAINER | _QUIET
_ASYNC_QUIET = _ASYNC_CONTAINER | _QUIET | {"*timeout*": CLOCK}

_SYNCHRONOUS = {
    "test_transactional_batch.py": Expected(9),
    "test_change_feed.py": Expected(6),
    "test_change_feed_all_versions.py": Expected(2),
    "test_change_feed_split.py": Expected(1),
    "test_changefeed_partition_key_variation.py": Expected(3, not_applicable=_VARIATION),
    "test_crud.py": Expected(10, not_applicable=_CRUD),
    "test_crud_container.py": Expected(13, not_applicable=_SYNC_CONTAINER),
    "test_crud_database.py": Expected(5),
    "test_crud_response_payload_on_write_disabled.py": Expected(26, not_applicable=_SYNC_QUIET),
    "test_crud_subpartition.py": Expected(10),
    "test_encoding.py": Expected(7, not_applicable={"*stored_procedure*": SCRIPTS}),
    "test_item_body_serialization.py": Expected(
        31, not_applicable={"test_async_real_client_*": ASYNCHRONOUS}
    ),
    "test_none_options.py": Expected(16),
    "test_headers.py": Expected(19),
    "test_partition_key.py": Expected(3, not_applicable={"*?1?": OLD_KEYS, "test_hash_v1*": OLD_KEYS}),
    "test_resource_id.py": Expected(2),
    "test_read_items.py": Expected(17, long=True),
    "test_query.py": Expected(34, 2, _METRICS),
    "test_query_cross_partition.py": Expected(15, 1, _METRICS),
    "test_query_feed_range.py": Expected(19, 8, _STATIC, long=True),
    "test_query_feed_range_multipartition.py": Expected(16, long=True),
    "test_query_response_headers.py": Expected(19),
    "test_feed_range.py": Expected(18),
    "test_orderby.py": Expected(15),
    "test_multi_orderby.py": Expected(1),
    "test_aggregate.py": Expected(1, 1),
    "test_read_items_partition_split.py": Expected(1),
    "test_partition_split_query.py": Expected(12),
    "test_pk_range_drain.py": Expected(18),
    "test_latest_session_token.py": Expected(3),
    "test_session.py": Expected(11, not_applicable={"*token_mwr_for_ops": REGIONS}),
    "test_container_properties_cache.py": Expected(12),
    "test_shared_cache_integration.py": Expected(7),
    "test_ttl.py": Expected(1),
    "test_shared_cache_fault_injection.py": Expected(3),
    "test_cosmos_responses.py": Expected(14),
    "test_diagnostics.py": Expected(5),
}

# their subjects are those of the synchronous tests, so most of them wait for the night
_ASYNCHRONOUS = {
    "test_transactional_batch_async.py": Expected(9),
    "test_change_feed_async.py": Expected(6),
    "test_change_feed_all_versions_async.py": Expected(2),
    "test_change_feed_split_async.py": Expected(1),
    "test_changefeed_partition_key_variation_async.py": Expected(3, not_applicable=_VARIATION, long=True),
    "test_crud_async.py": Expected(10, not_applicable=_CRUD),
    "test_crud_container_async.py": Expected(14, not_applicable=_ASYNC_CONTAINER),
    "test_crud_database_async.py": Expected(4),
    "test_crud_response_payload_on_write_disabled_async.py": Expected(
        24, not_applicable=_ASYNC_QUIET, long=True
    ),
    "test_crud_subpartition_async.py": Expected(10, long=True),
    "test_encoding_async.py": Expected(7, long=True),
    "test_none_options_async.py": Expected(16, long=True),
    "test_headers_async.py": Expected(16, long=True),
    "test_partition_key_async.py": Expected(5, not_applicable={"test_hash_v1*": OLD_KEYS}, long=True),
    "test_resource_id_async.py": Expected(2, long=True),
    "test_read_items_async.py": Expected(17, long=True),
    "test_query_async.py": Expected(34, 2, _METRICS, long=True),
    "test_query_cross_partition_async.py": Expected(16, 1, long=True),
    "test_query_feed_range_async.py": Expected(19, 10, _STATIC, long=True),
    "test_query_feed_range_multipartition_async.py": Expected(16, long=True),
    "test_query_response_headers_async.py": Expected(19, long=True),
    "test_feed_range_async.py": Expected(2),
    "test_read_items_partition_split_async.py": Expected(1),
    "test_partition_split_query_async.py": Expected(12, long=True),
    "test_pk_range_drain_async.py": Expected(18, long=True),
    "test_latest_session_token_async.py": Expected(3, long=True),
    "test_session_async.py": Expected(12, long=True),
    "test_container_properties_cache_async.py": Expected(12, long=True),
    "test_shared_cache_integration_async.py": Expected(7, long=True),
    "test_shared_cache_fault_injection_async.py": Expected(3, long=True),
    "test_cosmos_responses_async.py": Expected(14, long=True),
}

EXPECTED = _SYNCHRONOUS | _ASYNCHRONOUS
