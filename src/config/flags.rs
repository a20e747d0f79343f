//! The table of compatibility flags: names, and when each is on by itself.
//!
//! Source: `reference/platform.md` §8.
//!
//! Invariant: data only.

/// A compatibility flag.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flag {
    pub(super) enable: &'static str,
    pub(super) disable: Option<&'static str>,
    /// The compatibility date from which it is on.
    pub(super) date: Option<&'static str>,
    /// It is also on with one of these flags, from `implied_from` on.
    pub(super) implied_by: &'static [&'static str],
    pub(super) implied_from: &'static str,
    /// Production refuses it.
    pub(super) is_experimental: bool,
}

/// On from a date.
const fn dated(date: &'static str, enable: &'static str, disable: &'static str) -> Flag {
    Flag { date: Some(date), ..opt_in(enable, Some(disable)) }
}

/// On only when named.
const fn opt_in(enable: &'static str, disable: Option<&'static str>) -> Flag {
    Flag { enable, disable, date: None, implied_by: &[], implied_from: "", is_experimental: false }
}

/// On from a date when one of `parents` is on.
const fn implied(
    from: &'static str,
    parents: &'static [&'static str],
    enable: &'static str,
    disable: &'static str,
) -> Flag {
    Flag { implied_by: parents, implied_from: from, ..opt_in(enable, Some(disable)) }
}

/// On only when named, and not in production.
const fn experimental(enable: &'static str, disable: Option<&'static str>) -> Flag {
    Flag { is_experimental: true, ..opt_in(enable, disable) }
}

const NODE: &[&str] = &["nodejs_compat"];
const NODE_ANY: &[&str] = &["nodejs_compat", "nodejs_compat_v2"];
const PYTHON: &[&str] = &["python_workers"];

