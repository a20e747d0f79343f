//! Snapshots in the calls that take them: `toMatchInlineSnapshot()` gets its text, formatted as Vitest does.
//!
//! Invariant: pure. A call that is not where it should be changes nothing at all.

use super::deep_stack;
use super::edits::Edits;
use super::vlq::Table;
use oxc::allocator::Allocator;
use oxc::ast::ast::{Argument, CallExpression, Expression};
use oxc::ast_visit::{Visit, walk};
use oxc::parser::Parser;
use oxc::span::{GetSpan, SourceType, Span};
use std::path::Path;

/// The matchers that have their snapshots as arguments.
const MATCHERS: [&str; 2] = ["toMatchInlineSnapshot", "toThrowErrorMatchingInlineSnapshot"];

/// A snapshot, and a place in the call that takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InlineSnapshot {
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1, in UTF-16 units.
    pub column: usize,
    /// The snapshot, without indentation or escapes.
    pub text: String,
}

/// A source with snapshots in it.
///
/// # Errors
/// The line of a snapshot at whose place no matcher is called that could have it; or a text that is no source.
pub fn with_inline_snapshots(path: &Path, text: &str, snapshots: &[InlineSnapshot]) -> Result<String, String> {
    let kind = SourceType::from_path(path).unwrap_or_else(|_| SourceType::mjs()).with_module(true);
    let write = || {
        let allocator = Allocator::default();
        let parsed = Parser::new(&allocator, text, kind).parse();
        if parsed.panicked {
            return Err("it is no JavaScript or TypeScript".to_owned());
        }
        let mut calls = Calls::default();
        calls.visit_program(&parsed.program);
        let mut edits = Edits::default();
        for snapshot in snapshots {
            let slot = offset(text, snapshot).and_then(|at| calls.slot(at));
            let slot = slot.ok_or_else(|| format!("no snapshot is taken in line {}", snapshot.line))?;
            let written = format!("{}{}", slot.before, literal(text, slot.method, &snapshot.text));
            edits.replace(slot.start, slot.end, written);
        }
        Ok(edits.apply(text, &Table::default()).0)
    };
    deep_stack::run(write).map_err(|error| error.to_string())?
}

/// Where the snapshot of a call stands, or is to stand.
#[derive(Clone, Copy, Debug)]
struct Slot {
    call: Span,
    /// Where the matcher's name is, whose line has the indentation.
    method: usize,
    start: usize,
    end: usize,
    before: &'static str,
}

#[derive(Default)]
struct Calls(Vec<Slot>);

impl Calls {
    /// The innermost call around a place.
    fn slot(&self, at: usize) -> Option<Slot> {
        let around = |slot: &&Slot| slot.call.start as usize <= at && at <= slot.call.end as usize;
        self.0.iter().filter(around).min_by_key(|slot| slot.call.end - slot.call.start).copied()
    }
}

impl<'a> Visit<'a> for Calls {
    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        if let Expression::StaticMemberExpression(member) = &call.callee
            && MATCHERS.contains(&member.property.name.as_str())
            && let Some((start, end, before)) = room(call)
        {
            let method = member.property.span.start as usize;
            self.0.push(Slot { call: call.span, method, start, end, before });
        }
        walk::walk_call_expression(self, call);
    }
}

/// The place of a call's snapshot, and what separates it from what is before; none where other things are in its place.
fn room(call: &CallExpression<'_>) -> Option<(usize, usize, &'static str)> {
    let is_text = |argument: &&Argument<'_>| match argument {
        Argument::StringLiteral(_) => true,
        Argument::TemplateLiteral(template) => template.expressions.is_empty(),
        _ => false,
    };
    let of = |span: Span| (span.start as usize, span.end as usize);
    match call.arguments.as_slice() {
        [] => Some((call.span.end as usize - 1, call.span.end as usize - 1, "")),
        [first, ..] if is_text(&first) => Some((of(first.span()).0, of(first.span()).1, "")),
        [_, second, ..] if is_text(&second) => Some((of(second.span()).0, of(second.span()).1, "")),
        [Argument::ObjectExpression(shape)] => Some((of(shape.span).1, of(shape.span).1, ", ")),
        _ => None,
    }
}

