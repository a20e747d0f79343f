//! Requests to other hosts, and what answers them where there is no network.
//!
//! Invariant: pure; whether a rule is meant by a request depends on the two alone.

use emu_abi::Headers;
use serde::{Deserialize, Serialize};
use url::Url;

/// Characters of a body that an error repeats.
const SHOWN_CHARS: usize = 80;

/// Answers requests to other hosts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Where it is written, for errors: `http.jsonl:3`.
    pub place: String,
    /// The method; `None` is any.
    pub method: Option<String>,
    /// The URL, in which `*` stands for any text.
    pub url: String,
    /// The whole body; `None` is any.
    pub body: Option<Vec<u8>>,
    /// How often it answers; `None` is always.
    pub times: Option<u64>,
    /// What it answers.
    pub reply: Reply,
}

/// What another host answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// A response.
    Response {
        /// 200 to 599.
        status: u16,
        /// The headers.
        headers: Headers,
        /// The whole body.
        body: Vec<u8>,
    },
    /// The connection fails: with this text.
    Fails(String),
    /// There was an answer, but not all of it was recorded: why.
    Incomplete(String),
}

/// A request, as far as it matters for who answers it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The method.
    pub method: &'a str,
    /// The URL.
    pub url: &'a str,
    /// The whole body.
    pub body: &'a [u8],
}

/// In what a request differs from a rule, what is farthest away first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Difference {
    Url { common_bytes: usize },
    Method,
    Body,
}

impl Rule {
    /// Whether it is meant by a request.
    pub fn is_meant(&self, asked: Asked<'_>) -> bool {
        self.difference(asked).is_none()
    }

    /// Whether it is meant by the same requests.
    pub fn is_for_the_same(&self, other: &Self) -> bool {
        (&self.method, &self.url, &self.body) == (&other.method, &other.url, &other.body)
    }

    fn difference(&self, asked: Asked<'_>) -> Option<Difference> {
        if !fits_url(&self.url, asked.url) {
            let common_bytes = self.url.bytes().zip(asked.url.bytes()).take_while(|(one, other)| one == other).count();
            Some(Difference::Url { common_bytes })
        } else if self.method.as_ref().is_some_and(|method| !method.eq_ignore_ascii_case(asked.method)) {
            Some(Difference::Method)
        } else {
            let is_other = self.body.as_ref().is_some_and(|body| body != asked.body);
            is_other.then_some(Difference::Body)
        }
    }
}

/// Why nobody answers a request: the rule that comes nearest to it, and what it lacks. `used` says how often each has
/// answered. Nothing where there is no rule.
pub fn why_nobody(rules: &[Rule], used: &[u64], asked: Asked<'_>) -> Option<String> {
    let spent = rules.iter().zip(used).rev().find(|(rule, _)| rule.is_meant(asked));
    if let Some((Rule { place, .. }, used)) = spent {
        let times = if *used == 1 { "once".to_owned() } else { format!("{used} times") };
        return Some(format!("{place} has answered {times}, and answers no more"));
    }
    let differences = rules.iter().filter_map(|rule| Some((rule.difference(asked)?, rule)));
    // Of several that are as near, the first one.
    let (difference, rule) = differences.rev().max_by_key(|(difference, _)| *difference)?;
    let (what, expected, found) = match difference {
        Difference::Url { .. } => ("URL", rule.url.clone(), asked.url.to_owned()),
        Difference::Method => ("method", rule.method.clone().unwrap_or_default(), asked.method.to_owned()),
        Difference::Body => ("body", shown(rule.body.as_deref().unwrap_or_default()), shown(asked.body)),
    };
    Some(format!("nearest is {}, whose {what} is `{expected}`, not `{found}`", rule.place))
}

