//! The table of wrangler's configuration keys: where each may stand, what it looks like, and what emu does with it.
//!
//! Source: `reference/platform.md` §4.2 and §4.3. Supporting another key means changing its row here.
//!
//! Invariant: data only; no behaviour and no text of the user's.

use super::shape::{Field, Shape, optional, required};

/// Where a key may stand and how an environment gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Only at the top level of the file.
    Top,
    /// An environment takes the top level's value when it has none of its own.
    Inherited,
    /// An environment has its own value or the default, never the top level's.
    Own,
}

/// What emu does with a key.
#[derive(Clone, Copy, Debug)]
pub(super) enum Local {
    /// It is read, or has no effect that anybody would miss in local development.
    Quiet,
    /// It names bindings which do not exist yet.
    NoBindings,
    /// It has no effect, and the sentence says which.
    Lacks(&'static str),
}

/// One key of the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) scope: Scope,
    pub(super) shape: Shape,
    pub(super) local: Local,
    /// What a binding of this key is called, when the key makes bindings.
    pub(super) binding: Option<&'static str>,
}

/// A key that wrangler no longer reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retired {
    pub(super) name: &'static str,
    /// Whether the worker behaves differently without it, so that it must not be overlooked.
    pub(super) is_error: bool,
    pub(super) help: &'static str,
}

const fn key(name: &'static str, scope: Scope, shape: Shape) -> Key {
    Key { name, scope, shape, local: Local::Quiet, binding: None }
}

const fn lacking(name: &'static str, scope: Scope, shape: Shape, lack: &'static str) -> Key {
    Key { local: Local::Lacks(lack), ..key(name, scope, shape) }
}

/// A key whose bindings are not created yet.
const fn unbound(name: &'static str, shape: Shape, binding: &'static str) -> Key {
    Key { local: Local::NoBindings, binding: Some(binding), ..key(name, Scope::Own, shape) }
}

const TEXTS: Shape = Shape::Items(&Shape::Text);

const DEV: Shape = Shape::Record(&[
    optional("ip", Shape::Text),
    optional("port", Shape::Number),
    optional("inspector_port", Shape::Number),
    optional("inspector_ip", Shape::Text),
    optional("local_protocol", Shape::Text),
    optional("upstream_protocol", Shape::Text),
    optional("host", Shape::Text),
    optional("enable_containers", Shape::Flag),
    optional("container_engine", Shape::Any),
    optional("generate_types", Shape::Flag),
]);

const BUILD: Shape = Shape::Record(&[
    optional("command", Shape::Text),
    optional("cwd", Shape::Text),
    optional("watch_dir", Shape::TextOrTexts),
    optional("upload", Shape::Any),
]);

const CLASS_RENAME: &[Field] = &[required("from", Shape::Text), required("to", Shape::Text)];
const CLASS_TRANSFER: &[Field] =
    &[required("from", Shape::Text), required("from_script", Shape::Text), required("to", Shape::Text)];

const MIGRATIONS: Shape = Shape::Items(&Shape::Record(&[
    required("tag", Shape::Text),
    optional("new_classes", TEXTS),
    optional("new_sqlite_classes", TEXTS),
    optional("renamed_classes", Shape::Items(&Shape::Record(CLASS_RENAME))),
    optional("deleted_classes", TEXTS),
    optional("transferred_classes", Shape::Items(&Shape::Record(CLASS_TRANSFER))),
]));

const EXPORTS: Shape = Shape::Map(&Shape::Record(&[
    required("type", Shape::Text),
    optional("state", Shape::Text),
    optional("storage", Shape::Text),
    optional("renamed_to", Shape::Text),
    optional("transferred_to", Shape::Text),
    optional("transfer_from", Shape::Text),
    optional("container", Shape::Text),
    optional("cache", Shape::Object),
]));

const DURABLE_OBJECTS: Shape = Shape::Record(&[
    required(
        "bindings",
        Shape::Items(&Shape::Record(&[
            required("name", Shape::Text),
            required("class_name", Shape::Text),
            optional("script_name", Shape::Text),
            optional("environment", Shape::Text),
            optional("remote", Shape::Flag),
        ])),
    ),
    optional("code_update_strategy", Shape::Object),
]);

const SERVICES: Shape = Shape::Items(&Shape::Record(&[
    required("binding", Shape::Text),
    required("service", Shape::Text),
    optional("entrypoint", Shape::Text),
    optional("props", Shape::Object),
    optional("environment", Shape::Text),
    optional("remote", Shape::Flag),
]));

const LOGS: Shape = Shape::Record(&[
    optional("enabled", Shape::Flag),
    optional("head_sampling_rate", Shape::Number),
    optional("invocation_logs", Shape::Flag),
    optional("persist", Shape::Flag),
    optional("destinations", TEXTS),
]);

