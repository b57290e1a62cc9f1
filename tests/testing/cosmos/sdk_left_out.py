"""The files of the SDK's own tests that are not run against the stand-in, by pattern, with the reason. Data only."""

from fnmatch import fnmatchcase

REGIONS = "several regions, fail-over between them and what the client remembers of them"
CLIENT = "the client alone, against answers made up in the test: they pass or fail without any service"
ENTRA = "signing in by Entra ID at its public addresses"
SEARCH = "vectors, full texts and ranking of meanings"
COLUMNS = "computed properties"
LIFE = "the analytical store with its times to live, and the integrated cache, which a log has no use for"
THROUGHPUT = "throughput that scales by itself"
COPIES = "containers that the service keeps in step with others"
TRANSITIONS = "the states a partition passes through while it splits; here it splits at once"
OLD = "options that the SDK takes for compatibility only"

LEFT_OUT = {
    "test_aad*": ENTRA,
    "test_auto_scale*": THROUGHPUT,
    "test_analytical_ttl*": LIFE,
    "test_integrated_cache*": LIFE,
    "test_computed_properties*": COLUMNS,
    "test_full_text*": SEARCH,
    "test_hybrid*": SEARCH,
    "test_query_hybrid*": SEARCH,
    "test_query_vector*": SEARCH,
    "test_vector*": SEARCH,
    "test_semantic*": SEARCH,
    "test_global_secondary*": COPIES,
    "test_pk_range_child_update*": TRANSITIONS,
    "test_backwards_compatibility*": OLD,
    "test_availability_strategy*": REGIONS,
    "test_circuit_breaker*": REGIONS,
    "test_effective_preferred*": REGIONS,
    "test_excluded_locations*": REGIONS,
    "test_fault_injection*": REGIONS,
    "test_globaldb*": REGIONS,
    "test_health_check*": REGIONS,
    "test_location_cache*": REGIONS,
    "test_multimaster*": REGIONS,
    "test_per_partition*": REGIONS,
    "test_regional*": REGIONS,
    "test_retryable_writes*": REGIONS,
    "test_service_request*": REGIONS,
    "test_service_retry*": REGIONS,
    "test_streaming_failover*": REGIONS,
    "test_timeout_and_failover*": REGIONS,
    "test_*unit*": CLIENT,
    "test_aio_extras*": CLIENT,
    "test_client_user_agent*": CLIENT,
    "test_compact_utf8*": CLIENT,
    "test_content_length*": CLIENT,
    "test_cosmos_http_logging*": CLIENT,
    "test_feed_range_continuation*": CLIENT,
    "test_hybrid_search_aggregator*": CLIENT,
    "test_murmurhash3*": CLIENT,
    "test_proxy*": CLIENT,
    "test_query_advisor*": CLIENT,
    "test_query_execution_context*": CLIENT,
    "test_read_timeout*": CLIENT,
    "test_request_response*": CLIENT,
    "test_response_decoding*": CLIENT,
    "test_retry_policy*": CLIENT,
    "test_routing_map*": CLIENT,
    "test_session_token_*": CLIENT,
    "test_transport_body*": CLIENT,
    "test_user_agent*": CLIENT,
    "test_user_configs*": CLIENT,
    "test_utils*": CLIENT,
}


def reason_of(name: str) -> str:
    """Why a file is left out; empty where nobody said so."""
    return next((reason for pattern, reason in LEFT_OUT.items() if fnmatchcase(name, pattern)), "")
