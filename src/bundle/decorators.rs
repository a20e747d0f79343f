//! Lowers decorators of the language's own kind, and `accessor`, which neither the engine nor oxc's transformer knows.
//! (TypeScript's older kind is oxc's to lower, where a tsconfig asks for it.)
//!
//! Works on the finished bundle's text. A class becomes the value of a function around it; its members stay where they
//! are, with calls in the places that are evaluated at the right moment: a member's decorators in its computed key, an
//! initial value around the old one, the application of all of it in a static block at the front. The calls go to
//! `decorators.js`.
//!
//! Invariant: pure. Text without such classes is not changed.

use super::edits::Edits;
use super::vlq::Table;
use oxc::allocator::Allocator;
use oxc::ast::ast::{
    AccessorProperty, Class, ClassElement, Decorator, Expression, MethodDefinition, MethodDefinitionKind,
    PropertyDefinition, PropertyKey, VariableDeclarator,
};
use oxc::ast_visit::{Visit, walk};
use oxc::parser::Parser;
use oxc::span::{GetSpan, SourceType, Span};

/// What the transformed classes call.
const RUNTIME: &str = include_str!("decorators.js");

/// A bundle's text without decorators, and its source map; none when there is nothing to lower.
///
/// # Errors
/// The position in the text of a decorated private member, which is not supported.
pub(super) fn lower(code: &str, table: &Table) -> Result<Option<(String, Table)>, (u32, u32)> {
    if !may_have_decorators(code) {
        return Ok(None);
    }
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, code, SourceType::mjs()).parse();
    if parsed.panicked {
        return Ok(None);
    }
    let mut lowering = Lowering { code, edits: Edits::default(), name: None, private: None };
    lowering.visit_program(&parsed.program);
    if let Some(offset) = lowering.private {
        let before = &code[..offset];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let (line, column) = (before.matches('\n').count(), before[line_start..].encode_utf16().count());
        return Err((u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX)));
    }
    if lowering.edits.is_empty() {
        return Ok(None);
    }
    let mut edits = lowering.edits;
    edits.after(0, RUNTIME);
    Ok(Some(edits.apply(code, table)))
}

/// A cheap look before the text is parsed: most bundles have neither an `@` outside of words nor the word `accessor`.
fn may_have_decorators(code: &str) -> bool {
    let starts_expression = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'$' | b'(');
    let bytes = code.as_bytes();
    let is_decorator = |at: usize| {
        let is_free =
            at == 0 || !(bytes[at - 1].is_ascii_alphanumeric() || matches!(bytes[at - 1], b'/' | b'\\' | b'"'));
        is_free && bytes.get(at + 1).is_some_and(starts_expression)
    };
    code.match_indices('@').any(|(at, _)| is_decorator(at)) || code.contains("accessor ")
}

/// What is known while the text is walked.
struct Lowering<'s> {
    code: &'s str,
    edits: Edits,
    /// The name that a class without one gets from where it stands.
    name: Option<String>,
    /// Where a decorated private member is.
    private: Option<usize>,
}

/// What is known of the class whose members are changed.
#[derive(Default)]
struct Members {
    /// Calls of `member` so far.
    count: usize,
    /// Private names made so far.
    private_names: usize,
}

impl Members {
    fn private_name(&mut self) -> String {
        self.private_names += 1;
        format!("#__emu{}", self.private_names)
    }

    /// The number of the next call of `member`.
    fn member(&mut self) -> usize {
        self.count += 1;
        self.count - 1
    }
}

impl<'a> Visit<'a> for Lowering<'_> {
    fn visit_variable_declarator(&mut self, declarator: &VariableDeclarator<'a>) {
        let is_class = matches!(declarator.init, Some(Expression::ClassExpression(_)));
        self.name = declarator.id.get_identifier_name().filter(|_| is_class).map(|name| name.to_string());
        walk::walk_variable_declarator(self, declarator);
        self.name = None;
    }

    fn visit_class(&mut self, class: &Class<'a>) {
        let name = class.id.as_ref().map(|id| id.name.to_string()).or_else(|| self.name.take()).unwrap_or_default();
        self.name = None;
        if is_concerned(class) {
            self.class(class, &name);
        }
        walk::walk_class(self, class);
    }

    /// Decorators are moved as text.
    fn visit_decorator(&mut self, _decorator: &Decorator<'a>) {}

    /// The key of an accessor is moved as text.
    fn visit_accessor_property(&mut self, accessor: &AccessorProperty<'a>) {
        if let Some(value) = &accessor.value {
            self.visit_expression(value);
        }
    }
}

