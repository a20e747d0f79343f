//! A file's imports as calls of `import()`, for files that say what is imported before it is.
//!
//! Such a call gives an object, and each use of a name becomes a look at that object: so a name stays bound to the variable
//! of the module that exports it.
//!
//! Invariant: pure. What a name means is told by its scope; types are left alone.

use super::mocks::Replaced;
use oxc::allocator::Vec as Statements;
use oxc::ast::ast::{
    CallExpression, Decorator, ExportSpecifier, Expression, IdentifierReference, ImportDeclaration,
    ImportDeclarationSpecifier, ImportOrExportKind, ModuleExportName, ObjectProperty, Program, Statement,
    TSClassImplements, TSInterfaceDeclaration, TSType, TSTypeAliasDeclaration, TSTypeAnnotation,
    TSTypeParameterInstantiation, TaggedTemplateExpression,
};
use oxc::ast_visit::{Visit, walk};
use oxc::semantic::{Scoping, SemanticBuilder, SymbolId};
use oxc::span::Span;
use std::collections::{HashMap, HashSet};

/// What becomes of a file's imports.
#[derive(Default)]
pub(super) struct CalledImports {
    /// The calls, in the order of the imports.
    pub(super) calls: String,
    /// The declarations, which go.
    pub(super) declarations: Vec<Span>,
    /// The uses of what they declare, in order.
    pub(super) uses: Vec<Replaced>,
}

/// The imports of a program, but those that stay what they are.
pub(super) fn of(program: &Program<'_>, stays: &dyn Fn(&str) -> bool) -> CalledImports {
    let semantic = SemanticBuilder::new().build(program).semantic;
    let mut uses = Uses::of(semantic.scoping());
    let mut declarations = Vec::new();
    let mut imports = Vec::new();
    for statement in &program.body {
        let Statement::ImportDeclaration(import) = statement else { continue };
        if stays(import.source.value.as_str()) || import.with_clause.is_some() {
            continue;
        }
        declarations.push(import.span);
        if import.import_kind != ImportOrExportKind::Type {
            let object = format!("__emuImport{}", imports.len());
            uses.names.extend(names(import, &object));
            imports.push((import, object));
        }
    }
    uses.visit_program(program);
    let calls = imports.iter().filter_map(|(import, object)| uses.call(import, object)).collect();
    uses.found.sort_by_key(|(span, _)| span.start);
    CalledImports { calls, declarations, uses: uses.found }
}

/// The names that an import declares, each with where its value is.
fn names(import: &ImportDeclaration<'_>, object: &str) -> Vec<(SymbolId, String)> {
    let declared = import.specifiers.iter().flatten().filter_map(|specifier| match specifier {
        ImportDeclarationSpecifier::ImportNamespaceSpecifier(_) => Some((specifier, object.to_owned())),
        ImportDeclarationSpecifier::ImportDefaultSpecifier(_) => Some((specifier, format!("{object}.default"))),
        ImportDeclarationSpecifier::ImportSpecifier(named) if named.import_kind == ImportOrExportKind::Type => None,
        ImportDeclarationSpecifier::ImportSpecifier(named) => Some((specifier, member(object, &named.imported))),
    });
    declared.map(|(specifier, value)| (specifier.local().symbol_id(), value)).collect()
}

fn member(object: &str, name: &ModuleExportName<'_>) -> String {
    match name {
        ModuleExportName::StringLiteral(text) => format!("{object}[{}]", serde_json::Value::from(text.value.as_str())),
        name => format!("{object}.{}", name.name()),
    }
}

/// Where imported names are used as values. Nodes are known by where they begin.
struct Uses<'s> {
    scoping: &'s Scoping,
    names: HashMap<SymbolId, String>,
    found: Vec<Replaced>,
    /// The names that are used.
    used: HashSet<SymbolId>,
    /// The names that are exported, which has to be done by their own name.
    exported: HashSet<SymbolId>,
    /// Statements before which a semicolon may stand.
    statements: HashSet<u32>,
    /// Functions that are called by their name, and not as a method of the object that they are looked up in.
    callees: HashSet<u32>,
    /// Properties that are written as one name.
    shorthands: HashSet<u32>,
}

