//! Which files are modules of their own, and of what kind: the configuration's `rules` before the defaults (§4.5).
//!
//! The first rule of a kind that does not fall through ends that kind: later rules of it, the defaults included, are
//! ignored, and a file that only they match is an error rather than a surprise.
//!
//! Invariant: pure.

use super::ModuleKind;
use super::glob::{self, Reading};
use std::fmt::Write as _;

/// What a rule makes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleKind {
    /// A string.
    Text,
    /// An `ArrayBuffer`.
    Data,
    /// A `WebAssembly.Module`.
    CompiledWasm,
    /// An ES module; only for additional modules.
    ESModule,
    /// A CommonJS module; only for additional modules.
    CommonJS,
}

impl RuleKind {
    /// wrangler's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Data => "Data",
            Self::CompiledWasm => "CompiledWasm",
            Self::ESModule => "ESModule",
            Self::CommonJS => "CommonJS",
        }
    }

    /// What a file of this kind is to the worker.
    pub(super) fn module_kind(self) -> ModuleKind {
        match self {
            Self::Text => ModuleKind::Text,
            Self::Data => ModuleKind::Data,
            Self::CompiledWasm => ModuleKind::Wasm,
            Self::ESModule => ModuleKind::Esm,
            Self::CommonJS => ModuleKind::CommonJs,
        }
    }

    /// Whether the bundler reads such a file itself.
    pub(super) fn is_javascript(self) -> bool {
        matches!(self, Self::ESModule | Self::CommonJS)
    }
}

/// One of the configuration's rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `type`.
    pub kind: RuleKind,
    /// `globs`.
    pub globs: Vec<String>,
    /// `fallthrough`: whether later rules of the same kind count as well; none when the rule does not say.
    pub fallthrough: Option<bool>,
}

impl Rule {
    fn new(kind: RuleKind, globs: &[&str]) -> Self {
        Self { kind, globs: globs.iter().map(|glob| (*glob).to_owned()).collect(), fallthrough: None }
    }

    fn matches(&self, text: &str, reading: Reading) -> bool {
        self.globs.iter().any(|glob| glob::matches(glob, text, reading))
    }

    /// The rule as wrangler shows it.
    fn json(&self) -> String {
        let mut value = serde_json::json!({ "type": self.kind.name(), "globs": self.globs });
        if let Some(fallthrough) = self.fallthrough {
            value["fallthrough"] = fallthrough.into();
        }
        value.to_string()
    }
}

/// All rules, in the order in which they are asked.
#[derive(Debug)]
pub(super) struct RuleSet {
    kept: Vec<Rule>,
    ignored: Vec<Rule>,
    /// What the reader is told about rules that are ignored without having been asked to.
    pub(super) warnings: Vec<String>,
}

impl RuleSet {
    pub(super) fn new(configured: &[Rule]) -> Self {
        let defaults = [
            Rule::new(RuleKind::Text, &["**/*.txt", "**/*.html", "**/*.sql"]),
            Rule::new(RuleKind::Data, &["**/*.bin"]),
            Rule::new(RuleKind::CompiledWasm, &["**/*.wasm", "**/*.wasm?module"]),
        ];
        let mut set = Self { kept: Vec::new(), ignored: Vec::new(), warnings: Vec::new() };
        // The rules that end a kind, each with the text of those that it makes ignored.
        let mut ends: Vec<(Rule, String)> = Vec::new();
        let all = configured.iter().map(|rule| (rule, false)).chain(defaults.iter().map(|rule| (rule, true)));
        for (rule, is_default) in all {
            if let Some((_, lost)) = ends.iter_mut().find(|(end, _)| end.kind == rule.kind) {
                let suffix = if is_default { " (DEFAULT)" } else { "" };
                let _ = write!(lost, "\n {}{suffix}", rule.json());
                set.ignored.push(rule.clone());
                continue;
            }
            set.kept.push(rule.clone());
            if rule.fallthrough != Some(true) {
                ends.push((rule.clone(), String::new()));
            }
        }
        let unasked = ends.iter().filter(|(end, lost)| !lost.is_empty() && end.fallthrough.is_none());
        set.warnings = unasked.map(|(end, lost)| redundancy(end, lost)).collect();
        set
    }

