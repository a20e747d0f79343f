//! The service bindings: other workers, or other entrypoints of the same one, that `env` gives access to.
//!
//! Invariant: checks names against the file; which workers there are is the caller's to know.

use super::diagnostic::{Place, Reader, shown};
use super::environment::Environment;
use super::name;
use super::syntax::Node;

/// The name of the default export, which is also meant when no entrypoint is given.
const DEFAULT_EXPORT: &str = "default";

/// `env.NAME` as another worker (reference §3.19).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceBinding {
    /// The name in `env`.
    pub name: String,
    /// The worker that answers, with its environment where one is given. It may be this one.
    pub service: String,
    /// The named export that answers; none is the default export.
    pub entrypoint: Option<String>,
    /// What the named export sees as `ctx.props`: an object.
    pub props: Option<serde_json::Value>,
    /// Where the file says so.
    pub place: Place,
}

/// Reads `services`.
pub(super) fn read(reader: &mut Reader<'_>, environment: &Environment<'_>) -> Vec<ServiceBinding> {
    let Some(found) = environment.get("services") else { return Vec::new() };
    found.node.items().iter().filter_map(|item| read_one(reader, item)).collect()
}

fn read_one(reader: &mut Reader<'_>, item: &Node) -> Option<ServiceBinding> {
    let (name_node, service_node) = (item.get("binding")?, item.get("service")?);
    let (name, service) = (name_node.as_text()?, service_node.as_text()?);
    if !name::is_identifier(name) {
        let message = format!("`{}` is not the name of a binding", shown(name));
        reader
            .error(&name_node.span, message)
            .help("use letters, digits and `_`, and start with no digit: it is `env.NAME`");
    }
    name::check(reader, service, &service_node.span, "service");
    if let Some(node) = item.get("entrypoint").filter(|node| node.is_empty()) {
        reader.error(&node.span, "`entrypoint` is empty").help("leave it out: the default export answers then");
    }
    if let Some(node) = item.get("remote").filter(|node| !node.is_empty()) {
        reader.note(&node.span, "`remote` is not supported: the worker has to run here");
    }
    let service = match item.text("environment") {
        Some(environment) => format!("{service}-{environment}"),
        None => service.to_owned(),
    };
    Some(ServiceBinding {
        name: name.to_owned(),
        service,
        entrypoint: item.text("entrypoint").filter(|entrypoint| *entrypoint != DEFAULT_EXPORT).map(str::to_owned),
        props: item.get("props").filter(|node| !node.is_empty()).map(Node::to_json),
        place: reader.file.place(&item.span),
    })
}
