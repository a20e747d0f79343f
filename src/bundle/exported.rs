//! The names that a module exports, told from its text.
//!
//! Invariant: pure. Of a CommonJS module these are the names that it sets in plain sight, as Node.js finds them.

use oxc::allocator::Allocator;
use oxc::ast::ast::{Argument, AssignmentExpression, AssignmentTarget, CallExpression, Expression, ObjectPropertyKind};
use oxc::ast_visit::{Visit, walk};
use oxc::parser::Parser;
use oxc::span::SourceType;
use oxc::syntax::module_record::{ExportEntry, ExportExportName, ModuleRecord};
use std::collections::BTreeSet;
use std::path::Path;

/// What a module exports.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Exported {
    pub(super) names: BTreeSet<String>,
    /// The modules all of whose names it exports as well.
    pub(super) all_of: Vec<String>,
}

/// What a module exports. One that is no JavaScript has a default export.
pub(super) fn exported(path: &Path, text: &str) -> Exported {
    let Ok(kind) = SourceType::from_path(path) else {
        return Exported { names: ["default".to_owned()].into(), all_of: Vec::new() };
    };
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, text, kind.with_module(true)).parse();
    if parsed.module_record.has_module_syntax {
        return of_record(&parsed.module_record);
    }
    let mut common_js = CommonJs::default();
    common_js.0.names.insert("default".to_owned());
    common_js.visit_program(&parsed.program);
    common_js.0
}

fn of_record(record: &ModuleRecord<'_>) -> Exported {
    let name = |entry: &ExportEntry<'_>| match &entry.export_name {
        ExportExportName::Name(name) => Some(name.name.to_string()),
        ExportExportName::Default(_) => Some("default".to_owned()),
        ExportExportName::Null => None,
    };
    let named = record.local_export_entries.iter().chain(&record.indirect_export_entries);
    let from = |entry: &ExportEntry<'_>| entry.module_request.as_ref().map(|from| from.name.to_string());
    let all = record.star_export_entries.iter();
    let names = named.filter(|entry| !entry.is_type).chain(all.clone()).filter_map(name).collect();
    Exported { names, all_of: all.filter(|entry| name(entry).is_none()).filter_map(from).collect() }
}

/// `exports.a = …`, `module.exports = { a, b }`, `module.exports = require("…")`, `Object.defineProperty(exports, "a", …)`,
/// and TypeScript's `__exportStar(require("…"), exports)`.
#[derive(Default)]
struct CommonJs(Exported);

impl<'a> Visit<'a> for CommonJs {
    fn visit_assignment_expression(&mut self, assignment: &AssignmentExpression<'a>) {
        if let AssignmentTarget::StaticMemberExpression(member) = &assignment.left {
            let name = member.property.name.as_str();
            match &member.object {
                object if is_exports(object) => self.add(name),
                Expression::Identifier(object) if object.name == "module" && name == "exports" => {
                    self.whole(&assignment.right);
                }
                _ => {}
            }
        }
        walk::walk_assignment_expression(self, assignment);
    }

    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        let callee = match &call.callee {
            Expression::Identifier(name) => name.name.as_str(),
            Expression::StaticMemberExpression(member) => member.property.name.as_str(),
            _ => "",
        };
        match (callee, call.arguments.as_slice()) {
            ("defineProperty", [object, Argument::StringLiteral(name), ..])
                if object.as_expression().is_some_and(is_exports) =>
            {
                self.add(&name.value);
            }
            ("__exportStar", [module, ..]) => self.0.all_of.extend(module.as_expression().and_then(required)),
            _ => {}
        }
        walk::walk_call_expression(self, call);
    }
}

impl CommonJs {
    fn add(&mut self, name: &str) {
        // That is a mark, which says that there is a `default`.
        if name != "__esModule" {
            self.0.names.insert(name.to_owned());
        }
    }

    /// What is all that a module exports.
    fn whole(&mut self, value: &Expression<'_>) {
        self.0.all_of.extend(required(value));
        let Expression::ObjectExpression(object) = value else { return };
        for property in &object.properties {
            match property {
                ObjectPropertyKind::ObjectProperty(property) => {
                    if let Some(name) = property.key.static_name() {
                        self.add(&name);
                    }
                }
                ObjectPropertyKind::SpreadProperty(spread) => self.0.all_of.extend(required(&spread.argument)),
            }
        }
    }
}

/// `exports` or `module.exports`.
fn is_exports(expression: &Expression<'_>) -> bool {
    match expression {
        Expression::Identifier(name) => name.name == "exports",
        Expression::StaticMemberExpression(member) => {
            let is_module = matches!(&member.object, Expression::Identifier(name) if name.name == "module");
            is_module && member.property.name == "exports"
        }
        _ => false,
    }
}

/// The module that is required.
fn required(expression: &Expression<'_>) -> Option<String> {
    match expression {
        Expression::CallExpression(call) => match (&call.callee, call.arguments.as_slice()) {
            (Expression::Identifier(name), [Argument::StringLiteral(module)]) if name.name == "require" => {
                Some(module.value.to_string())
            }
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_plain_sight() {
        for (file, text, names, all_of) in [
            ("a.ts", "export const a = 1, { b } = c; export type D = 1; export default 1;", "a b default", ""),
            ("a.ts", "export * from './b'; export * as c from './d'; export { e as f } from './g'", "c f", "./b"),
            ("a.js", "exports.a = 1; module.exports.b = 2; other.c = 3", "a b default", ""),
            ("a.js", "module.exports = { a, b() {}, 'c-d': 1, [e]: 2, ...require('./f') }", "a b c-d default", "./f"),
            (
                "a.cjs",
                "if (x) { module.exports = require('./b') } else module.exports = require('./c')",
                "default",
                "./b ./c",
            ),
            (
                "a.js",
                "Object.defineProperty(exports, '__esModule', { value: true }); exports.default = 1",
                "default",
                "",
            ),
            (
                "a.js",
                "Object.defineProperty(exports, 'a', { get }); __exportStar(require('./b'), exports)",
                "a default",
                "./b",
            ),
            ("a.js", "0 && (module.exports = { a, b })", "a b default", ""),
            ("a.js", "module.exports = function () {}", "default", ""),
            ("a.json", "{ \"a\": 1 }", "default", ""),
        ] {
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            let found = exported(Path::new(file), text);
            assert_eq!(found.names.into_iter().collect::<Vec<_>>(), words(names), "{text}");
            assert_eq!(found.all_of, words(all_of), "{text}");
        }
    }
}