/// Every flag; those on by date come first, oldest first.
#[rustfmt::skip]
pub(super) const FLAGS: &[Flag] = &[
    dated("2021-11-03", "formdata_parser_supports_files", "formdata_parser_converts_files_to_strings"),
    dated("2021-11-10", "fetch_refuses_unknown_protocols", "fetch_treats_unknown_protocols_as_http"),
    dated("2021-11-10", "durable_object_fetch_requires_full_url", "durable_object_fetch_allows_relative_url"),
    dated("2021-11-10", "streams_byob_reader_detaches_buffer", "streams_byob_reader_does_not_detach_buffer"),
    dated("2022-01-31", "workers_api_getters_setters_on_prototype", "workers_api_getters_setters_on_instance"),
    dated("2022-03-08", "no_cots_on_external_fetch", "cots_on_external_fetch"),
    dated("2022-03-21", "global_navigator", "no_global_navigator"),
    dated("2022-04-05", "minimal_subrequests", "no_minimal_subrequests"),
    dated("2022-06-01", "dont_substitute_null_on_type_error", "substitute_null_on_type_error"),
    Flag { date: Some("2022-08-04"), ..opt_in("r2_list_honor_include", None) },
    dated("2022-10-31", "url_standard", "url_original"),
    dated("2022-10-31", "capture_async_api_throws", "do_not_capture_async_api_throws"),
    dated("2022-10-31", "export_commonjs_default", "export_commonjs_namespace"),
    dated("2022-11-30", "streams_enable_constructors", "streams_disable_constructors"),
    dated("2022-11-30", "transformstream_enable_standard_constructor", "transformstream_disable_standard_constructor"),
    dated("2023-03-01", "http_headers_getsetcookie", "no_http_headers_getsetcookie"),
    dated("2023-03-01", "dynamic_dispatch_tunnel_exceptions", "dynamic_dispatch_treat_exceptions_as_500"),
    dated("2023-03-14", "response_redirect_url_standard", "response_redirect_url_original"),
    dated("2023-07-01", "urlsearchparams_delete_has_value_arg", "no_urlsearchparams_delete_has_value_arg"),
    dated("2023-08-01", "no_cf_botmanagement_default", "cf_botmanagement_default"),
    dated("2023-08-01", "strict_compression_checks", "no_strict_compression_checks"),
    dated("2023-08-01", "strict_crypto_checks", "no_strict_crypto_checks"),
    dated("2023-08-15", "web_socket_compression", "no_web_socket_compression"),
    dated("2023-11-08", "vectorize_query_metadata_optional", "vectorize_query_original"),
    dated("2023-12-01", "crypto_preserve_public_exponent", "no_crypto_preserve_public_exponent"),
    dated("2024-03-04", "no_global_importscripts", "global_importscripts"),
    dated("2024-03-18", "queues_json_messages", "no_queues_json_messages"),
    dated("2024-03-26", "fetcher_no_get_put_delete", "fetcher_has_get_put_delete"),
    dated("2024-04-01", "unwrap_custom_thenables", "no_unwrap_custom_thenables"),
    dated("2024-04-03", "rpc", "no_rpc"),
    dated("2024-04-29", "brotli_content_encoding", "no_brotli_content_encoding"),
    dated("2024-05-13", "internal_stream_byob_return_view", "internal_stream_byob_return_undefined"),
    dated("2024-06-03", "blob_standard_mime_type", "blob_legacy_mime_type"),
    dated("2024-06-03", "fetch_standard_url", "fetch_legacy_url"),
    dated("2024-09-02", "allow_custom_ports", "ignore_custom_ports"),
    dated("2024-09-02", "internal_writable_stream_abort_clears_queue", "internal_writable_stream_abort_does_not_clear_queue"),
    dated("2024-09-26", "set_tostring_tag", "do_not_set_tostring_tag"),
    dated("2024-10-14", "handle_cross_request_promise_resolution", "no_handle_cross_request_promise_resolution"),
    dated("2024-10-14", "upper_case_all_http_methods", "no_upper_case_all_http_methods"),
    dated("2024-11-11", "cache_option_enabled", "cache_option_disabled"),
    dated("2024-12-02", "disable_top_level_await_in_require", "enable_top_level_await_in_require"),
    dated("2024-12-16", "fixup-transform-stream-backpressure", "original-transform-stream-backpressure"),
    dated("2025-04-01", "assets_navigation_prefers_asset_serving", "assets_navigation_has_no_effect"),
    dated("2025-04-02", "request_cf_overrides_cache_rules", "no_request_cf_overrides_cache_rules"),
    dated("2025-04-19", "cache_api_compat_flags", "no_cache_api_compat_flags"),
    dated("2025-05-01", "urlpattern_standard", "urlpattern_original"),
    dated("2025-05-05", "enable_weak_ref", "disable_weak_ref"),
    dated("2025-05-19", "enable_navigator_language", "disable_navigator_language"),
    dated("2025-05-19", "cache_api_request_cf_overrides_cache_rules", "no_cache_api_request_cf_overrides_cache_rules"),
    dated("2025-06-01", "allow_eval_during_startup", "disallow_eval_during_startup"),
    dated("2025-06-16", "bind_asynclocalstorage_snapshot_to_request", "do_not_bind_asynclocalstorage_snapshot_to-request"),
    dated("2025-06-16", "throw_on_unrecognized_import_assertion", "ignore_unrecognized_import_assertion"),
    dated("2025-08-01", "set_event_target_this", "no_set_event_target_this"),
    dated("2025-08-01", "set_forwardable_email_full_headers", "set_forwardable_email_single_headers"),
    Flag { date: Some("2025-08-11"), ..opt_in("python_workers_force_new_vendor_path", None) },
    dated("2025-08-14", "python_no_global_handlers", "disable_python_no_global_handlers"),
    dated("2025-08-15", "expose_global_message_channel", "no_expose_global_message_channel"),
    dated("2025-09-01", "strip_authorization_on_cross_origin_redirect", "retain_authorization_on_cross_origin_redirect"),
    dated("2025-09-20", "enable_validate_workflow_entrypoint", "disable_validate_workflow_entrypoint"),
    dated("2025-11-17", "enable_ctx_exports", "disable_ctx_exports"),
    dated("2025-12-03", "enable_fast_jsg_struct", "disable_fast_jsg_struct"),
    Flag {
        implied_by: &["pedantic_wpt"],
        implied_from: "2026-01-13",
        ..dated("2026-01-13", "strip_bom_in_read_all_text", "do_not_strip_bom_in_read_all_text")
    },
    dated("2026-01-20", "rpc_params_dup_stubs", "rpc_params_transfer_stubs"),
    dated("2026-01-22", "require_returns_default_export", "require_returns_namespace"),
    dated("2026-02-17", "python_request_headers_preserve_commas", "disable_python_request_headers_preserve_commas"),
    dated("2026-02-19", "fetch_iterable_type_support", "no_fetch_iterable_type_support"),
    dated("2026-02-24", "delete_all_deletes_alarm", "delete_all_preserves_alarm"),
    Flag {
        implied_by: &["pedantic_wpt"],
        implied_from: "2026-02-24",
        ..dated("2026-02-24", "text_decoder_replace_surrogates", "disable_text_decoder_replace_surrogates")
    },
    dated("2026-03-03", "unhandled_rejection_after_microtask_checkpoint", "no_unhandled_rejection_after_microtask_checkpoint"),
    dated("2026-03-03", "text_decoder_cjk_decoder", "disable_text_decoder_cjk_decoder"),
    dated("2026-03-03", "websocket_close_reason_byte_limit", "no_websocket_close_reason_byte_limit"),
    dated("2026-03-12", "queue_expose_error_codes", "no_queue_expose_error_codes"),
    dated("2026-03-17", "websocket_standard_binary_type", "no_websocket_standard_binary_type"),
    dated("2026-03-24", "writable_stream_spec_compliant_writer", "no_writable_stream_spec_compliant_writer"),
    dated("2026-03-24", "encoder_stream_spec_compliant_backpressure", "no_encoder_stream_spec_compliant_backpressure"),
    dated("2026-04-01", "containers_pid_namespace", "no_containers_pid_namespace"),
    dated("2026-04-07", "web_socket_auto_reply_to_close", "web_socket_manual_reply_to_close"),
    dated("2026-04-21", "enhanced_error_serialization", "legacy_error_serialization"),
    dated("2026-04-21", "enable_python_external_sdk", "disable_python_external_sdk"),
    dated("2026-05-14", "workflows_preserve_non_retryable_error_message", "workflows_replace_non_retryable_error_message"),
    dated("2026-05-19", "diagnostics_channel_has_subscribers_getter", "no_diagnostics_channel_has_subscribers_getter"),
    dated("2026-05-26", "python_process_pth_files", "disable_python_process_pth_files"),
    dated("2026-06-16", "throw_on_not_implemented_tls_options", "no_throw_on_not_implemented_tls_options"),
    dated("2026-08-04", "nodejs_compat", "no_nodejs_compat"),
    Flag {
        implied_by: NODE,
        implied_from: "2024-09-23",
        ..dated("2026-08-04", "nodejs_compat_v2", "no_nodejs_compat_v2")
    },
    Flag { date: Some("2026-08-11"), ..opt_in("workflows_enable_fast_engine_creation", None) },
    dated("2026-09-15", "spec_compliant_dispatch_exceptions", "no_spec_compliant_dispatch_exceptions"),
    dated("2026-10-01", "durable_object_io_tasks_prevent_eviction", "durable_object_io_tasks_do_not_prevent_eviction"),
    dated("2026-11-17", "cache_option_preserves_cache_control", "cache_option_overrides_cache_control"),
    dated("2026-11-17", "enable_request_signal", "disable_request_signal"),
    dated("2026-11-17", "new_module_registry", "legacy_module_registry"),
    dated("2026-11-17", "pipe_to_backward_propagation", "no_pipe_to_backward_propagation"),

    implied("2024-09-23", NODE_ANY, "nodejs_zlib", "no_nodejs_zlib"),
    implied("2025-04-01", NODE, "nodejs_compat_populate_process_env", "nodejs_compat_do_not_populate_process_env"),
    implied("2025-08-07", &["cache_option_enabled"], "cache_no_cache_enabled", "cache_no_cache_disabled"),
    implied("2025-08-15", NODE, "enable_nodejs_http_modules", "disable_nodejs_http_modules"),
    implied("2025-09-01", &["enable_nodejs_http_modules"], "enable_nodejs_http_server_modules", "disable_nodejs_http_server_modules"),
    implied("2025-09-01", NODE, "enable_nodejs_http2_module", "disable_nodejs_http2_module"),
    implied("2025-09-01", NODE, "remove_nodejs_compat_eol", "add_nodejs_compat_eol"),
    implied("2027-04-30", &["remove_nodejs_compat_eol"], "remove_nodejs_compat_eol_v22", "add_nodejs_compat_eol_v22"),
    implied("2025-09-01", &["remove_nodejs_compat_eol_v24"], "remove_nodejs_compat_eol_v23", "add_nodejs_compat_eol_v23"),
    implied("2028-04-30", &["remove_nodejs_compat_eol"], "remove_nodejs_compat_eol_v24", "add_nodejs_compat_eol_v24"),
    implied("2025-09-15", NODE, "enable_nodejs_process_v2", "disable_nodejs_process_v2"),
    implied("2025-09-15", NODE, "enable_nodejs_fs_module", "disable_nodejs_fs_module"),
    implied("2025-09-15", NODE, "enable_nodejs_os_module", "disable_nodejs_os_module"),
    implied("2025-09-20", PYTHON, "python_workflows", "disable_python_workflows"),
    implied("2025-09-21", NODE, "enable_nodejs_console_module", "disable_nodejs_console_module"),
    implied("2025-09-29", PYTHON, "python_workers_20250116", "no_python_workers_20250116"),
    implied("2025-10-01", NODE, "enable_nodejs_vm_module", "disable_nodejs_vm_module"),
    implied("2025-10-16", PYTHON, "python_dedicated_snapshot", "disable_python_dedicated_snapshot"),
    implied("2025-12-04", NODE, "enable_nodejs_domain_module", "disable_nodejs_domain_module"),
    implied("2025-12-04", NODE, "enable_nodejs_punycode_module", "disable_nodejs_punycode_module"),
    implied("2025-12-04", NODE, "enable_nodejs_cluster_module", "disable_nodejs_cluster_module"),
    implied("2025-12-04", NODE, "enable_nodejs_wasi_module", "disable_nodejs_wasi_module"),
    implied("2025-12-04", NODE, "enable_nodejs_trace_events_module", "disable_nodejs_trace_events_module"),
    implied("2025-12-16", PYTHON, "python_check_rng_state", "disable_python_check_rng_state"),
    implied("2026-01-15", &["fetch_iterable_type_support"], "fetch_iterable_type_support_override_adjustment",
        "no_fetch_iterable_type_support_override_adjustment"),
    implied("2026-01-29", NODE, "enable_nodejs_stream_wrap_module", "disable_nodejs_stream_wrap_module"),
    implied("2026-01-29", NODE, "enable_nodejs_dgram_module", "disable_nodejs_dgram_module"),
    implied("2026-01-29", NODE, "enable_nodejs_inspector_module", "disable_nodejs_inspector_module"),
    implied("2026-01-29", NODE, "enable_nodejs_sqlite_module", "disable_nodejs_sqlite_module"),
    implied("2026-02-10", NODE, "enable_nodejs_global_timers", "no_nodejs_global_timers"),
    implied("2026-02-25", PYTHON, "python_workflows_implicit_dependencies", "no_python_workflows_implicit_dependencies"),
    implied("2026-03-17", NODE, "enable_nodejs_perf_hooks_module", "disable_nodejs_perf_hooks_module"),
    implied("2026-03-17", NODE, "enable_nodejs_v8_module", "disable_nodejs_v8_module"),
    implied("2026-03-17", NODE, "enable_nodejs_tty_module", "disable_nodejs_tty_module"),
    implied("2026-03-17", NODE, "enable_nodejs_child_process_module", "disable_nodejs_child_process_module"),
    implied("2026-03-17", NODE, "enable_nodejs_worker_threads_module", "disable_nodejs_worker_threads_module"),
    implied("2026-03-17", NODE, "enable_nodejs_readline_module", "disable_nodejs_readline_module"),
    implied("2026-03-17", NODE, "enable_nodejs_repl_module", "disable_nodejs_repl_module"),
    implied("2026-03-17", NODE, "enable_global_performance_classes", "disable_global_performance_classes"),

    opt_in("html_rewriter_treats_esi_include_as_void_tag", None),
    opt_in("nodejs_als", Some("no_nodejs_als")),
    Flag {
        implied_by: &["python_workers_development"],
        implied_from: "2000-01-01",
        ..opt_in("python_workers", None)
    },
    opt_in("python_external_packages", None),
    opt_in("global_fetch_strictly_public", Some("global_fetch_private_origin")),
    opt_in("queue_consumer_no_wait_for_wait_until", Some("queue_consumer_wait_for_wait_until")),
    opt_in("disallow_importable_env", Some("allow_importable_env")),
    opt_in("request_signal_passthrough", Some("no_request_signal_passthrough")),
    opt_in("pedantic_wpt", Some("non_pedantic_wpt")),
    opt_in("enable_email_sending_queuing", Some("disable_email_sending_queuing")),
    opt_in("enable_streams_nodejs_v24_compat", Some("disable_streams_nodejs_v24_compat")),
    opt_in("immutable_api_prototypes", Some("mutable_api_prototypes")),
    opt_in("env_module_nullable_support", Some("no_env_module_nullable_support")),
    opt_in("allow_irrevocable_stub_storage", None),
    opt_in("no_resizable_array_buffer_in_blob", None),
    opt_in("python_workers_20260610", Some("no_python_workers_20260610")),
    opt_in("nonclass_entrypoint_reuses_ctx_across_invocations", None),
    // Everybody has these; older configurations still name them.
    opt_in("durable_object_alarms", None),
    opt_in("tcp_sockets_support", None),
    Flag { date: Some("2000-01-01"), ..opt_in("r2_public_beta_bindings", Some("r2_internal_beta_bindings")) },
    Flag { date: Some("2025-03-10"), ..opt_in("unique_ctx_per_invocation", None) },

    experimental("experimental", None),
    experimental("durable_object_get_existing", None),
    experimental("durable_object_rename", None),
    experimental("service_binding_extra_handlers", None),
    experimental("unsafe_module", None),
    experimental("js_rpc", None),
    experimental("rtti_api", None),
    experimental("webgpu", None),
    experimental("kv_direct_binding", None),
    experimental("increase_websocket_message_size", None),
    experimental("python_workers_development", None),
    experimental("replica_routing", None),
    experimental("enable_d1_with_sessions_api", None),
    experimental("tail_worker_user_spans", None),
    experimental("memory_cache_delete", None),
    experimental("streaming_tail_worker", None),
    experimental("python_workers_durable_objects", None),
    experimental("enable_web_file_system", None),
    experimental("enable_abortsignal_rpc", None),
    experimental("connect_pass_through", None),
    experimental("unsupported_process_actual_platform", None),
    experimental("typescript_strip_types", None),
    experimental("allow_insecure_inefficient_logged_eval", None),
    experimental("cache_reload_enabled", Some("cache_reload_disabled")),
    experimental("precise_timers", Some("no_precise_timers")),
    experimental("streams_no_default_auto_allocate_chunk_size", Some("streams_auto_allocate_chunk_size_default")),
    experimental("enable_version_api", None),
    experimental("spec_compliant_property_attributes", None),
    experimental("enable_ctx_version_metadata", None),
    experimental("workflows_step_rollback", None),
    experimental("auto_grpc_convert", None),
    experimental("enable_nodejs_inspector_local_dev", None),
    experimental("d1_binding_jsrpc", None),
    experimental("workflows_bindings_rpc", None),
    experimental("typescript_implemented_streams", None),
    experimental("expose_draining_reader", None),
    experimental("wasm_memory_discard", None),
    experimental("python_workers_20260817", None),
    experimental("enable_workerd_debug_module", None),
];
