//! Which of several workers answers a client: the one with the most specific matching route, else the first one
//! (reference §5.3).
//!
//! Invariant: knows patterns and URLs only.

use std::cmp::Reverse;

/// How much a part of a host weighs against a part of a path.
const HOST_WEIGHT: i64 = 26;

/// The routes of all workers, the most specific one first.
#[derive(Debug, Default)]
pub(super) struct Routes(Vec<Route>);

#[derive(Debug)]
struct Route {
    worker: usize,
    /// `http` or `https`, if the pattern says which.
    scheme: Option<String>,
    /// The host, or how it ends.
    host: String,
    any_host_prefix: bool,
    /// The path, or how it begins; with the query.
    path: String,
    any_path_suffix: bool,
    /// The whole pattern's rank: by its parts, then by its length.
    rank: (i64, usize),
}

impl Routes {
    /// The routes of workers, each with its patterns. A single worker answers everything and needs none.
    pub(super) fn of(patterns: &[Vec<String>]) -> Self {
        if patterns.len() < 2 {
            return Self::default();
        }
        let numbered = patterns.iter().enumerate();
        let mut routes: Vec<Route> = numbered
            .flat_map(|(worker, patterns)| patterns.iter().map(move |pattern| parse(worker, pattern)))
            .collect();
        routes.sort_by_key(|route| Reverse(route.rank));
        Self(routes)
    }

    /// The worker for an absolute URL.
    pub(super) fn worker(&self, url: &str) -> usize {
        let (scheme, host, path) = parts(url);
        let host = host.to_ascii_lowercase();
        let found = self.0.iter().find(|route| route.matches(scheme.unwrap_or_default(), &host, path));
        found.map_or(0, |route| route.worker)
    }
}

impl Route {
    fn matches(&self, scheme: &str, host: &str, path: &str) -> bool {
        let same_scheme = self.scheme.as_deref().is_none_or(|own| own == scheme);
        let same_host = if self.any_host_prefix { host.ends_with(&self.host) } else { host == self.host };
        let same_path = if self.any_path_suffix { path.starts_with(&self.path) } else { path == self.path };
        same_scheme && same_host && same_path
    }
}

fn parse(worker: usize, pattern: &str) -> Route {
    let (scheme, whole_host, whole_path) = parts(pattern);
    let host = whole_host.strip_prefix('*').unwrap_or(whole_host);
    let path = whole_path.strip_suffix('*').unwrap_or(whole_path);
    // A wildcard that is a part of its own is worth less than none.
    let score =
        |text: &str, separator: char, is_wild: bool| text.split(separator).count() as i64 - if is_wild { 2 } else { 0 };
    let host_score = score(whole_host, '.', whole_host == "*" || whole_host.starts_with("*."));
    let path_score = score(whole_path, '/', whole_path.ends_with("/*"));
    Route {
        worker,
        scheme: scheme.map(str::to_ascii_lowercase),
        host: host.to_ascii_lowercase(),
        any_host_prefix: host.len() < whole_host.len(),
        path: path.to_owned(),
        any_path_suffix: path.len() < whole_path.len(),
        rank: (host_score * HOST_WEIGHT + path_score, pattern.len()),
    }
}

/// Scheme, host without its port, and path with its query.
fn parts(url: &str) -> (Option<&str>, &str, &str) {
    let (scheme, rest) = url.split_once("://").map_or((None, url), |(scheme, rest)| (Some(scheme), rest));
    let (host, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let host = host.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(host, |(host, _)| host);
    (scheme, host, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_route_wins_and_the_first_worker_takes_the_rest() {
        let patterns: [&[&str]; 4] = [
            &[],
            &["example.com/*", "*.example.com/*", "https://secure.example.com/*"],
            &["example.com/api/*", "API.example.com/*", "[::1]/*"],
            &["example.com/api/exactly", "*suffix.com/*", "example.com/other*"],
        ];
        let routes = Routes::of(&patterns.map(|patterns| patterns.iter().map(ToString::to_string).collect()));
        let cases = [
            ("http://localhost:8787/api/x", 0),
            ("http://example.com/", 1),
            ("http://example.com:8787/x?q", 1),
            ("http://deep.under.example.com/x", 1),
            ("http://secure.example.com/", 1),
            ("http://example.com/api/", 2),
            ("http://example.com/api/exactly?q", 2),
            ("http://api.Example.com/", 2),
            ("http://[::1]:8787/", 2),
            ("http://example.com/api/exactly", 3),
            ("http://example.com/others", 3),
            ("http://nosuffix.com/", 3),
            ("http://suffix.com.evil/", 0),
        ];
        for (url, worker) in cases {
            assert_eq!(routes.worker(url), worker, "{url}");
        }
    }

    #[test]
    fn a_single_worker_answers_everything() {
        assert_eq!(Routes::of(&[vec!["example.com/*".into()]]).worker("http://example.org/"), 0);
        let everything = Routes::of(&[vec![], vec!["*/*".into()]]);
        assert_eq!(everything.worker("http://localhost/"), 1);
    }
}
