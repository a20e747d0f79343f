//! `vi.mock()` and `vi.hoisted()` in test files: what they do happens before anything else is imported.
//!
//! A test file that calls them is changed: those calls come first, then its own imports, which become calls of `import`.
//! Whoever else imports a module that is mocked gets a stand-in with the same names, which asks the test's `vi` for what
//! the mock has under them (`emu:test/mocks`). The module itself stays there for `importOriginal()`.
//!
//! Invariant: pure. Files without such calls are not changed.

use super::edits::Edits;
use super::vlq::Table;
use oxc::allocator::Allocator;
use oxc::ast::ast::{
    Argument, CallExpression, Expression, IdentifierReference, ImportDeclaration, ImportDeclarationSpecifier,
    ImportOrExportKind, Program, Statement, TSClassImplements, TSInterfaceDeclaration, TSType, TSTypeAliasDeclaration,
    TSTypeAnnotation, TSTypeParameterInstantiation, VariableDeclaration,
};
use oxc::ast_visit::{Visit, walk};
use oxc::parser::Parser;
use oxc::span::{GetSpan, SourceType, Span};
use std::collections::{BTreeSet, HashSet};
use std::path::Path;

/// How a specifier begins that means the module itself, also where it is mocked.
pub(super) const ORIGINAL: &str = "emu:original:";
/// What a changed file calls.
const IMPORT: &str =
    "import { automock as __emuAutomock, mock as __emuMock, settle as __emuSettle } from \"emu:test/mocks\"; ";

/// A test file that mocks modules.
#[derive(Debug)]
pub(super) struct Mocking {
    /// The changed text.
    pub(super) code: String,
    /// Leads positions in it back to the file's own.
    pub(super) table: Table,
    /// The specifiers of what it mocks, in order.
    pub(super) mocks: Vec<String>,
}

/// Changes a test file. Its mocks are numbered from `first`; `stays` says which modules cannot be mocked.
pub(super) fn hoist(path: &Path, text: &str, first: usize, stays: &dyn Fn(&str) -> bool) -> Option<Mocking> {
    if !["mock", "hoisted", "importActual", "importMock"].iter().any(|name| text.contains(name)) {
        return None;
    }
    let kind = SourceType::from_path(path).unwrap_or_else(|_| SourceType::mjs()).with_module(true);
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, text, kind).parse();
    if parsed.panicked {
        return None;
    }
    let mut hoisting = Hoisting { text, first, edits: Edits::default(), mocks: Vec::new(), hoisted: String::new() };
    hoisting.statements(&parsed.program);
    if hoisting.edits.is_empty() {
        return None;
    }
    let imports = if hoisting.hoisted.is_empty() { String::new() } else { hoisting.imports(&parsed.program, stays) };
    let front = format!("{IMPORT}{}await __emuSettle(); {imports}", hoisting.hoisted);
    hoisting.edits.before(0, front);
    let table = Table::of_source(path.to_string_lossy().into_owned(), text);
    let (code, table) = hoisting.edits.apply(text, &table);
    Some(Mocking { code, table, mocks: hoisting.mocks })
}

/// The stand-in of a module that exports these names.
pub(super) fn stand_in(number: usize, names: &BTreeSet<String>) -> String {
    let names = names.iter().enumerate().map(|(at, name)| {
        let quoted = serde_json::Value::from(name.as_str());
        format!("const e{at} = mocked({number}, {quoted}); export {{ e{at} as {quoted} }};\n")
    });
    format!("import {{ mocked }} from \"emu:test/mocks\";\n{}", names.collect::<String>())
}

struct Hoisting<'t> {
    text: &'t str,
    first: usize,
    edits: Edits,
    mocks: Vec<String>,
    /// What comes first.
    hoisted: String,
}

