//! What can be told of a file's default export without running it: `vitest.config.ts`, read as data.
//!
//! Literals, arrays, objects, constants of the same file, paths that are joined of such, and functions that only return
//! one. A call of anything else becomes an object with [`CALL`], what cannot be read one with [`UNKNOWN`]. Vitest's
//! `configDefaults` are empty lists: they are what holds anyway.
//!
//! Invariant: pure, and evaluates nothing. However deep or circular the text is, the answer is bounded.

use super::{deep_stack, normal};
use oxc::allocator::Allocator;
use oxc::ast::ast::{
    Argument, ArrayExpression, ArrayExpressionElement, ArrowFunctionBody, BindingPattern, CallExpression,
    ExportDefaultDeclarationKind, Expression, NewExpression, ObjectExpression, ObjectPropertyKind, Statement,
    UnaryOperator, VariableDeclaration,
};
use oxc::parser::Parser;
use oxc::span::{GetSpan, SourceType};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::path::Path;

/// The key under which the object that stands for a call has the name of what is called.
pub const CALL: &str = "$call";
/// The key under which the object that stands for a call has the array of its arguments.
pub const ARGUMENTS: &str = "$arguments";
/// The key under which the object that stands for an unreadable expression has its line, counted from 1.
pub const UNKNOWN: &str = "$unknown";

/// How deep values may be nested, names that stand for others included.
const DEPTH_MAX: usize = 24;
/// How many expressions are looked at: constants that name each other twice make a few lines a large value.
const EXPRESSIONS_MAX: usize = 20_000;
/// Functions that return what they are given.
const WRAPPERS: [&str; 6] =
    ["defineConfig", "defineProject", "defineWorkersConfig", "defineWorkersProject", "fileURLToPath", "String"];
/// Functions that join what they are given to a path.
const JOINS: [&str; 2] = ["join", "resolve"];