/// Where in a text a place is.
fn offset(text: &str, place: &InlineSnapshot) -> Option<usize> {
    let start: usize = text.split_inclusive('\n').take(place.line.checked_sub(1)?).map(str::len).sum();
    let line = text.get(start..)?.split('\n').next()?;
    let mut units = 1;
    for (at, character) in line.char_indices() {
        if units >= place.column {
            return Some(start + at);
        }
        units += character.len_utf16();
    }
    Some(start + line.len())
}

/// A snapshot as a template literal, indented as the line is in which its matcher is called.
fn literal(source: &str, method: usize, snapshot: &str) -> String {
    let line = source[..method].rsplit('\n').next().unwrap_or_default();
    let indent = &line[..line.len() - line.trim_start().len()];
    let indent_next = if indent.contains('\t') { format!("{indent}\t") } else { format!("{indent}  ") };
    let escaped = snapshot.trim().replace('\\', "\\\\").replace('`', "\\`").replace("${", "\\${");
    if !escaped.contains('\n') {
        return format!("`{escaped}`");
    }
    let lines =
        escaped.split('\n').map(|line| if line.is_empty() { String::new() } else { format!("{indent_next}{line}") });
    format!("`\n{}\n{indent}`", lines.collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_are_written_as_vitest_writes_them() {
        for (source, at, snapshot, expected) in [
            ("expect(1).toMatchInlineSnapshot();", (1, 11), "1", "expect(1).toMatchInlineSnapshot(`1`);"),
            (
                "  expect(a)\n    .toMatchInlineSnapshot()",
                (2, 6),
                "[\n  1,\n\n]",
                "  expect(a)\n    .toMatchInlineSnapshot(`\n      [\n        1,\n\n      ]\n    `)",
            ),
            (
                "\texpect(a).toMatchInlineSnapshot(\"old\", 'hint')",
                (1, 12),
                "{\n}",
                "\texpect(a).toMatchInlineSnapshot(`\n\t\t{\n\t\t}\n\t`, 'hint')",
            ),
            (
                "expect(a as any).toMatchInlineSnapshot({ b: expect.any(Date) })",
                (1, 18),
                "x",
                "expect(a as any).toMatchInlineSnapshot({ b: expect.any(Date) }, `x`)",
            ),
            (
                "expect(a).toMatchInlineSnapshot({ b: 1 }, `old`)",
                (1, 11),
                "x",
                "expect(a).toMatchInlineSnapshot({ b: 1 }, `x`)",
            ),
            (
                "await expect(p).rejects.toThrowErrorMatchingInlineSnapshot()",
                (1, 17),
                "[Error: a`b\\c${d}]",
                "await expect(p).rejects.toThrowErrorMatchingInlineSnapshot(`[Error: a\\`b\\\\c\\${d}]`)",
            ),
            (
                "/* é😀 */ expect(1).toMatchInlineSnapshot()",
                (1, 21),
                "1",
                "/* é😀 */ expect(1).toMatchInlineSnapshot(`1`)",
            ),
        ] {
            let place = InlineSnapshot { line: at.0, column: at.1, text: snapshot.to_owned() };
            assert_eq!(with_inline_snapshots(Path::new("a.ts"), source, &[place]).as_deref(), Ok(expected), "{source}");
        }
        let source = "expect(1).toMatchInlineSnapshot(); expect(2).toMatchInlineSnapshot();";
        let places = [(1, "1"), (46, "2")].map(|(column, text)| InlineSnapshot { line: 1, column, text: text.into() });
        let written = with_inline_snapshots(Path::new("a.ts"), source, &places);
        assert_eq!(
            written.as_deref(),
            Ok("expect(1).toMatchInlineSnapshot(`1`); expect(2).toMatchInlineSnapshot(`2`);")
        );
    }

    #[test]
    fn what_is_not_there_is_not_written() {
        for (source, line, column) in [
            ("expect(1).toBe(1);", 1, 11),
            ("expect(1).toMatchInlineSnapshot();", 2, 1),
            ("expect(1).toMatchInlineSnapshot(text);", 1, 11),
            ("expect(1).toMatchInlineSnapshot(`${a}`);", 1, 11),
            ("expect(1", 1, 1),
            ("", 7, 9),
        ] {
            let place = InlineSnapshot { line, column, text: "1".into() };
            assert!(with_inline_snapshots(Path::new("a.ts"), source, &[place]).is_err(), "{source}");
        }
    }
}