    /// The kind of a file that an import names, by the text of the import.
    pub(super) fn of_specifier(&self, specifier: &str) -> Matched {
        let kept = self.kept.iter().filter(|rule| !rule.kind.is_javascript());
        self.first(kept, specifier, Reading::Specifier)
    }

    /// The kind of a file that nothing imports, by its path.
    pub(super) fn of_path(&self, path: &str) -> Matched {
        self.first(self.kept.iter(), path, Reading::Path)
    }

    fn first<'a>(&'a self, mut kept: impl Iterator<Item = &'a Rule>, text: &str, reading: Reading) -> Matched {
        if let Some(rule) = kept.find(|rule| rule.matches(text, reading)) {
            return Matched::Kind(rule.kind);
        }
        // Ignored rules are always read loosely: so does wrangler.
        match self.ignored.iter().find(|rule| rule.matches(text, Reading::Specifier)) {
            Some(rule) => Matched::Ignored(rule.json()),
            None => Matched::Nothing,
        }
    }
}

/// What the rules say about a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Matched {
    /// It is a module of this kind.
    Kind(RuleKind),
    /// Only this ignored rule matches it: an error.
    Ignored(String),
    /// They do not mention it.
    Nothing,
}

/// wrangler's error for a file that only an ignored rule matches.
pub(super) fn ignored_message(file: &str, rule: &str) -> String {
    format!(
        "The file {file} matched a module rule in your configuration ({rule}), but was ignored because a previous rule \
         with the same type was not marked as `fallthrough = true`."
    )
}

fn redundancy(end: &Rule, lost: &str) -> String {
    format!(
        "warning: The module rule {} does not have a fallback, the following rules will be ignored:{lost}\n\n\
         Add `fallthrough = true` to rule to allow next rule to be used or `fallthrough = false` to silence this \
         warning",
        end.json()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(kind: RuleKind, glob: &str, fallthrough: Option<bool>) -> Rule {
        Rule { kind, globs: vec![glob.to_owned()], fallthrough }
    }

    #[test]
    fn a_rule_replaces_the_defaults_of_its_kind_unless_it_falls_through() {
        let text = r#"{"type":"Text","globs":["**/*.txt","**/*.html","**/*.sql"]}"#;
        let cases = [
            (vec![], "./a.html", Matched::Kind(RuleKind::Text)),
            (vec![], "./a.wasm?module", Matched::Kind(RuleKind::CompiledWasm)),
            (vec![], "./a.md", Matched::Nothing),
            (vec![rule(RuleKind::Text, "**/*.md", Some(true))], "./a.html", Matched::Kind(RuleKind::Text)),
            (vec![rule(RuleKind::Text, "**/*.md", Some(false))], "./a.md", Matched::Kind(RuleKind::Text)),
            (vec![rule(RuleKind::Text, "**/*.md", Some(false))], "./a.html", Matched::Ignored(text.to_owned())),
            (vec![rule(RuleKind::Data, "**/*.html", None)], "./a.html", Matched::Kind(RuleKind::Data)),
            (vec![rule(RuleKind::ESModule, "**/*.html", None)], "./a.html", Matched::Kind(RuleKind::Text)),
        ];
        for (rules, specifier, expected) in cases {
            assert_eq!(RuleSet::new(&rules).of_specifier(specifier), expected, "{rules:?} {specifier}");
        }
    }

    #[test]
    fn rules_that_are_lost_unasked_are_told() {
        let silent = RuleSet::new(&[rule(RuleKind::Text, "**/*.md", Some(false))]);
        assert!(silent.warnings.is_empty());
        let told = RuleSet::new(&[rule(RuleKind::Text, "**/*.md", None)]);
        assert_eq!(told.warnings.len(), 1);
        assert!(told.warnings[0].contains("(DEFAULT)"), "{}", told.warnings[0]);
    }
}
