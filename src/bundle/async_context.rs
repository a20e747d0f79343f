//! Keeps the values of `AsyncLocalStorage` over `await`, for workers that may have one.
//!
//! The engine has no hook for promise reactions. The runtime replaces `then`, which `await` does not go through; so
//! here every place at which an async function is suspended gets a call in front of it and one behind it, which take
//! down the scope and put it back. The functions stay what they are: their kind, name, length and `this`, when they go
//! on, and their frames in stack traces.
//!
//! An async function with such places has an *activation* (the runtime's `async-context.js`), which is
//!
//! - left before `await`, `yield` and a generator's `return`, and entered behind them;
//! - told of an error or an early end in every `catch` and `finally`, for it may come from such a place;
//! - ended with the function.
//!
//! The awaits in a module's own code have no function around them and are left alone: nothing is in scope there.
//!
//! Invariant: pure. Text without async functions is not changed.

use super::edits::Edits;
use super::vlq::Table;
use oxc::allocator::Allocator;
use oxc::ast::ast::{
    ArrowFunctionBody, ArrowFunctionExpression, AwaitExpression, Expression, ForOfStatement, Function, FunctionBody,
    LabeledStatement, ReturnStatement, Statement, TryStatement, VariableDeclaration, VariableDeclarationKind,
    YieldExpression,
};
use oxc::ast_visit::{Visit, walk};
use oxc::parser::Parser;
use oxc::span::{GetSpan, SourceType, Span};
use oxc::syntax::scope::ScopeFlags;
use std::collections::HashSet;

/// What the changed functions call. Imports are hoisted, so this may stand at the end, where it moves nothing.
const IMPORT: &str = "\nimport { activation as __emuActivation, adopt as __emuAdopt } from \"emu:async-context\";\n";
/// At the start and at the end of a function with an activation.
const BEGIN: &str = "const __emuAsync = __emuActivation(); try {";
const END: &str = "} finally { __emuAsync.end(); }";
/// At the start of a function that must not become a block.
const BEGIN_WITHOUT_END: &str = "const __emuAsync = __emuActivation();";

/// Whether a module can get at `AsyncLocalStorage`: only by this name.
pub(super) fn is_wanted(code: &str) -> bool {
    code.contains("async_hooks")
}

/// A module's text with scopes kept, and its source map; none when there is nothing to do.
pub(super) fn lower(code: &str, table: &Table) -> Option<(String, Table)> {
    if !code.contains("async") {
        return None;
    }
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, code, SourceType::mjs()).parse();
    if parsed.panicked {
        return None;
    }
    let mut lowering = Lowering { edits: Edits::default(), around: Around::default(), label: None };
    lowering.visit_program(&parsed.program);
    if lowering.edits.is_empty() {
        return None;
    }
    lowering.edits.after(code.len(), IMPORT);
    Some(lowering.edits.apply(code, table))
}

/// The innermost function around a place.
#[derive(Clone, Copy, Debug, Default)]
struct Around {
    is_async: bool,
    is_generator: bool,
    has_activation: bool,
}

impl Around {
    fn is_async_generator(self) -> bool {
        self.is_async && self.is_generator
    }
}

/// What is known while the text is walked. Edits are asked for from the outside in, as [`Edits`] wants it.
struct Lowering {
    edits: Edits,
    around: Around,
    /// Where the labels of the statement that comes next begin.
    label: Option<u32>,
}