impl Hoisting<'_> {
    fn statements(&mut self, program: &Program<'_>) {
        for statement in &program.body {
            let mut calls = Calls::default();
            calls.visit_statement(statement);
            let is_moved = match statement {
                Statement::ExpressionStatement(statement) => is_hoisted(&statement.expression),
                Statement::VariableDeclaration(declaration) => is_hoisted_constant(declaration),
                _ => false,
            };
            if is_moved {
                self.move_up(statement.span(), &calls.replaced);
                continue;
            }
            for mock in calls.mocks {
                self.mock(mock);
            }
            for (span, text) in calls.replaced {
                self.edits.replace(span.start as usize, span.end as usize, text);
            }
        }
    }

    /// A part of the text, in which some of it is replaced.
    fn slice(&self, span: Span, replaced: &[Replaced]) -> String {
        let (mut slice, mut at) = (String::new(), span.start);
        for (part, text) in replaced {
            slice.push_str(&self.text[at as usize..part.start as usize]);
            slice.push_str(text);
            at = part.end;
        }
        slice.push_str(&self.text[at as usize..span.end as usize]);
        slice
    }

    fn move_up(&mut self, span: Span, replaced: &[Replaced]) {
        let text = self.slice(span, replaced);
        self.hoisted.push_str(&format!("{text};\n"));
        self.edits.replace(span.start as usize, span.end as usize, "");
    }

    fn mock(&mut self, Mock { span, specifier, factory, replaced }: Mock) {
        let number = self.first + self.mocks.len();
        let factory = factory.map_or_else(|| "undefined".to_owned(), |factory| self.slice(factory, &replaced));
        let (quoted, original) = (serde_json::Value::from(specifier.as_str()), original(&specifier));
        self.hoisted.push_str(&format!("__emuMock({number}, {quoted}, () => {original}, {factory});\n"));
        self.edits.replace(span.start as usize, span.end as usize, "undefined");
        self.mocks.push(specifier);
    }

    /// The imports of a file as calls of `import`, in order; those that stay are left where they are.
    fn imports(&mut self, program: &Program<'_>, stays: &dyn Fn(&str) -> bool) -> String {
        let mut used = Used::default();
        used.visit_program(program);
        let mut calls = String::new();
        for statement in &program.body {
            let Statement::ImportDeclaration(import) = statement else { continue };
            let specifier = import.source.value.as_str();
            if stays(specifier) || import.with_clause.is_some() {
                continue;
            }
            self.edits.replace(import.span.start as usize, import.span.end as usize, "");
            if let Some(bindings) = bindings(import, &used.0) {
                let quoted = serde_json::Value::from(specifier);
                calls.push_str(&format!("{bindings}await import({quoted}); "));
            }
        }
        calls
    }
}

/// What an import declares, as the left side of an assignment; none where it is all types.
fn bindings(import: &ImportDeclaration<'_>, used: &HashSet<String>) -> Option<String> {
    if import.import_kind == ImportOrExportKind::Type {
        return None;
    }
    let Some(specifiers) = &import.specifiers else { return Some(String::new()) };
    let (mut members, mut whole) = (Vec::new(), None);
    for specifier in specifiers.iter().filter(|specifier| used.contains(specifier.local().name.as_str())) {
        let local = specifier.local().name.as_str();
        match specifier {
            ImportDeclarationSpecifier::ImportNamespaceSpecifier(_) => whole = Some(local),
            ImportDeclarationSpecifier::ImportDefaultSpecifier(_) => members.push(format!("default: {local}")),
            ImportDeclarationSpecifier::ImportSpecifier(named) if named.import_kind == ImportOrExportKind::Type => {}
            ImportDeclarationSpecifier::ImportSpecifier(named) => {
                members.push(format!("{}: {local}", serde_json::Value::from(named.imported.name().as_str())));
            }
        }
    }
    let members = format!("{{ {} }}", members.join(", "));
    match whole {
        Some(whole) if members.len() > 4 => Some(format!(
            "const {whole} = await import({}); const {members} = ",
            serde_json::Value::from(import.source.value.as_str())
        )),
        Some(whole) => Some(format!("const {whole} = ")),
        None if members.len() > 4 => Some(format!("const {members} = ")),
        None if specifiers.is_empty() => Some(String::new()),
        None => None,
    }
}