impl<'s> Uses<'s> {
    fn of(scoping: &'s Scoping) -> Self {
        Self {
            scoping,
            names: HashMap::new(),
            found: Vec::new(),
            used: HashSet::new(),
            exported: HashSet::new(),
            statements: HashSet::new(),
            callees: HashSet::new(),
            shorthands: HashSet::new(),
        }
    }

    /// The call that stands for an import; none where all that is imported are types.
    fn call(&self, import: &ImportDeclaration<'_>, object: &str) -> Option<String> {
        let quoted = serde_json::Value::from(import.source.value.as_str());
        let Some(specifiers) = import.specifiers.as_ref().filter(|specifiers| !specifiers.is_empty()) else {
            return Some(format!("await import({quoted}); "));
        };
        let mut call = format!("const {object} = await import({quoted}); ");
        for local in specifiers.iter().map(ImportDeclarationSpecifier::local) {
            if let Some(value) = self.names.get(&local.symbol_id()).filter(|_| self.is_exported(local.symbol_id())) {
                call.push_str(&format!("const {} = {value}; ", local.name));
            }
        }
        specifiers.iter().any(|specifier| self.used.contains(&specifier.local().symbol_id())).then_some(call)
    }

    fn is_exported(&self, symbol: SymbolId) -> bool {
        self.exported.contains(&symbol)
    }

    /// The imported name that is meant.
    fn symbol(&self, name: &IdentifierReference<'_>) -> Option<SymbolId> {
        let symbol = self.scoping.get_reference(name.reference_id.get()?).symbol_id()?;
        self.names.contains_key(&symbol).then_some(symbol)
    }

    fn callee(&mut self, callee: &Expression<'_>) {
        if let Expression::Identifier(name) = callee {
            self.callees.insert(name.span.start);
        }
    }
}