impl<'a> Visit<'a> for Lowering {
    fn visit_function(&mut self, function: &Function<'a>, flags: ScopeFlags) {
        let body = function.body.as_deref();
        let mut inside = Around { is_async: function.r#async, is_generator: function.generator, ..Around::default() };
        if inside.is_async
            && let Some(body) = body
        {
            inside.has_activation = self.body(body, inside);
        }
        let outside = std::mem::replace(&mut self.around, inside);
        walk::walk_function(self, function, flags);
        self.around = outside;
    }

    fn visit_arrow_function_expression(&mut self, arrow: &ArrowFunctionExpression<'a>) {
        let mut inside = Around { is_async: arrow.r#async, ..Around::default() };
        if inside.is_async {
            inside.has_activation = match &arrow.body {
                ArrowFunctionBody::FunctionBody(body) => self.body(body, inside),
                body => body.as_expression().is_some_and(|expression| self.concise(expression)),
            };
        }
        let outside = std::mem::replace(&mut self.around, inside);
        walk::walk_arrow_function_expression(self, arrow);
        self.around = outside;
    }

    fn visit_await_expression(&mut self, suspended: &AwaitExpression<'a>) {
        if self.around.has_activation {
            self.wrap(suspended.span, "__emuAsync.enter(");
            self.wrap_argument(&suspended.argument, "__emuAsync.leave(");
        }
        walk::walk_await_expression(self, suspended);
    }

    fn visit_yield_expression(&mut self, suspended: &YieldExpression<'a>) {
        if self.around.has_activation {
            let (behind, before) = match suspended.delegate {
                true => ("__emuAsync.enter(", "__emuAsync.iterate("),
                false => ("__emuAsync.resume(", "__emuAsync.leave("),
            };
            self.wrap(suspended.span, behind);
            match &suspended.argument {
                Some(argument) => self.wrap_argument(argument, before),
                None => self.edits.after(suspended.span.end as usize, " __emuAsync.leave()"),
            }
        }
        walk::walk_yield_expression(self, suspended);
    }

    fn visit_return_statement(&mut self, statement: &ReturnStatement<'a>) {
        if self.around.is_async
            && let Some(argument) = &statement.argument
        {
            self.returned(argument);
        }
        walk::walk_return_statement(self, statement);
    }

    fn visit_try_statement(&mut self, statement: &TryStatement<'a>) {
        if self.around.has_activation {
            let handler = statement.handler.as_ref().map(|handler| &handler.body);
            for block in [handler, statement.finalizer.as_ref()].into_iter().flatten() {
                self.edits.before(block.span.start as usize + 1, " __emuAsync.caught();");
            }
        }
        walk::walk_try_statement(self, statement);
    }

    fn visit_labeled_statement(&mut self, statement: &LabeledStatement<'a>) {
        let start = self.label.take().unwrap_or(statement.span.start);
        let goes_on = matches!(statement.body, Statement::LabeledStatement(_) | Statement::ForOfStatement(_));
        self.label = goes_on.then_some(start);
        walk::walk_labeled_statement(self, statement);
    }

    fn visit_for_of_statement(&mut self, statement: &ForOfStatement<'a>) {
        let start = self.label.take().unwrap_or(statement.span.start);
        if statement.r#await && self.around.has_activation {
            self.for_await(statement, start);
        }
        walk::walk_for_of_statement(self, statement);
    }
}

impl Lowering {
    /// The body of an async function. Returns whether it got an activation.
    fn body(&mut self, body: &FunctionBody<'_>, around: Around) -> bool {
        let mut own = Own { is_generator: around.is_generator, ..Own::default() };
        own.visit_function_body(body);
        if !own.is_suspended {
            return false;
        }
        let directives = body.directives.last().map(|directive| directive.span.end as usize);
        let start = directives.unwrap_or(body.span.start as usize + 1);
        // A directive may end without a semicolon.
        let separator = if directives.is_some() { "; " } else { " " };
        if can_be_a_block(body, &own) {
            self.edits.before(start, format!("{separator}{BEGIN}"));
            self.edits.after(body.span.end as usize - 1, END);
        } else {
            self.edits.before(start, format!("{separator}{BEGIN_WITHOUT_END}"));
        }
        true
    }

    /// The body of an async arrow function that is an expression. Returns whether it got an activation.
    fn concise(&mut self, expression: &Expression<'_>) -> bool {
        let mut own = Own::default();
        own.visit_expression(expression);
        if own.is_suspended {
            let span = expression.span();
            self.edits.before(span.start as usize, format!("{{ {BEGIN} return "));
            self.edits.after(span.end as usize, format!("; {END} }}"));
        }
        self.adopted(expression);
        own.is_suspended
    }

    /// What an async function returns. A generator awaits it.
    fn returned(&mut self, argument: &Expression<'_>) {
        match self.around.is_async_generator() {
            true if self.around.has_activation => self.wrap_argument(argument, "__emuAsync.leave("),
            true => {}
            false => self.adopted(argument),
        }
    }

    /// A value that a promise is resolved with.
    fn adopted(&mut self, value: &Expression<'_>) {
        if may_be_thenable(value) {
            self.wrap_argument(value, "__emuAdopt(");
        }
    }

