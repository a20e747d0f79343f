/**
 * The compatibility flags of the worker (reference §8).
 *
 * Which flag is on at which date is the host's knowledge; it sends the names of all that are on.
 *
 * Invariant: state only; what a flag means is said where it is read.
 */

/** Names of the flags that are on by date for a new worker, oldest first. They count until the worker is known. */
const BY_DATE = [
    "formdata_parser_supports_files", "fetch_refuses_unknown_protocols", "durable_object_fetch_requires_full_url",
    "streams_byob_reader_detaches_buffer", "workers_api_getters_setters_on_prototype", "no_cots_on_external_fetch",
    "global_navigator", "minimal_subrequests", "dont_substitute_null_on_type_error", "r2_list_honor_include",
    "capture_async_api_throws", "export_commonjs_default", "url_standard", "streams_enable_constructors",
    "transformstream_enable_standard_constructor", "dynamic_dispatch_tunnel_exceptions", "http_headers_getsetcookie",
    "response_redirect_url_standard", "urlsearchparams_delete_has_value_arg", "no_cf_botmanagement_default",
    "strict_compression_checks", "strict_crypto_checks", "web_socket_compression", "vectorize_query_metadata_optional",
    "crypto_preserve_public_exponent", "no_global_importscripts", "queues_json_messages", "fetcher_no_get_put_delete",
    "unwrap_custom_thenables", "rpc", "brotli_content_encoding", "internal_stream_byob_return_view",
    "blob_standard_mime_type", "fetch_standard_url", "allow_custom_ports",
    "internal_writable_stream_abort_clears_queue", "set_tostring_tag", "handle_cross_request_promise_resolution",
    "upper_case_all_http_methods", "cache_option_enabled", "disable_top_level_await_in_require",
    "fixup-transform-stream-backpressure", "assets_navigation_prefers_asset_serving",
    "request_cf_overrides_cache_rules", "cache_api_compat_flags", "urlpattern_standard", "enable_weak_ref",
    "cache_api_request_cf_overrides_cache_rules", "enable_navigator_language", "allow_eval_during_startup",
    "bind_asynclocalstorage_snapshot_to_request", "throw_on_unrecognized_import_assertion", "set_event_target_this",
    "set_forwardable_email_full_headers", "cache_no_cache_enabled", "expose_global_message_channel",
    "strip_authorization_on_cross_origin_redirect", "enable_ctx_exports", "enable_fast_jsg_struct",
    "strip_bom_in_read_all_text", "rpc_params_dup_stubs", "require_returns_default_export",
    "fetch_iterable_type_support", "delete_all_deletes_alarm", "text_decoder_replace_surrogates",
    "text_decoder_cjk_decoder", "unhandled_rejection_after_microtask_checkpoint", "websocket_close_reason_byte_limit",
    "queue_expose_error_codes", "websocket_standard_binary_type", "encoder_stream_spec_compliant_backpressure",
    "writable_stream_spec_compliant_writer", "web_socket_auto_reply_to_close", "enhanced_error_serialization",
];

/** The names of the flags that are on. */
const flags = new Set(BY_DATE);

let date = "";

/**
 * Whether a flag is on.
 *
 * @param {string} name The flag's enabling name.
 * @returns {boolean} True when it is on.
 */
export function enabled(name) {
    return flags.has(name);
}

/**
 * Called once, before the worker handles its first event.
 *
 * @param {string} compatibilityDate `YYYY-MM-DD`.
 * @param {string[]} names Every flag that is on, whether by name or by date.
 */
export function setFlags(compatibilityDate, names) {
    date = compatibilityDate;
    flags.clear();
    for (const name of names) {
        flags.add(name);
    }
}

/** The worker's compatibility date, `YYYY-MM-DD`; empty until it is known. */
export function compatibilityDate() {
    return date;
}

/** What `Cloudflare.compatibilityFlags` shows: known names, each with whether it is on. */
export function describeFlags() {
    const shown = Object.create(null);
    for (const name of BY_DATE) {
        shown[name] = flags.has(name);
    }
    for (const name of flags) {
        shown[name] = true;
    }
    return shown;
}