/// The default export of a module, as far as it can be read.
///
/// # Errors
/// The text is no module, or has no default export.
pub fn default_export(path: &Path, text: &str) -> Result<Value, String> {
    let kind = SourceType::from_path(path).unwrap_or_else(|_| SourceType::mjs()).with_module(true);
    let read = || {
        let allocator = Allocator::default();
        let parsed = Parser::new(&allocator, text, kind).parse();
        if parsed.panicked {
            return Err("it is no JavaScript or TypeScript".to_owned());
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut reader = Reader { text, folder, constants: HashMap::new(), left: EXPRESSIONS_MAX };
        reader.note_constants(&parsed.program.body);
        let exported = parsed.program.body.iter().find_map(|statement| match statement {
            Statement::ExportDefaultDeclaration(exported) => Some(&exported.declaration),
            _ => None,
        });
        match exported {
            Some(ExportDefaultDeclarationKind::FunctionDeclaration(function)) => {
                function.body.as_ref().map(|body| reader.returned(&body.statements, 0))
            }
            Some(exported) => exported.as_expression().map(|value| reader.value(value, 0)),
            None => None,
        }
        .ok_or_else(|| "it has no default export".to_owned())
    };
    deep_stack::run(read).map_err(|error| error.to_string())?
}

/// What is known while a file is read.
struct Reader<'t, 'a> {
    text: &'t str,
    folder: &'t Path,
    constants: HashMap<&'a str, &'a Expression<'a>>,
    /// How many expressions may still be looked at.
    left: usize,
}

impl<'a> Reader<'_, 'a> {
    fn note_constants(&mut self, statements: &'a [Statement<'a>]) {
        for statement in statements {
            if let Statement::VariableDeclaration(declaration) = statement {
                self.note(declaration);
            }
        }
    }

    fn note(&mut self, declaration: &'a VariableDeclaration<'a>) {
        for declarator in &declaration.declarations {
            if let (true, BindingPattern::BindingIdentifier(id), Some(value)) =
                (declaration.kind.is_const(), &declarator.id, &declarator.init)
            {
                self.constants.insert(id.name.as_str(), value);
            }
        }
    }

    fn value(&mut self, expression: &'a Expression<'a>, depth: usize) -> Value {
        let expression = expression.get_inner_expression();
        if depth > DEPTH_MAX || self.left == 0 {
            return self.unknown(expression);
        }
        self.left -= 1;
        let depth = depth + 1;
        match expression {
            Expression::StringLiteral(text) => text.value.as_str().into(),
            Expression::NumericLiteral(number) => number_of(number.value),
            Expression::BooleanLiteral(literal) => literal.value.into(),
            Expression::NullLiteral(_) => Value::Null,
            Expression::TemplateLiteral(template) => match template.single_quasi() {
                Some(text) => text.as_str().into(),
                None => self.unknown(expression),
            },
            Expression::UnaryExpression(unary) if unary.operator == UnaryOperator::UnaryNegation => {
                match self.value(&unary.argument, depth).as_f64() {
                    Some(number) => number_of(-number),
                    None => self.unknown(expression),
                }
            }
            Expression::Identifier(name) if name.name == "undefined" => Value::Null,
            Expression::Identifier(name) if name.name == "__dirname" => self.folder.to_string_lossy().into(),
            Expression::Identifier(name) => match self.constants.get(name.name.as_str()).copied() {
                Some(value) => self.value(value, depth),
                None => self.unknown(expression),
            },
            Expression::StaticMemberExpression(member) => match (&member.object, member.property.name.as_str()) {
                (Expression::ImportMeta(_), "dirname") => self.folder.to_string_lossy().into(),
                (Expression::Identifier(name), _) if name.name == "configDefaults" => json!([]),
                (object, "pathname" | "href") => self.value(object, depth),
                _ => self.unknown(expression),
            },
            Expression::AwaitExpression(awaited) => self.value(&awaited.argument, depth),
            Expression::ArrayExpression(array) => self.array(array, depth),
            Expression::ObjectExpression(object) => self.object(object, depth),
            Expression::CallExpression(call) => self.call(call, depth),
            Expression::NewExpression(made) => self.url(made, depth).unwrap_or_else(|| self.unknown(expression)),
            Expression::ArrowFunctionExpression(arrow) => match &arrow.body {
                ArrowFunctionBody::FunctionBody(body) => self.returned(&body.statements, depth),
                body => body.as_expression().map_or(Value::Null, |value| self.value(value, depth)),
            },
            Expression::FunctionExpression(function) => {
                function.body.as_ref().map_or(Value::Null, |body| self.returned(&body.statements, depth))
            }
            _ => self.unknown(expression),
        }
    }

    /// What a function returns that has one way through it.
    fn returned(&mut self, statements: &'a [Statement<'a>], depth: usize) -> Value {
        self.note_constants(statements);
        let returned = statements.iter().rev().find_map(|statement| match statement {
            Statement::ReturnStatement(returned) => returned.argument.as_ref(),
            _ => None,
        });
        returned.map_or(Value::Null, |value| self.value(value, depth))
    }

    fn array(&mut self, array: &'a ArrayExpression<'a>, depth: usize) -> Value {
        let mut values = Vec::new();
        for element in &array.elements {
            match element {
                ArrayExpressionElement::SpreadElement(spread) => match self.value(&spread.argument, depth) {
                    Value::Array(more) => values.extend(more),
                    other => values.push(other),
                },
                element => values.extend(element.as_expression().map(|value| self.value(value, depth))),
            }
        }
        Value::Array(values)
    }

    fn object(&mut self, object: &'a ObjectExpression<'a>, depth: usize) -> Value {
        let mut members = Map::new();
        for property in &object.properties {
            match property {
                ObjectPropertyKind::SpreadProperty(spread) => {
                    if let Value::Object(more) = self.value(&spread.argument, depth) {
                        members.extend(more);
                    }
                }
                ObjectPropertyKind::ObjectProperty(property) => {
                    if let Some(name) = property.key.static_name() {
                        members.insert(name.into_owned(), self.value(&property.value, depth));
                    }
                }
            }
        }
        Value::Object(members)
    }

    fn call(&mut self, call: &'a CallExpression<'a>, depth: usize) -> Value {
        let name = match call.callee.get_inner_expression() {
            Expression::Identifier(name) => name.name.as_str(),
            Expression::StaticMemberExpression(member) => member.property.name.as_str(),
            other => return self.unknown(other),
        };
        let arguments = self.arguments(&call.arguments, depth);
        if WRAPPERS.contains(&name) {
            return arguments.into_iter().next().unwrap_or_default();
        }
        if name == "mergeConfig" {
            return arguments.into_iter().reduce(merged).unwrap_or_default();
        }
        if JOINS.contains(&name)
            && let Some(parts) = arguments.iter().map(Value::as_str).collect::<Option<Vec<_>>>()
        {
            let path = parts.iter().fold(self.folder.to_owned(), |path, part| path.join(part));
            return normal(&path).to_string_lossy().into();
        }
        json!({ CALL: name, ARGUMENTS: arguments })
    }

    fn arguments(&mut self, arguments: &'a [Argument<'a>], depth: usize) -> Vec<Value> {
        arguments.iter().filter_map(Argument::as_expression).map(|value| self.value(value, depth)).collect()
    }

    /// `new URL("…", import.meta.url)`, as a path.
    fn url(&mut self, made: &'a NewExpression<'a>, depth: usize) -> Option<Value> {
        let is_url = matches!(&made.callee, Expression::Identifier(name) if name.name == "URL");
        let path = made.arguments.first().filter(|_| is_url)?.as_expression()?;
        let path = self.value(path, depth);
        Some(normal(&self.folder.join(path.as_str()?)).to_string_lossy().into())
    }

    fn unknown(&self, expression: &Expression<'_>) -> Value {
        let before = self.text.get(..expression.span().start as usize).unwrap_or_default();
        json!({ UNKNOWN: before.matches('\n').count() + 1 })
    }
}