const OBSERVABILITY: Shape = Shape::Record(&[
    optional("enabled", Shape::Flag),
    optional("head_sampling_rate", Shape::Number),
    optional("logs", LOGS),
    optional("traces", LOGS),
]);

const RULES: Shape = Shape::Items(&Shape::Record(&[
    required("type", Shape::Text),
    required("globs", TEXTS),
    optional("fallthrough", Shape::Flag),
]));

const LIMITS: Shape = Shape::Record(&[optional("cpu_ms", Shape::Number), optional("subrequests", Shape::Number)]);
const TRIGGERS: Shape = Shape::Record(&[optional("crons", TEXTS), optional("events", Shape::Array)]);
const SECRETS: Shape = Shape::Record(&[optional("required", TEXTS)]);

/// Every key, in the order of the reference.
pub(super) const KEYS: &[Key] = &[
    key("$schema", Scope::Top, Shape::Text),
    key("send_metrics", Scope::Top, Shape::Flag),
    key("dependencies_instrumentation", Scope::Top, Shape::Object),
    key("dev", Scope::Top, DEV),
    lacking("site", Scope::Top, Shape::Object, "the files are not served"),
    Key { scope: Scope::Top, ..unbound("wasm_modules", Shape::Object, "Wasm Module") },
    Key { scope: Scope::Top, ..unbound("text_blobs", Shape::Object, "Text Blob") },
    Key { scope: Scope::Top, ..unbound("data_blobs", Shape::Object, "Data Blob") },
    key("alias", Scope::Top, Shape::Map(&Shape::Text)),
    key("keep_vars", Scope::Top, Shape::Flag),
    key("addresses", Scope::Top, TEXTS),
    lacking("pages_build_output_dir", Scope::Top, Shape::Text, "Pages projects are not served"),
    key("env", Scope::Top, Shape::Map(&Shape::Object)),
    // A configuration generated by a build tool says where it comes from.
    key("configPath", Scope::Top, Shape::Any),
    key("userConfigPath", Scope::Top, Shape::Any),
    key("topLevelName", Scope::Top, Shape::Any),
    key("definedEnvironments", Scope::Top, Shape::Any),
    key("targetEnvironment", Scope::Top, Shape::Any),
    key("name", Scope::Inherited, Shape::Text),
    key("account_id", Scope::Inherited, Shape::Text),
    key("compatibility_date", Scope::Inherited, Shape::Text),
    key("compatibility_flags", Scope::Inherited, TEXTS),
    key("main", Scope::Inherited, Shape::Text),
    key("find_additional_modules", Scope::Inherited, Shape::Flag),
    key("preserve_file_names", Scope::Inherited, Shape::Flag),
    key("base_dir", Scope::Inherited, Shape::Text),
    key("workers_dev", Scope::Inherited, Shape::Flag),
    key("preview_urls", Scope::Inherited, Shape::Flag),
    key("routes", Scope::Inherited, Shape::Array),
    key("route", Scope::Inherited, Shape::Any),
    key("tsconfig", Scope::Inherited, Shape::Text),
    key("jsx_factory", Scope::Inherited, Shape::Text),
    key("jsx_fragment", Scope::Inherited, Shape::Text),
    key("migrations", Scope::Inherited, MIGRATIONS),
    key("exports", Scope::Inherited, EXPORTS),
    key("triggers", Scope::Inherited, TRIGGERS),
    key("limits", Scope::Inherited, LIMITS),
    key("rules", Scope::Inherited, RULES),
    key("build", Scope::Inherited, BUILD),
    key("no_bundle", Scope::Inherited, Shape::Flag),
    key("minify", Scope::Inherited, Shape::Flag),
    key("keep_names", Scope::Inherited, Shape::Flag),
    key("first_party_worker", Scope::Inherited, Shape::Flag),
    Key { binding: Some("logfwdr"), ..key("logfwdr", Scope::Inherited, Shape::Object) },
    key("logpush", Scope::Inherited, Shape::Flag),
    key("upload_source_maps", Scope::Inherited, Shape::Flag),
    key("placement", Scope::Inherited, Shape::Object),
    Key {
        binding: Some("Assets"),
        ..lacking("assets", Scope::Inherited, Shape::Object, "the files are not served and the binding is not created")
    },
    key("observability", Scope::Inherited, OBSERVABILITY),
    lacking("access", Scope::Inherited, Shape::Object, "requests carry no Access identity"),
    key("cache", Scope::Inherited, Shape::Object),
    key("compliance_region", Scope::Inherited, Shape::Text),
    key("python_modules", Scope::Inherited, Shape::Object),
    key("previews", Scope::Inherited, Shape::Object),
    key("define", Scope::Own, Shape::Map(&Shape::Text)),
    Key { binding: Some("Environment Variable"), ..key("vars", Scope::Own, Shape::Object) },
    key("secrets", Scope::Own, SECRETS),
    Key { binding: Some("Durable Object"), ..key("durable_objects", Scope::Own, DURABLE_OBJECTS) },
    unbound("workflows", Shape::Array, "Workflow"),
    key("cloudchamber", Scope::Own, Shape::Object),
    lacking("containers", Scope::Own, Shape::Array, "no container is started"),
    unbound("kv_namespaces", Shape::Array, "KV Namespace"),
    unbound("send_email", Shape::Array, "Send Email"),
    Key {
        local: Local::Lacks("the bindings are not created and no messages are delivered"),
        ..unbound("queues", Shape::Object, "Queue")
    },
    lacking("connect", Scope::Own, Shape::Array, "no TCP connections are accepted"),
    unbound("r2_buckets", Shape::Array, "R2 Bucket"),
    unbound("d1_databases", Shape::Array, "D1 Database"),
    unbound("vectorize", Shape::Array, "Vectorize Index"),
    unbound("ai_search_namespaces", Shape::Array, "AI Search Namespace"),
    unbound("ai_search", Shape::Array, "AI Search Instance"),
    unbound("agent_memory", Shape::Array, "Agent Memory"),
    unbound("websearch", Shape::Object, "Web Search"),
    unbound("hyperdrive", Shape::Array, "Hyperdrive Config"),
    Key { binding: Some("Worker"), ..key("services", Scope::Own, SERVICES) },
    unbound("analytics_engine_datasets", Shape::Array, "Analytics Engine Dataset"),
    unbound("browser", Shape::Object, "Browser Run"),
    unbound("ai", Shape::Object, "AI"),
    unbound("images", Shape::Object, "Images"),
    unbound("media", Shape::Object, "Media"),
    unbound("stream", Shape::Object, "Stream"),
    unbound("version_metadata", Shape::Object, "Worker Version Metadata"),
    unbound("unsafe", Shape::Object, "Unsafe Metadata"),
    unbound("mtls_certificates", Shape::Array, "mTLS Certificate"),
    lacking("tail_consumers", Scope::Own, Shape::Array, "nothing is sent to them"),
    lacking("streaming_tail_consumers", Scope::Own, Shape::Array, "nothing is sent to them"),
    unbound("dispatch_namespaces", Shape::Array, "Dispatch Namespace"),
    unbound("pipelines", Shape::Array, "Pipeline"),
    unbound("secrets_store_secrets", Shape::Array, "Secrets Store Secret"),
    unbound("artifacts", Shape::Array, "Artifacts"),
    unbound("unsafe_hello_world", Shape::Array, "Hello World"),
    unbound("flagship", Shape::Array, "Flagship"),
    unbound("ratelimits", Shape::Array, "Rate Limit"),
    unbound("worker_loaders", Shape::Array, "Worker Loader"),
    unbound("vpc_services", Shape::Array, "VPC Service"),
    unbound("vpc_networks", Shape::Array, "VPC Network"),
];

