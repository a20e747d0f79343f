//! The modules that are not files: Node.js's, and the platform's own.
//!
//! Invariant: names only; what the modules do is the engine's.

/// Node.js's modules that may be imported without `node:`. Those that must not (`node:test`, `node:sqlite`) are names
/// of packages without it.
const NODE: &[&str] = &[
    "_http_agent",
    "_http_client",
    "_http_common",
    "_http_incoming",
    "_http_outgoing",
    "_http_server",
    "_stream_duplex",
    "_stream_passthrough",
    "_stream_readable",
    "_stream_transform",
    "_stream_wrap",
    "_stream_writable",
    "_tls_common",
    "_tls_wrap",
    "assert",
    "assert/strict",
    "async_hooks",
    "buffer",
    "child_process",
    "cluster",
    "console",
    "constants",
    "crypto",
    "dgram",
    "diagnostics_channel",
    "dns",
    "dns/promises",
    "domain",
    "events",
    "fs",
    "fs/promises",
    "http",
    "http2",
    "https",
    "inspector",
    "inspector/promises",
    "module",
    "net",
    "os",
    "path",
    "path/posix",
    "path/win32",
    "perf_hooks",
    "process",
    "punycode",
    "querystring",
    "readline",
    "readline/promises",
    "repl",
    "stream",
    "stream/consumers",
    "stream/promises",
    "stream/web",
    "string_decoder",
    "sys",
    "timers",
    "timers/promises",
    "tls",
    "trace_events",
    "tty",
    "url",
    "util",
    "util/types",
    "v8",
    "vm",
    "wasi",
    "worker_threads",
    "zlib",
];

/// The name with `node:` of one of Node.js's modules.
pub(super) fn node(specifier: &str) -> Option<String> {
    if specifier.starts_with("node:") {
        return Some(specifier.to_owned());
    }
    NODE.binary_search(&specifier).ok().map(|_| format!("node:{specifier}"))
}

/// Whether the platform itself answers this import, whatever the compatibility flags.
pub(super) fn is_platform(specifier: &str) -> bool {
    specifier.starts_with("cloudflare:")
        || specifier.starts_with("workerd:")
        || specifier == "__STATIC_CONTENT_MANIFEST"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_by_binary_search() {
        assert!(NODE.is_sorted());
        let cases = [
            ("fs", Some("node:fs")),
            ("node:fs", Some("node:fs")),
            ("fs/promises", Some("node:fs/promises")),
            ("zlib", Some("node:zlib")),
            ("node:test", Some("node:test")),
            ("test", None),
            ("punycode/", None),
            ("fs-extra", None),
        ];
        for (specifier, name) in cases {
            assert_eq!(node(specifier).as_deref(), name, "{specifier}");
        }
    }
}