    /// `for await`: the iterator's calls leave the activation; the body, and whatever way leads out, enters it.
    fn for_await(&mut self, statement: &ForOfStatement<'_>, start: u32) {
        self.edits.before(start as usize, "try { ");
        self.edits.after(statement.span.end as usize, " } finally { __emuAsync.caught(); }");
        self.wrap_argument(&statement.right, "__emuAsync.iterate(");
        let body = statement.body.span();
        if let Statement::BlockStatement(_) = &statement.body {
            self.edits.before(body.start as usize + 1, " __emuAsync.enter();");
        } else {
            self.edits.before(body.start as usize, "{ __emuAsync.enter(); ");
            self.edits.after(body.end as usize, " }");
        }
    }

    /// Makes text the argument of a call.
    fn wrap(&mut self, span: Span, call: &str) {
        self.edits.before(span.start as usize, call);
        self.edits.after(span.end as usize, ")");
    }

    /// Makes an expression the argument of a call, behind a keyword that may touch it.
    fn wrap_argument(&mut self, argument: &Expression<'_>, call: &str) {
        let is_list = matches!(argument, Expression::SequenceExpression(_));
        let (open, close) = if is_list { ("(", "))") } else { ("", ")") };
        let span = argument.span();
        self.edits.before(span.start as usize, format!(" {call}{open}"));
        self.edits.after(span.end as usize, close);
    }
}

/// Whether a value can have a method `then`, as far as the text tells.
fn may_be_thenable(value: &Expression<'_>) -> bool {
    match value.get_inner_expression() {
        Expression::ArrayExpression(_)
        | Expression::ArrowFunctionExpression(_)
        | Expression::AwaitExpression(_)
        | Expression::BinaryExpression(_)
        | Expression::FunctionExpression(_)
        | Expression::TemplateLiteral(_)
        | Expression::UnaryExpression(_)
        | Expression::UpdateExpression(_) => false,
        literal => !literal.is_literal(),
    }
}

/// Whether the statements of a function mean the same as a block: there, no function may be declared twice, or beside a
/// variable of its name.
fn can_be_a_block(body: &FunctionBody<'_>, own: &Own<'_>) -> bool {
    let mut names = HashSet::new();
    body.statements.iter().all(|statement| match statement {
        Statement::FunctionDeclaration(function) => {
            let name = function.id.as_ref().map_or("", |id| id.name.as_str());
            names.insert(name) && !own.variables.contains(name)
        }
        _ => true,
    })
}

/// What a function does itself, and not those inside of it.
#[derive(Default)]
struct Own<'a> {
    is_generator: bool,
    is_suspended: bool,
    /// The names of its `var`s.
    variables: HashSet<&'a str>,
}

