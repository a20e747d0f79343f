//! What may differ between workerd and emu, and why.
//!
//! Invariant: every entry has a reason that somebody who uses emu would accept, and does differ: one that no longer does is an
//! error, so that the list never claims more than there is.

use std::sync::Mutex;

/// A difference that is known.
struct Accepted {
    /// The test it shows in.
    area: &'static str,
    case: &'static str,
    /// The lines' labels.
    lines: &'static [&'static str],
    why: Why,
}

/// Why something may differ.
#[expect(dead_code, reason = "the texts are for the reader")]
enum Why {
    /// The text is the JavaScript engine's own: V8 and QuickJS word it differently, and the kind of error is the same.
    Engine,
    /// emu does what the standard says, workerd does not.
    Standard(&'static str),
    /// emu does otherwise on purpose.
    Ours(&'static str),
    /// workerd is right, and emu is to follow.
    Gap(&'static str),
}

use Why::{Engine, Gap, Ours, Standard};

const fn probe(case: &'static str, lines: &'static [&'static str], why: Why) -> Accepted {
    Accepted { area: "probes", case, lines, why }
}

const NEW: Why =
    Ours("the engine refuses to call a class without `new` before the class could word it as the platform does");
const NEW_LINES: &[&str] = &["without new"];
const ON_INSTANCES: Why =
    Standard("attributes of events and sockets are on their prototypes; in workerd on each instance");

const ACCEPTED: &[Accepted] = &[
    probe("/probe/blob/errors", NEW_LINES, NEW),
    probe("/probe/headers/constructor", NEW_LINES, NEW),
    probe("/probe/request/names", NEW_LINES, NEW),
    probe("/probe/response/names", NEW_LINES, NEW),
    probe("/probe/sockets/pair", NEW_LINES, NEW),
    probe("/probe/url/errors", NEW_LINES, NEW),
    probe("/probe/url/errors", &["symbol"], Engine),
    probe("/probe/headers/invalid%20values", &["symbol"], Engine),
    probe("/probe/response/content%20type", &["symbol"], Engine),
    probe("/object/sql/bindings", &["symbol"], Engine),
    probe("/probe/encoding/base64", &["Uint8Array of nonsense"], Engine),
    probe("/probe/exceptions/errors", &["any"], Engine),
    probe("/probe/language/refused", &["invalid array length", "null property", "not a function", "frozen"], Engine),
    probe("/probe/request/assigning%20fields", &["method"], Engine),
    probe("/probe/response/assigning", &["status"], Engine),
    probe("/probe/response/json", &["BigInt"], Engine),
    probe("/probe/url/setters", &["origin"], Engine),
    probe("/probe/body/text%20decoding", &["surrogate"], Standard("half a surrogate pair is written as U+FFFD")),
    probe("/probe/events/prevented", &["result"], Standard("an event that is not cancelable cannot be prevented")),
    probe(
        "/probe/formData/names%20that%20need%20escapes",
        &["result"],
        Standard("both halves of a line's end are escaped in a name"),
    ),
    probe("/probe/globals/members", &["WebSocket", "MessageEvent", "CloseEvent"], ON_INSTANCES),
    probe("/probe/globals/enumerable", &["a global"], Standard("globals are properties of the global object itself")),
    probe(
        "/probe/headers/iteration",
        &["iterator's prototype", "the iterator is entries"],
        Standard("iterables of WebIDL"),
    ),
    probe("/probe/headers/of%20a%20message", &["length"], Standard("a function's length counts required arguments")),
    probe("/probe/url/shape", &["length"], Standard("a function's length counts required arguments")),
    probe(
        "/probe/sockets/closing",
        &["code and reason", "without code", "both ends"],
        Ours(
            "workerd tells the end that is left of a lost connection when both ends of a closed pair are in one worker",
        ),
    ),
    probe("/probe/globals/objects", &["result"], Gap("there is no Cache API yet")),
    probe(
        "/object/storage/values",
        &["request"],
        Gap("workerd keeps requests, headers, blobs and DOM exceptions as what they are, in a format of its own"),
    ),
    probe(
        "/probe/encodings/read",
        &["nothing"],
        Ours("no content is empty in any encoding, so that a response to HEAD can be read"),
    ),
];

/// The entries that have been used, by their place in the list.
static USED: Mutex<Vec<(usize, &str)>> = Mutex::new(Vec::new());

/// Whether a line may differ.
pub(super) fn is_accepted(case: &str, label: &str) -> bool {
    let found = ACCEPTED.iter().enumerate().find_map(|(number, accepted)| {
        let line = accepted.lines.iter().find(|line| **line == label)?;
        (accepted.case == case).then_some((number, *line))
    });
    if let Some(entry) = found {
        USED.lock().expect("nobody panics with it").push(entry);
    }
    found.is_some()
}

/// What emu has still to follow, in a test: the case, the line, why.
pub(super) fn gaps(area: &str) -> Vec<String> {
    let gap = |accepted: &Accepted| match accepted.why {
        Gap(reason) if accepted.area == area => Some(format!("{} | {:?}: {reason}", accepted.case, accepted.lines)),
        _ => None,
    };
    ACCEPTED.iter().filter_map(gap).collect()
}

/// The entries of a test that has ended which did not differ.
pub(super) fn stale(area: &str) -> Vec<String> {
    let used = USED.lock().expect("nobody panics with it");
    let entries = ACCEPTED.iter().enumerate().filter(|(_, accepted)| accepted.area == area);
    let lines =
        entries.flat_map(|(number, accepted)| accepted.lines.iter().map(move |line| (number, accepted.case, *line)));
    let unused = lines.filter(|(number, _, line)| !used.contains(&(*number, *line)));
    unused.map(|(_, case, line)| format!("{case} | {line}\n    does not differ: remove it from `accepted`")).collect()
}
