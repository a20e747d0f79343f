//! Just enough of SQLite's lexical rules to find where a statement ends and what a table is renamed to.
//!
//! Invariant: works on text alone and never decides what is allowed; [`super::restrict`] does.

/// One token: what it is, as far as anyone asks, and where.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A keyword, identifier or number.
    Word,
    /// Quoted in any of SQLite's four ways.
    Quoted,
    Semicolon,
    /// An operator, a bracket, …
    Other,
}

/// The length of the first statement including its semicolon; the whole text if there is none. Only for statements
/// that are no `CREATE TRIGGER`, whose body has semicolons of its own.
pub(super) fn statement_len(sql: &str) -> usize {
    Tokens::new(sql)
        .find(|(kind, _)| *kind == Kind::Semicolon)
        .map_or(sql.len(), |(_, token)| token.as_ptr() as usize - sql.as_ptr() as usize + token.len())
}

/// The text without white space before it. A comment is no white space (reference §1.7).
pub(super) fn skip_blank(sql: &str) -> &str {
    sql.trim_start_matches(BLANK)
}

const BLANK: [char; 6] = [' ', '\t', '\n', '\r', '\x0b', '\x0c'];

/// Whether the statement is a `PRAGMA`.
pub(super) fn is_pragma(sql: &str) -> bool {
    let mut words = Tokens::new(sql).skip_while(|(kind, _)| *kind == Kind::Semicolon);
    words.next().is_some_and(|(_, word)| word.eq_ignore_ascii_case("pragma"))
}

/// The new name in `ALTER TABLE … RENAME TO name`, unquoted.
pub(super) fn rename_target(sql: &str) -> Option<String> {
    let mut tokens = Tokens::new(sql).skip_while(|(_, token)| !token.eq_ignore_ascii_case("rename")).skip(1);
    match (tokens.next(), tokens.next()) {
        (Some((Kind::Word, to)), Some((_, name))) if to.eq_ignore_ascii_case("to") => Some(unquote(name)),
        _ => None,
    }
}

/// The text inside SQLite's quotes, doubled quotes undone; other text as it is.
pub(super) fn unquote(token: &str) -> String {
    let Some(open) = token.chars().next().filter(|quote| matches!(quote, '\'' | '"' | '`' | '[')) else {
        return token.to_owned();
    };
    let close = if open == '[' { ']' } else { open };
    let inner = &token[1..];
    let inner = inner.strip_suffix(close).unwrap_or(inner);
    if open == '[' { inner.to_owned() } else { inner.replace(&format!("{close}{close}"), &close.to_string()) }
}

struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    fn new(sql: &'a str) -> Self {
        Self { rest: sql }
    }

    // Everything before the next token: white space and comments.
    fn skip_gap(&mut self) {
        loop {
            self.rest = skip_blank(self.rest);
            if let Some(comment) = self.rest.strip_prefix("--") {
                self.rest = comment.find('\n').map_or("", |end| &comment[end..]);
            } else if let Some(comment) = self.rest.strip_prefix("/*") {
                self.rest = comment.find("*/").map_or("", |end| &comment[end + 2..]);
            } else {
                return;
            }
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = (Kind, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        self.skip_gap();
        let first = self.rest.chars().next()?;
        let (kind, len) = match first {
            ';' => (Kind::Semicolon, 1),
            '\'' | '"' | '`' | '[' => (Kind::Quoted, quoted_len(self.rest, first)),
            _ if is_word(first) => (Kind::Word, self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len())),
            _ => (Kind::Other, first.len_utf8()),
        };
        let (token, rest) = self.rest.split_at(len);
        self.rest = rest;
        Some((kind, token))
    }
}

// SQLite takes every character beyond ASCII for a part of an identifier.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

// Where a quoted token ends; a doubled quote does not end it, and an open one lasts to the end of the text.
fn quoted_len(text: &str, open: char) -> usize {
    let close = if open == '[' { b']' } else { open as u8 };
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        if bytes[at] == close {
            if open != '[' && bytes.get(at + 1) == Some(&close) {
                at += 1;
            } else {
                return at + 1;
            }
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_ends_at_the_first_semicolon_outside_quotes_and_comments() {
        for (sql, expected) in [
            ("select ?", "select ?"),
            ("select ?;select 1", "select ?;"),
            ("select ';', ?; x", "select ';', ?;"),
            ("select 'it''s;', ?; x", "select 'it''s;', ?;"),
            ("select \";\" , [;], `;`, ?;x", "select \";\" , [;], `;`, ?;"),
            ("select ? -- ;\n;x", "select ? -- ;\n;"),
            ("select ? /* ; */;x", "select ? /* ; */;"),
            ("select ? /* ;", "select ? /* ;"),
            ("select 'é;", "select 'é;"),
        ] {
            assert_eq!(&sql[..statement_len(sql)], expected, "{sql}");
        }
    }

    #[test]
    fn the_target_of_a_rename_is_found_and_unquoted() {
        for (sql, expected) in [
            ("alter table t rename to _cf_x", Some("_cf_x")),
            ("ALTER TABLE t /* c */ RENAME -- to y\n TO \"_cf_\"\"x\";", Some("_cf_\"x")),
            ("alter table t rename to [a]]", Some("a")),
            ("alter table t rename column a to _cf_b", None),
            ("alter table t rename a to _cf_b", None),
            ("alter table t add column b", None),
            ("alter table t rename to", None),
        ] {
            assert_eq!(rename_target(sql).as_deref(), expected, "{sql}");
        }
    }
}