/// Whether a class has anything to lower.
fn is_concerned(class: &Class<'_>) -> bool {
    !class.decorators.is_empty()
        || class.body.body.iter().any(|element| match element {
            ClassElement::MethodDefinition(method) => !method.decorators.is_empty(),
            ClassElement::PropertyDefinition(property) => !property.decorators.is_empty(),
            ClassElement::AccessorProperty(_) => true,
            ClassElement::StaticBlock(_) | ClassElement::TSIndexSignature(_) => false,
        })
}

impl Lowering<'_> {
    fn class(&mut self, class: &Class<'_>, name: &str) {
        let mut members = Members::default();
        // The wrapping is asked for before what is inside of it, so that it stays outside where they meet.
        let decorators = self.list(&class.decorators);
        let is_declaration = class.is_declaration() && class.id.is_some();
        let quoted = serde_json::Value::from(name);
        let (open, close) = if is_declaration { (format!("let {name} = ("), ");") } else { ("(".to_owned(), ")") };
        // A decorator may replace the class: inside, too, its name is then that of the replacement.
        let inner = class.id.as_ref().filter(|_| !class.decorators.is_empty());
        let binding = inner.map_or_else(String::new, |id| format!(" let {};", id.name));
        let prefix = format!(
            "{open}(() => {{ const __emu = __emuDecorators({decorators}, {quoted});{binding} return __emu.end("
        );
        let start = class.decorators.first().map_or(class.span.start, |first| first.span.start.min(class.span.start));
        let keyword =
            class.decorators.last().map_or(class.span.start, |last| last.span.end.max(class.span.start)) as usize;
        let keyword = keyword + self.code[keyword..].find("class").unwrap_or(0);
        self.edits.replace(start as usize, keyword, prefix);
        self.edits.after(class.span.end as usize, format!("); }})(){close}"));
        if let Some(id) = inner {
            self.edits.replace(id.span.start as usize, id.span.end as usize, "");
        }
        // Asked for now, for its place; its text is known when the members are.
        let front = class.body.span.start as usize + 1;
        let assign = inner.map_or_else(String::new, |id| format!("{} = ", id.name));
        let construct = members.private_name();
        let has_instance = class.body.body.iter().any(is_decorated_instance);
        let construct = if has_instance { format!(" {construct} = __emu.construct(this);") } else { String::new() };
        self.edits.before(front, format!(" static {{ {assign}__emu.begin(this); }}{construct}"));
        for element in &class.body.body {
            match element {
                ClassElement::MethodDefinition(method) => self.method(method, &mut members),
                ClassElement::PropertyDefinition(property) => self.property(property, &mut members),
                ClassElement::AccessorProperty(accessor) => self.accessor(accessor, &mut members),
                ClassElement::StaticBlock(_) | ClassElement::TSIndexSignature(_) => {}
            }
        }
    }

    fn method(&mut self, method: &MethodDefinition<'_>, members: &mut Members) {
        let Some(list) = self.take(&method.decorators) else { return };
        let kind = match method.kind {
            MethodDefinitionKind::Get => "getter",
            MethodDefinitionKind::Set => "setter",
            MethodDefinitionKind::Method | MethodDefinitionKind::Constructor => "method",
        };
        members.member();
        self.key(&method.key, method.computed, kind, method.r#static, &list);
    }

    fn property(&mut self, property: &PropertyDefinition<'_>, members: &mut Members) {
        let Some(list) = self.take(&property.decorators) else { return };
        let index = members.member();
        let key_end = self.key(&property.key, property.computed, "field", property.r#static, &list);
        self.after(property.span, property.r#static, index, members);
        self.value(property.value.as_ref().map(GetSpan::span), key_end, index);
    }

    /// An accessor becomes a private field with a getter and a setter.
    fn accessor(&mut self, accessor: &AccessorProperty<'_>, members: &mut Members) {
        let list = self.take(&accessor.decorators);
        let modifier = if accessor.r#static { "static " } else { "" };
        let key_span = accessor.key.span();
        let key = self.text(key_span).to_owned();
        let key_end = if accessor.computed { self.bracket(key_span) } else { key_span.end as usize };
        let storage = members.private_name();
        let index = (list.is_some() || accessor.computed).then(|| members.member());
        let (get, set) = match index {
            None => (key.clone(), key),
            Some(index) => {
                let key = if accessor.computed { key } else { self.literal(&accessor.key) };
                let list = list.as_deref().unwrap_or("[]");
                let get = format!("[__emu.member(\"accessor\", {}, {list}, {key})]", accessor.r#static);
                (get, format!("[__emu.key({index})]"))
            }
        };
        let start = accessor.decorators.last().map_or(accessor.span.start, |last| last.span.end);
        let text = format!(
            "{modifier}get {get}() {{ return this.{storage}; }} \
             {modifier}set {set}(value) {{ this.{storage} = value; }} \
             {modifier}{storage}"
        );
        self.edits.replace(start as usize, key_end, format!(" {text}"));
        if let Some(index) = index {
            self.after(accessor.span, accessor.r#static, index, members);
            self.value(accessor.value.as_ref().map(GetSpan::span), key_end, index);
        }
    }

    /// Wraps a member's key, so that its evaluation evaluates the decorators first. Returns where the key ends.
    fn key(&mut self, key: &PropertyKey<'_>, is_computed: bool, kind: &str, is_static: bool, list: &str) -> usize {
        let span = key.span();
        if matches!(key, PropertyKey::PrivateIdentifier(_)) {
            self.private.get_or_insert(span.start as usize);
            return span.end as usize;
        }
        let call = format!("__emu.member(\"{kind}\", {is_static}, {list}, ");
        if is_computed {
            self.edits.before(span.start as usize, call);
            self.edits.after(span.end as usize, ")");
            return self.bracket(span);
        }
        let literal = self.literal(key);
        self.edits.replace(span.start as usize, span.end as usize, format!("[{call}{literal})]"));
        span.end as usize
    }

    /// Runs the decorators' initializers on the value of a field.
    fn value(&mut self, value: Option<Span>, key_end: usize, index: usize) {
        match value {
            Some(span) => {
                self.edits.before(span.start as usize, format!("__emu.value({index}, this, "));
                self.edits.after(span.end as usize, ")");
            }
            None => self.edits.after(key_end, format!(" = __emu.value({index}, this)")),
        }
    }

    /// Runs what the decorators of a field added, after the field is there. To be asked for before [`Self::value`],
    /// whose text may end at the same place and belongs inside.
    fn after(&mut self, field: Span, is_static: bool, index: usize, members: &mut Members) {
        let modifier = if is_static { "static " } else { "" };
        let name = members.private_name();
        self.edits.after(field.end as usize, format!("; {modifier}{name} = __emu.after({index}, this);"));
    }

    /// Takes a member's decorators out; their text as a list, none when there are none.
    fn take(&mut self, decorators: &[Decorator<'_>]) -> Option<String> {
        let (first, last) = (decorators.first()?, decorators.last()?);
        self.edits.replace(first.span.start as usize, last.span.end as usize, "");
        Some(self.list(decorators))
    }

    fn list(&self, decorators: &[Decorator<'_>]) -> String {
        let texts: Vec<&str> = decorators.iter().map(|decorator| self.text(decorator.expression.span())).collect();
        format!("[{}]", texts.join(", "))
    }

    /// A key that is not computed, as an expression.
    fn literal(&mut self, key: &PropertyKey<'_>) -> String {
        match key {
            PropertyKey::StaticIdentifier(identifier) => serde_json::Value::from(identifier.name.as_str()).to_string(),
            PropertyKey::PrivateIdentifier(identifier) => {
                self.private.get_or_insert(identifier.span.start as usize);
                "undefined".to_owned()
            }
            _ => self.text(key.span()).to_owned(),
        }
    }

    /// The position behind the bracket that closes a computed key.
    fn bracket(&self, key: Span) -> usize {
        let end = key.end as usize;
        end + self.code[end..].find(']').map_or(0, |at| at + 1)
    }

    fn text(&self, span: Span) -> &str {
        &self.code[span.start as usize..span.end as usize]
    }
}

/// Whether an element is decorated and each instance's.
fn is_decorated_instance(element: &ClassElement<'_>) -> bool {
    match element {
        ClassElement::MethodDefinition(method) => !method.decorators.is_empty() && !method.r#static,
        ClassElement::PropertyDefinition(property) => !property.decorators.is_empty() && !property.r#static,
        ClassElement::AccessorProperty(accessor) => !accessor.decorators.is_empty() && !accessor.r#static,
        ClassElement::StaticBlock(_) | ClassElement::TSIndexSignature(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::vlq::Mapping;

    fn lowered(code: &str) -> String {
        let lowered = lower(code, &Table::default()).expect("supported").expect("something to lower").0;
        lowered.strip_prefix(RUNTIME).expect("the runtime first").to_owned()
    }

    #[test]
    fn each_kind_of_member_is_lowered_in_its_place() {
        // The class, and what must be in its lowered text; every one of them must be valid and free of decorators.
        let cases: [(&str, &[&str]); 13] = [
            (
                "@d class A { m() { return A } }",
                &["let A = (((", "__emuDecorators([d], \"A\"); let A;", "A = __emu.begin(this)"],
            ),
            ("var A = @d(1) @(e.f) class {}", &["var A = ((", "__emuDecorators([d(1), (e.f)], \"A\")"]),
            ("class A { @d m() {} }", &["class A { static", "[__emu.member(\"method\", false, [d], \"m\")]() {}"]),
            (
                "class A { @d static async *m() {} }",
                &["static async *[__emu.member(\"method\", true, [d], \"m\")]() {}"],
            ),
            ("class A { @d get g() { return 1 } }", &["get [__emu.member(\"getter\", false, [d], \"g\")]()"]),
            ("class A { @d [k()]() {} }", &["[__emu.member(\"method\", false, [d], k())]() {}"]),
            ("class A { @d 'a b' = 1 }", &["[__emu.member(\"field\", false, [d], 'a b')] = __emu.value(0, this, 1)"]),
            ("class A { @d x; @d y }", &["= __emu.value(0, this);", "= __emu.value(1, this)", "__emu.after(1, this)"]),
            ("class A { @d static x = 1 }", &["static #__emu2 = __emu.after(0, this);"]),
            ("class A { accessor x = 1 }", &["get x() { return this.#__emu2; } set x(value)", "#__emu2 = 1"]),
            ("class A { static accessor #x }", &["static get #x()", "static set #x(value)", "static #__emu2"]),
            (
                "class A { @d accessor [k] = 1 }",
                &["get [__emu.member(\"accessor\", false, [d], k)]()", "set [__emu.key(0)]"],
            ),
            ("f(@d class { x = @e class {} })", &["f(((", "x = (((", "__emuDecorators([e], \"\")"]),
        ];
        for (class, expected) in cases {
            let text = lowered(class);
            for part in expected {
                assert!(text.contains(part), "{class}: `{part}` is missing in\n{text}");
            }
            let allocator = Allocator::default();
            let parsed = Parser::new(&allocator, &text, SourceType::mjs()).parse();
            assert!(parsed.diagnostics.is_empty(), "{class}: {:?}\n{text}", parsed.diagnostics);
            assert_eq!(lower(&text, &Table::default()), Ok(None), "{class}\n{text}");
        }
    }

    #[test]
    fn other_text_is_left_alone() {
        let cases =
            ["const a = 'x@y.z', b = '@d class';", "class A { accessor() {} accessor = 1 }", "syntax error @d ("];
        for code in cases {
            assert_eq!(lower(code, &Table::default()), Ok(None), "{code}");
        }
    }

    #[test]
    fn positions_move_with_the_text_and_private_members_are_refused() {
        let code = "x;\nclass A { @d m() { throw 1 } }";
        let at = u32::try_from(code.find("throw").expect("there") - 3).expect("small");
        let mapping = Mapping { line: 1, column: at, file: 0, source_line: 7, source_column: 8 };
        let (text, table) =
            lower(code, &Table::new(vec!["a".into()], vec![mapping])).expect("supported").expect("lowered");
        let line = text.lines().position(|line| line.contains("throw 1")).expect("a line");
        let column = text.lines().nth(line).and_then(|line| line.find("throw")).expect("a column");
        let [line, column] = [line, column].map(|number| u32::try_from(number).expect("small"));
        assert_eq!(table.find(line, column).map(|mapping| mapping.source_line), Some(7));
        assert_eq!(lower("x;\nclass A { @d #m() {} }", &Table::default()), Err((1, 13)));
    }
}