/// The method of `vi` that is called.
fn method<'a>(call: &'a CallExpression<'_>) -> Option<&'a str> {
    match &call.callee {
        Expression::StaticMemberExpression(member) => match &member.object {
            Expression::Identifier(object) if matches!(object.name.as_str(), "vi" | "vitest") => {
                Some(member.property.name.as_str())
            }
            _ => None,
        },
        _ => None,
    }
}

fn is_hoisted(expression: &Expression<'_>) -> bool {
    match expression.get_inner_expression() {
        Expression::AwaitExpression(awaited) => is_hoisted(&awaited.argument),
        Expression::CallExpression(call) => method(call) == Some("hoisted"),
        _ => false,
    }
}

fn is_hoisted_constant(declaration: &VariableDeclaration<'_>) -> bool {
    declaration.declarations.iter().any(|declarator| declarator.init.as_ref().is_some_and(is_hoisted))
}

/// The module that is named by a text, or by a call of `import`.
fn specifier(argument: &Argument<'_>) -> Option<String> {
    match argument.as_expression()?.get_inner_expression() {
        Expression::StringLiteral(text) => Some(text.value.to_string()),
        Expression::TemplateLiteral(text) => text.single_quasi().map(|text| text.to_string()),
        Expression::ImportExpression(import) => match &import.source {
            Expression::StringLiteral(text) => Some(text.value.to_string()),
            _ => None,
        },
        _ => None,
    }
}

/// An import of a module itself.
fn original(specifier: &str) -> String {
    format!("import({})", serde_json::Value::from(format!("{ORIGINAL}{specifier}")))
}

/// A call, and what stands in its place.
type Replaced = (Span, String);

/// A call of `vi.mock()`.
struct Mock {
    span: Span,
    specifier: String,
    factory: Option<Span>,
    /// What is replaced in its factory, in order.
    replaced: Vec<Replaced>,
}

/// The calls that mean something here, wherever they are. A mock counts for the whole file, also where it is called in a
/// function, as Vitest has it.
#[derive(Default)]
struct Calls {
    mocks: Vec<Mock>,
    /// `vi.importActual()` and `vi.importMock()`, in order.
    replaced: Vec<Replaced>,
}

impl<'a> Visit<'a> for Calls {
    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        let named = call.arguments.first().and_then(specifier);
        match (method(call), named) {
            (Some("mock"), Some(specifier)) => {
                let mut inside = Self::default();
                call.arguments.iter().skip(1).for_each(|argument| inside.visit_argument(argument));
                let factory = call.arguments.get(1).map(GetSpan::span);
                self.mocks.push(Mock { span: call.span, specifier, factory, replaced: inside.replaced });
            }
            (Some("importActual"), Some(specifier)) => self.replaced.push((call.span, original(&specifier))),
            (Some("importMock"), Some(specifier)) => {
                self.replaced.push((call.span, format!("__emuAutomock({})", original(&specifier))));
            }
            _ => walk::walk_call_expression(self, call),
        }
    }
}

/// The names that a file uses as values.
#[derive(Default)]
struct Used(HashSet<String>);

impl<'a> Visit<'a> for Used {
    fn visit_identifier_reference(&mut self, name: &IdentifierReference<'a>) {
        self.0.insert(name.name.to_string());
    }

    fn visit_ts_type(&mut self, _: &TSType<'a>) {}

    fn visit_ts_type_annotation(&mut self, _: &TSTypeAnnotation<'a>) {}

    fn visit_ts_type_parameter_instantiation(&mut self, _: &TSTypeParameterInstantiation<'a>) {}

    fn visit_ts_interface_declaration(&mut self, _: &TSInterfaceDeclaration<'a>) {}

    fn visit_ts_type_alias_declaration(&mut self, _: &TSTypeAliasDeclaration<'a>) {}

    fn visit_ts_class_implements(&mut self, _: &TSClassImplements<'a>) {}
}