impl<'a> Visit<'a> for Own<'a> {
    fn visit_function(&mut self, _function: &Function<'a>, _flags: ScopeFlags) {}

    fn visit_arrow_function_expression(&mut self, _arrow: &ArrowFunctionExpression<'a>) {}

    fn visit_await_expression(&mut self, _suspended: &AwaitExpression<'a>) {
        self.is_suspended = true;
    }

    fn visit_yield_expression(&mut self, _suspended: &YieldExpression<'a>) {
        self.is_suspended = true;
    }

    fn visit_for_of_statement(&mut self, statement: &ForOfStatement<'a>) {
        self.is_suspended |= statement.r#await;
        walk::walk_for_of_statement(self, statement);
    }

    fn visit_return_statement(&mut self, statement: &ReturnStatement<'a>) {
        self.is_suspended |= self.is_generator && statement.argument.is_some();
        walk::walk_return_statement(self, statement);
    }

    fn visit_variable_declaration(&mut self, declaration: &VariableDeclaration<'a>) {
        if declaration.kind == VariableDeclarationKind::Var {
            let patterns = declaration.declarations.iter().map(|declarator| &declarator.id);
            let names = patterns.flat_map(|pattern| pattern.get_binding_identifiers());
            self.variables.extend(names.map(|identifier| identifier.name.as_str()));
        }
        walk::walk_variable_declaration(self, declaration);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lowered text without the import, short names in place of the calls' long ones; the text itself when nothing
    /// was to be done.
    fn lowered(code: &str) -> String {
        let Some((text, _)) = lower(code, &Table::default()) else { return code.to_owned() };
        let allocator = Allocator::default();
        let parsed = Parser::new(&allocator, &text, SourceType::mjs()).parse();
        assert!(parsed.diagnostics.is_empty(), "{code}: {:?}\n{text}", parsed.diagnostics);
        let names = [(BEGIN, "BEGIN"), (END, "END"), ("__emuAsync.", "$"), ("__emuAdopt", "adopt")];
        let text = text.strip_suffix(IMPORT).expect("the import last").to_owned();
        names.into_iter().fold(text, |text, (long, short)| text.replace(long, short))
    }

    #[test]
    fn every_place_of_suspension_is_left_and_entered() {
        let cases = [
            ("async function f() { await(x) }", "async function f() { BEGIN $enter(await $leave((x))) END}"),
            ("f(async()=>!await x)", "f(async()=>{ BEGIN return !$enter(await  $leave(x)); END })"),
            (
                "f(async () => ({ x: await x }))",
                "f(async () => { BEGIN return  adopt(({ x: $enter(await  $leave(x)) })); END })",
            ),
            (
                "class A { async m() { 'use strict'\nreturn await x, y } }",
                "class A { async m() { 'use strict'; BEGIN\nreturn  adopt(($enter(await  $leave(x)), y)) END} }",
            ),
            (
                "async (a) => { await await a }",
                "async (a) => { BEGIN $enter(await  $leave($enter(await  $leave(a)))) END}",
            ),
            (
                "async () => { try { await x } catch { y } finally {} }",
                "async () => { BEGIN try { $enter(await  $leave(x)) } catch { $caught(); y } finally { $caught();} END}",
            ),
            (
                "async function* g() { yield; x = yield 1; yield* y; return z; }",
                "async function* g() { BEGIN $resume(yield $leave()); x = $resume(yield  $leave(1)); \
                 $enter(yield*  $iterate(y)); return  $leave(z); END}",
            ),
            (
                "async () => { for await(x of y)z }",
                "async () => { BEGIN try { for await(x of  $iterate(y)){ $enter(); z } } finally { $caught(); } END}",
            ),
            (
                "async () => { if (u) a: b: for await (const [x] of y) { continue a } }",
                "async () => { BEGIN if (u) try { a: b: for await (const [x] of  $iterate(y)) { $enter(); continue a } } \
                 finally { $caught(); } END}",
            ),
            // Functions inside of others.
            ("async () => { await x; () => y }", "async () => { BEGIN $enter(await  $leave(x)); () => y END}"),
            (
                "async () => { (async () => { await x })() }",
                "async () => { (async () => { BEGIN $enter(await  $leave(x)) END})() }",
            ),
            (
                "async (f = async () => await x) => {}",
                "async (f = async () => { BEGIN return $enter(await  $leave(x)); END }) => {}",
            ),
            (
                "async () => { try { for (const x of y) a: for (;;) { function* g() { yield 1 } } } catch {} }",
                "async () => { try { for (const x of y) a: for (;;) { function* g() { yield 1 } } } catch {} }",
            ),
        ];
        for (code, expected) in cases {
            assert_eq!(lowered(code), expected, "{code}");
        }
    }

    #[test]
    fn a_function_that_must_not_become_a_block_does_not() {
        let cases = [
            ("async () => { await x; var f; function f() {} }", false),
            ("async () => { await x; { var [{ a: f = 1 }] = y } function f() {} }", false),
            ("async () => { await x; function f() {} function f() {} }", false),
            ("async (f) => { await x; function f() {} { let f } var g; () => { var f } }", true),
        ];
        for (code, is_block) in cases {
            assert_eq!(lowered(code).contains("END"), is_block, "{code}");
        }
    }

    #[test]
    fn what_an_async_function_returns_is_adopted() {
        let wrapped = ["x", "x.y()", "new X", "{ then }", "x ? y : z", "x`y`", "(x, y)"];
        let plain = ["1", "'x'", "`x`", "[x]", "!x", "x + y", "(() => x)", "((null))"];
        for (values, is_adopted) in [(&wrapped[..], true), (&plain[..], false)] {
            for value in values {
                for code in [format!("f(async () => ({value}))"), format!("async () => {{ return ({value}) }}")] {
                    assert_eq!(lowered(&code).contains(&format!("adopt(({value}))")), is_adopted, "{code}");
                }
            }
        }
        assert_eq!(lowered("async () => { () => { return x } }"), "async () => { () => { return x } }");
    }

    #[test]
    fn other_text_is_left_alone() {
        let cases = [
            "const x = await y; for await (const z of x) f(z);",
            "function* async() { yield 1; return x }",
            "class A { static async = 1; async() { return x } }",
            "async function f() { g() }",
            "syntax error async (",
        ];
        for code in cases {
            assert_eq!(lower(code, &Table::default()), None, "{code}");
        }
    }
}
