//! `vi.mock()` and `vi.hoisted()` in test files: what they do happens before anything else is imported.
//!
//! A test file that calls them is changed: those calls come first, then its own imports, which become calls of `import`
//! (`called_imports`).
//! Whoever else imports a module that is mocked gets a stand-in with the same names, which asks the test's `vi` for what
//! the mock has under them (`emu:test/mocks`). The module itself stays there for `importOriginal()`.
//!
//! Invariant: pure. Files without such calls are not changed.

use super::builtins;
use super::called_imports::{self, CalledImports};
use super::edits::Edits;
use super::vlq::Table;
use oxc::allocator::Allocator;
use oxc::ast::ast::{Argument, CallExpression, Expression, Program, Statement, VariableDeclaration};
use oxc::ast_visit::{Visit, walk};
use oxc::parser::Parser;
use oxc::span::{GetSpan, SourceType, Span};
use std::collections::BTreeSet;
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
    /// What it mocks, in order.
    pub(super) mocks: Vec<Mock>,
}

/// A mock that a file declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mock {
    /// The module as the file names it.
    pub(super) specifier: String,
    /// Whether a function of the file's makes the mock, so that it takes no module to make it of.
    pub(super) is_made: bool,
}

/// Changes a test file. Its mocks are numbered from `first`; `stays` says which modules are no files.
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
    let calls = Calls::of(&parsed.program);
    let imports = match calls.mocks.is_empty() && !calls.is_hoisting {
        true => CalledImports::default(),
        false => called_imports::of(&parsed.program, &|specifier| stays(specifier) && !calls.replace(specifier)),
    };
    let mut hoisting =
        Hoisting { text, first, edits: Edits::default(), mocks: Vec::new(), hoisted: String::new(), imports };
    hoisting.statements(&parsed.program);
    hoisting.import();
    if hoisting.edits.is_empty() {
        return None;
    }
    let front = format!("{IMPORT}{}await __emuSettle(); {}", hoisting.hoisted, hoisting.imports.calls);
    // Before what stands in the place of the file's first statement, too.
    hoisting.edits.after(0, front);
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

/// The stand-in of a module of which nobody knows what it exports: it exports what its mock has. A CommonJS module can do
/// that, whose specifier this is.
pub(super) fn stand_in_of_unknown(number: usize, names: &str) -> String {
    let names = serde_json::Value::from(names);
    format!(
        "import {{ mocked }} from \"emu:test/mocks\";\nexport * from {names};\n\
         export default mocked({number}, \"default\");\n"
    )
}

/// The CommonJS module that exports all names of a mock.
pub(super) fn names_of(number: &str) -> String {
    format!("module.exports = require(\"emu:test/mocks\").exportsOf({number});\n")
}

/// A module that is not there: only its mock is.
pub(super) fn absent(specifier: &str) -> String {
    let message = format!("`{specifier}` is no file of the project or its packages: there is at most a mock of it");
    format!("throw new Error({});\nexport {{}};\n", serde_json::Value::from(message))
}

struct Hoisting<'t> {
    text: &'t str,
    first: usize,
    edits: Edits,
    mocks: Vec<Mock>,
    /// What comes first.
    hoisted: String,
    imports: CalledImports,
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

    /// A part of the text, in which some of it is replaced, and all that is imported.
    fn slice(&self, span: Span, replaced: &[Replaced]) -> String {
        let inside = |part: &&Replaced| span.start <= part.0.start && part.0.end <= span.end;
        let mut parts: Vec<_> = replaced.iter().chain(self.imports.uses.iter().filter(inside)).collect();
        parts.sort_by_key(|(part, _)| part.start);
        let (mut slice, mut at) = (String::new(), span.start);
        for (part, text) in parts {
            slice.push_str(&self.text[at as usize..part.start as usize]);
            slice.push_str(text);
            at = part.end;
        }
        slice.push_str(&self.text[at as usize..span.end as usize]);
        slice
    }

    /// Takes something out of the file.
    fn take(&mut self, span: Span, instead: &str) {
        self.imports.uses.retain(|(part, _)| part.end <= span.start || span.end <= part.start);
        self.edits.replace(span.start as usize, span.end as usize, instead);
    }

    fn move_up(&mut self, span: Span, replaced: &[Replaced]) {
        let text = self.slice(span, replaced);
        self.hoisted.push_str(&format!("{text};\n"));
        self.take(span, "");
    }

    fn mock(&mut self, MockCall { span, specifier, factory, is_made, replaced }: MockCall) {
        let number = self.first + self.mocks.len();
        let factory = factory.map_or_else(|| "undefined".to_owned(), |factory| self.slice(factory, &replaced));
        let (quoted, original) = (serde_json::Value::from(specifier.as_str()), original(&specifier));
        self.hoisted.push_str(&format!("__emuMock({number}, {quoted}, () => {original}, {factory});\n"));
        self.take(span, "undefined");
        self.mocks.push(Mock { specifier, is_made });
    }

    /// The file's imports become calls, and what it imports is looked up where it is used.
    fn import(&mut self) {
        for span in std::mem::take(&mut self.imports.declarations) {
            self.edits.replace(span.start as usize, span.end as usize, "");
        }
        for (span, text) in std::mem::take(&mut self.imports.uses) {
            self.edits.replace(span.start as usize, span.end as usize, text);
        }
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

/// A part of the file, and what stands in its place.
pub(super) type Replaced = (Span, String);

/// A call of `vi.mock()`.
struct MockCall {
    span: Span,
    specifier: String,
    factory: Option<Span>,
    /// Whether the factory is a function, and no options.
    is_made: bool,
    /// What is replaced in its factory, in order.
    replaced: Vec<Replaced>,
}

/// The calls that mean something here, wherever they are. A mock counts for the whole file, also where it is called in a
/// function, as Vitest has it.
#[derive(Default)]
struct Calls {
    mocks: Vec<MockCall>,
    /// `vi.importActual()` and `vi.importMock()`, in order.
    replaced: Vec<Replaced>,
    is_hoisting: bool,
}

impl Calls {
    fn of(program: &Program<'_>) -> Self {
        let mut calls = Self::default();
        calls.visit_program(program);
        calls
    }

    /// Whether one of the mocks replaces a module that is no file.
    fn replace(&self, specifier: &str) -> bool {
        let name = |specifier: &str| builtins::node(specifier).unwrap_or_else(|| specifier.into());
        self.mocks.iter().any(|mock| mock.is_made && name(&mock.specifier) == name(specifier))
    }
}

impl<'a> Visit<'a> for Calls {
    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        let named = call.arguments.first().and_then(specifier);
        match (method(call), named) {
            (Some("mock"), Some(specifier)) => {
                let mut inside = Self::default();
                call.arguments.iter().skip(1).for_each(|argument| inside.visit_argument(argument));
                let factory = call.arguments.get(1);
                let is_made = factory.is_some_and(|factory| !matches!(factory, Argument::ObjectExpression(_)));
                let factory = factory.map(GetSpan::span);
                self.mocks.push(MockCall { span: call.span, specifier, factory, is_made, replaced: inside.replaced });
            }
            (Some("importActual"), Some(specifier)) => self.replaced.push((call.span, original(&specifier))),
            (Some("importMock"), Some(specifier)) => {
                self.replaced.push((call.span, format!("__emuAutomock({})", original(&specifier))));
            }
            (named, _) => {
                self.is_hoisting |= named == Some("hoisted");
                walk::walk_call_expression(self, call);
            }
        }
    }
}