/// Two configurations as one: objects member by member, arrays one behind the other, else the later one.
fn merged(one: Value, other: Value) -> Value {
    match (one, other) {
        (Value::Object(mut one), Value::Object(other)) => {
            for (name, value) in other {
                let value = match one.remove(&name) {
                    Some(before) => merged(before, value),
                    None => value,
                };
                one.insert(name, value);
            }
            Value::Object(one)
        }
        (Value::Array(one), Value::Array(other)) => one.into_iter().chain(other).collect(),
        (_, other) => other,
    }
}

/// Whole numbers are written as such.
#[expect(clippy::cast_possible_truncation, reason = "it is compared with what it was")]
fn number_of(number: f64) -> Value {
    let whole = number as i64;
    if whole as f64 == number { whole.into() } else { number.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Value {
        default_export(Path::new("/project/vitest.config.ts"), text).expect("a default export")
    }

    #[test]
    fn a_default_export_is_read_without_being_run() {
        let cases = [
            ("export default { a: [1, -2.5, 'b', `c`, true, null] };", json!({ "a": [1, -2.5, "b", "c", true, null] })),
            (
                "const a = 1 as const; const b = { a }; export default { ...b, c: b };",
                json!({ "a": 1, "c": { "a": 1 } }),
            ),
            (
                "import { defineConfig } from 'x'; export default defineConfig(async () => { const a = 1; return { a }; });",
                json!({ "a": 1 }),
            ),
            ("export default function () { return { a: 1 } }", json!({ "a": 1 })),
            (
                "export default { a: path.join(__dirname, '../b'), c: new URL('./d', import.meta.url).pathname };",
                json!({ "a": "/b", "c": "/project/d" }),
            ),
            (
                "export default mergeConfig({ a: [1], b: { c: 1 } }, { a: [2], b: { d: 2 } })",
                json!({ "a": [1, 2], "b": { "c": 1, "d": 2 } }),
            ),
            (
                "export default {\n a: process.env.A,\n b: make({ c: 1 }) };",
                json!({ "a": { "$unknown": 2 }, "b": { "$call": "make", "$arguments": [{ "c": 1 }] } }),
            ),
            ("export default { a: [...configDefaults.exclude, 'b'] };", json!({ "a": ["b"] })),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn hostile_text_has_an_end() {
        assert!(read("const a = a; export default a;").get(UNKNOWN).is_some());
        let doubled: String = (1..60).map(|n| format!("const a{n} = [a{}, a{}];\n", n - 1, n - 1)).collect();
        assert!(read(&format!("const a0 = 1;\n{doubled}export default a59;")).is_array());
        for text in ["", "export const a = 1;", "export default {"] {
            assert!(default_export(Path::new("a.ts"), text).is_err(), "{text}");
        }
    }
}