const fn retired(name: &'static str, help: &'static str) -> Retired {
    Retired { name, is_error: false, help }
}

/// Keys of earlier wranglers.
pub(super) const RETIRED: &[Retired] = &[
    retired("usage_model", "remove it: every worker has the standard usage model"),
    retired("type", "remove it: `main` says what the worker is made of, and `build` how it is built"),
    retired("zone_id", "remove it: a route names its zone, as in { \"pattern\": …, \"zone_id\": … }"),
    retired("webpack_config", "remove it: bundle with `build.command` if `main` needs it"),
    retired("kv-namespaces", "rename it to `kv_namespaces`"),
    retired("experimental_services", "rename it to `services`"),
    retired("legacy_env", "remove it: an environment is a worker of its own, named `<name>-<environment>`"),
    retired("legacy_assets", "use `assets`"),
    retired("experimental_assets", "use `assets`"),
    retired("miniflare", "remove it: it belonged to miniflare 2"),
    retired("tail_consumer", "rename it to `tail_consumers`, an array"),
    retired("entry-point", "rename it to `main`"),
    retired("watch_dir", "move it into `build`"),
    Retired {
        name: "node_compat",
        is_error: true,
        help: "replace it by the compatibility flag: \"compatibility_flags\": [\"nodejs_compat\"]",
    },
];

/// The row of a key.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_key_has_two_rows() {
        let names: BTreeSet<&str> =
            KEYS.iter().map(|key| key.name).chain(RETIRED.iter().map(|retired| retired.name)).collect();
        assert_eq!(names.len(), KEYS.len() + RETIRED.len());
    }

    #[test]
    fn scopes_follow_the_reference() {
        let cases = [
            (Scope::Top, "dev alias site env keep_vars"),
            (Scope::Inherited, "name main migrations exports build limits triggers observability assets rules"),
            (Scope::Own, "vars secrets define durable_objects kv_namespaces queues services unsafe"),
        ];
        for (scope, names) in cases {
            for name in names.split(' ') {
                assert_eq!(find(name).map(|key| key.scope), Some(scope), "{name}");
            }
        }
    }
}
