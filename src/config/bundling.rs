//! How source becomes a worker: `rules`, `alias`, `define`, `no_bundle` and their like.
//!
//! Invariant: checks what the keys say; reads no source and resolves no path.

use std::path::PathBuf;

use super::diagnostic::{Reader, shown};
use super::environment::Environment;
use super::syntax::{Node, Value};

/// What a rule makes of the files that it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleType {
    /// A string.
    Text,
    /// An `ArrayBuffer`.
    Data,
    /// A `WebAssembly.Module`.
    CompiledWasm,
    /// An ES module.
    EsModule,
    /// A CommonJS module.
    CommonJs,
}

/// wrangler's names of the types that emu knows.
const RULE_TYPES: [(&str, RuleType); 5] = [
    ("Text", RuleType::Text),
    ("Data", RuleType::Data),
    ("CompiledWasm", RuleType::CompiledWasm),
    ("ESModule", RuleType::EsModule),
    ("CommonJS", RuleType::CommonJs),
];

/// One of `rules`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleRule {
    /// `type`.
    pub kind: RuleType,
    /// `globs`.
    pub globs: Vec<String>,
    /// `fallthrough`, where it is said.
    pub fallthrough: Option<bool>,
}

/// How source becomes a worker. Paths are relative to the folder of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bundling {
    /// `rules`, in order.
    pub rules: Vec<ModuleRule>,
    /// `alias`: import specifiers and what they stand for.
    pub alias: Vec<(String, String)>,
    /// `define`: expressions and the source text in their place.
    pub define: Vec<(String, String)>,
    /// `no_bundle`
    pub no_bundle: bool,
    /// `find_additional_modules`
    pub find_additional_modules: bool,
    /// `base_dir`
    pub base_dir: Option<PathBuf>,
    /// `tsconfig`
    pub tsconfig: Option<PathBuf>,
    /// `jsx_factory`
    pub jsx_factory: Option<String>,
    /// `jsx_fragment`
    pub jsx_fragment: Option<String>,
    /// `minify`
    pub minify: bool,
}

pub(super) fn read(reader: &mut Reader<'_>, environment: &Environment<'_>) -> Bundling {
    let text = |key| environment.get(key).and_then(|found| found.node.as_text()).map(str::to_owned);
    let path = |key| text(key).map(PathBuf::from);
    let flag = |key| environment.get(key).and_then(|found| found.node.as_flag()).unwrap_or(false);
    Bundling {
        rules: read_rules(reader, environment),
        alias: pairs(environment, "alias"),
        define: pairs(environment, "define"),
        no_bundle: flag("no_bundle"),
        find_additional_modules: flag("find_additional_modules"),
        base_dir: path("base_dir"),
        tsconfig: path("tsconfig"),
        jsx_factory: text("jsx_factory"),
        jsx_fragment: text("jsx_fragment"),
        minify: flag("minify"),
    }
}

fn pairs(environment: &Environment<'_>, key: &str) -> Vec<(String, String)> {
    let Some(found) = environment.get(key) else { return Vec::new() };
    let Value::Object(members) = &found.node.value else { return Vec::new() };
    members.iter().filter_map(|member| Some((member.key.to_string(), member.node.as_text()?.to_owned()))).collect()
}

fn read_rules(reader: &mut Reader<'_>, environment: &Environment<'_>) -> Vec<ModuleRule> {
    let Some(found) = environment.get("rules") else { return Vec::new() };
    let mut rules = Vec::new();
    for item in found.node.items() {
        let (Some(kind), Some(globs)) = (item.get("type"), item.get("globs")) else { continue };
        let Some(name) = kind.as_text() else { continue };
        let Some((_, kind)) = RULE_TYPES.iter().find(|(known, _)| *known == name) else {
            let message = format!("`{}` is no type of module that emu knows", shown(name));
            let known: Vec<_> = RULE_TYPES.iter().map(|(name, _)| *name).collect();
            reader.error(&kind.span, message).help(format!("the types are {}", known.join(", ")));
            continue;
        };
        rules.push(ModuleRule {
            kind: *kind,
            globs: globs.items().iter().filter_map(Node::as_text).map(str::to_owned).collect(),
            fallthrough: item.get("fallthrough").and_then(Node::as_flag),
        });
    }
    rules
}