impl<'a> Visit<'a> for Uses<'_> {
    fn visit_identifier_reference(&mut self, name: &IdentifierReference<'a>) {
        let Some(symbol) = self.symbol(name) else { return };
        self.used.insert(symbol);
        let (value, start) = (&self.names[&symbol], name.span.start);
        let text = match (self.shorthands.contains(&start), self.callees.contains(&start)) {
            (true, _) => format!("{}: {value}", name.name),
            // What stands before would call it.
            (_, true) if self.statements.contains(&start) => format!(";(0, {value})"),
            (_, true) => format!("(0, {value})"),
            _ => value.clone(),
        };
        self.found.push((name.span, text));
    }

    fn visit_statements(&mut self, statements: &Statements<'a, Statement<'a>>) {
        let expressions = statements.iter().filter_map(|statement| match statement {
            Statement::ExpressionStatement(statement) => Some(statement.span.start),
            _ => None,
        });
        self.statements.extend(expressions);
        walk::walk_statements(self, statements);
    }

    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        self.callee(&call.callee);
        walk::walk_call_expression(self, call);
    }

    fn visit_tagged_template_expression(&mut self, tagged: &TaggedTemplateExpression<'a>) {
        self.callee(&tagged.tag);
        walk::walk_tagged_template_expression(self, tagged);
    }

    /// A decorator cannot begin with a parenthesis and be called.
    fn visit_decorator(&mut self, decorator: &Decorator<'a>) {
        match &decorator.expression {
            Expression::CallExpression(call) => {
                self.visit_expression(&call.callee);
                self.visit_arguments(&call.arguments);
            }
            expression => self.visit_expression(expression),
        }
    }

    fn visit_object_property(&mut self, property: &ObjectProperty<'a>) {
        if property.shorthand {
            self.shorthands.insert(property.span.start);
        }
        walk::walk_object_property(self, property);
    }

    fn visit_export_specifier(&mut self, specifier: &ExportSpecifier<'a>) {
        let ModuleExportName::IdentifierReference(name) = &specifier.local else { return };
        if let Some(symbol) = self.symbol(name) {
            self.used.insert(symbol);
            self.exported.insert(symbol);
        }
    }

    fn visit_ts_type(&mut self, _: &TSType<'a>) {}

    fn visit_ts_type_annotation(&mut self, _: &TSTypeAnnotation<'a>) {}

    fn visit_ts_type_parameter_instantiation(&mut self, _: &TSTypeParameterInstantiation<'a>) {}

    fn visit_ts_interface_declaration(&mut self, _: &TSInterfaceDeclaration<'a>) {}

    fn visit_ts_type_alias_declaration(&mut self, _: &TSTypeAliasDeclaration<'a>) {}

    fn visit_ts_class_implements(&mut self, _: &TSClassImplements<'a>) {}
}

#[cfg(test)]
mod tests {
    use super::super::mocks::hoist;
    use std::path::Path;

    /// A file that mocks and has this text, as it is then.
    fn changed(text: &str) -> String {
        let text = format!("vi.mock('x', () => ({{}}));\n{text}");
        let mocking = hoist(Path::new("/a.test.tsx"), &text, 0, &|specifier| specifier == "vitest").expect("a mock");
        let (_, code) = mocking.code.split_once("await __emuSettle(); ").expect("what is hoisted");
        code.replace("undefined;\n", "|").replace("__emuImport0", "M")
    }

    #[test]
    fn a_name_is_looked_up_wherever_it_is_a_value() {
        let call = "const M = await import(\"m\"); |";
        for (text, code) in [
            ("import { a } from 'm';\nf\na()\nif (f)\na()", "\nf\n;(0, M.a)()\nif (f)\n(0, M.a)()"),
            ("import { a } from 'm'; f(a, { a, b: a, a: 1 })", " f(M.a, { a: M.a, b: M.a, a: 1 })"),
            ("import { a } from 'm'; a?.(a.b()); x = a`t`", " ;(0, M.a)?.(M.a.b()); x = (0, M.a)`t`"),
            ("import { a as b } from 'm'; function f(b) { return b } f(b)", " function f(b) { return b } f(M.a)"),
            ("import d, * as n from 'm'; x = d(n.y, n)", " x = (0, M.default)(M.y, M)"),
            ("import { 'a-b' as c } from 'm'; x = new c()", " x = new M[\"a-b\"]()"),
            (
                "import { D } from 'm'; @D() @D.e(D()) class A extends D {}",
                " @M.D() @M.D.e((0, M.D)()) class A extends M.D {}",
            ),
            ("import { C } from 'm'; x = <C y={C}><C.D/></C>", " x = <M.C y={M.C}><M.C.D/></M.C>"),
            ("import { a, type T } from 'm'; let x: T = a as typeof a", " let x: T = M.a as typeof a"),
            ("import { a } from 'm'; export default a", " export default M.a"),
        ] {
            assert_eq!(changed(text), format!("{call}{code}"), "{text}");
        }
    }

    #[test]
    fn an_import_is_called_for_what_it_does_or_for_values() {
        for (text, code) in [
            ("import 'm';", "await import(\"m\"); |"),
            (
                "import { a } from 'm'; export { a as b };",
                "const M = await import(\"m\"); const a = M.a; | export { a as b };",
            ),
            ("import type { T } from 'm'; let x: T;", "| let x: T;"),
            ("import { T } from 'm'; let x: T;", "| let x: T;"),
            ("import { it } from 'vitest'; it('a');", "|import { it } from 'vitest'; it('a');"),
        ] {
            assert_eq!(changed(text), code, "{text}");
        }
    }

    #[test]
    fn what_is_hoisted_looks_names_up_as_well() {
        let text = "import { a } from 'm'; vi.mock('y', () => ({ b: () => a() })); const c = vi.hoisted(() => a);";
        let mocking = hoist(Path::new("/a.test.ts"), text, 0, &|_| false).expect("a mock");
        for part in ["({ b: () => (0, __emuImport0.a)() }));", "const c = vi.hoisted(() => __emuImport0.a);"] {
            assert!(mocking.code.contains(part), "{}", mocking.code);
        }
    }
}