fn shown(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

/// Whether a URL is as a pattern says, in which `*` stands for any text: without one, both are the same URL.
pub fn fits_url(pattern: &str, url: &str) -> bool {
    let is_same = || Url::parse(pattern).is_ok_and(|pattern| pattern.as_str() == url);
    fits(pattern, url) || !pattern.contains('*') && is_same()
}

/// Whether a text is as a pattern says, in which `*` stands for any text. Takes no longer than the product of both.
fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut reached) = (0, 0);
    // The last `*`, and where what it stands for ends so far.
    let mut star: Option<(usize, usize)> = None;
    while reached < text.len() {
        if pattern.get(at) == Some(&b'*') {
            star = Some((at, reached));
            at += 1;
        } else if pattern.get(at) == Some(&text[reached]) {
            at += 1;
            reached += 1;
        } else if let Some((place, end)) = star {
            star = Some((place, end + 1));
            at = place + 1;
            reached = end + 1;
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

/// Whether a response can have this header.
///
/// # Errors
/// What is wrong with it.
pub fn check_header(name: &str, value: &str) -> Result<(), String> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(format!("`{}` is no name of a header", name.escape_debug()));
    }
    match value.bytes().any(|byte| matches!(byte, b'\0' | b'\r' | b'\n')) {
        true => Err(format!("the value of the header `{name}` has a line break in it")),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(line: u32, method: &str, url: &str, body: Option<&str>) -> Rule {
        Rule {
            place: format!("http.jsonl:{line}"),
            method: Some(method.into()),
            url: url.into(),
            body: body.map(|body| body.as_bytes().to_vec()),
            times: None,
            reply: Reply::Fails("no".into()),
        }
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, fit) in [
            ("https://a/", "https://a/", true),
            ("https://a/", "https://a/b", false),
            ("https://a/*", "https://a/", true),
            ("https://a/*", "https://a/b/c?d", true),
            ("*/c", "https://a/b/c", true),
            ("*/c", "https://a/c/d", false),
            ("https://*/x/*/z", "https://a/x/y/z/x/z", true),
            ("https://*/x/*/z", "https://a/x/z", false),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*", "b", false),
            ("**a**", "a", true),
        ] {
            assert_eq!(fits(pattern, text), fit, "{pattern} {text}");
        }
        for (pattern, url, fit) in [
            ("https://Pay.example", "https://pay.example/", true),
            ("https://pay.example:443/a b", "https://pay.example/a%20b", true),
            ("https://pay.example/*", "https://pay.example/", true),
            ("https://pay.example", "https://pay.example/x", false),
            ("pay.example", "https://pay.example/", false),
        ] {
            assert_eq!(fits_url(pattern, url), fit, "{pattern} {url}");
        }
        let (hostile, text) = ("*a".repeat(40), "a".repeat(4000));
        assert!(!fits(&format!("{hostile}b"), &text), "and soon");
    }

    #[test]
    fn the_nearest_rule_is_told() {
        let rules = [
            rule(1, "GET", "https://a.example/one", None),
            rule(2, "POST", "https://a.example/two", Some("[1]")),
            rule(3, "POST", "https://b.example/*", Some("[2]")),
        ];
        for (method, url, body, told) in [
            ("POST", "https://a.example/two", "[3]", "nearest is http.jsonl:2, whose body is `[1]`, not `[3]`"),
            ("PUT", "https://b.example/x", "[2]", "nearest is http.jsonl:3, whose method is `POST`, not `PUT`"),
            (
                "GET",
                "https://a.example/onto",
                "",
                "nearest is http.jsonl:1, whose URL is `https://a.example/one`, not `https://a.example/onto`",
            ),
            ("get", "https://a.example/one", "", "http.jsonl:1 has answered once, and answers no more"),
        ] {
            let asked = Asked { method, url, body: body.as_bytes() };
            assert_eq!(why_nobody(&rules, &[1, 0, 2], asked).as_deref(), Some(told));
        }
        assert_eq!(why_nobody(&[], &[], Asked { method: "GET", url: "https://a/", body: b"" }), None);
        assert_eq!(shown("é".repeat(100).as_bytes()), format!("{}…", "é".repeat(80)));
    }

    #[test]
    fn headers_are_what_http_can_carry() {
        for (name, value, is_right) in [
            ("x-a", "b", true),
            ("x-a", "", true),
            ("", "b", false),
            ("x a", "b", false),
            ("x:a", "b", false),
            ("x-a", "b\r\nc: d", false),
        ] {
            assert_eq!(check_header(name, value).is_ok(), is_right, "{name}");
        }
    }
}
