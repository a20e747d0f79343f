//! The places where a world may decide: every open ordering and every fault that the platform may do (reference §1).
//!
//! Invariant: a closed table. A point is here only if the platform permits what happens there.

use std::fmt;

/// What a point may do to the program under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Which of several legal orders.
    Order,
    /// A fault that no caller sees: a sound test stays green.
    Silent,
    /// A fault that callers see as an error: only invariants and clients that retry are judged.
    Loud,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Order, Self::Silent, Self::Loud];

    /// Its name in options and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Silent => "silent",
            Self::Loud => "loud",
        }
    }
}

/// Makes [`Point`] and its table, so that no list of points can be incomplete.
macro_rules! points {
    ($($point:ident, $name:literal, $class:ident, $meaning:literal, $holds:literal;)*) => {
        /// A place where the world may decide.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Point {
            $(#[doc = concat!($meaning, ".")] $point,)*
        }

        impl Point {
            /// All of them, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$point),*];

            fn row(self) -> Row {
                match self {
                    $(Self::$point => Row { name: $name, class: Class::$class, meaning: $meaning, holds: $holds },)*
                }
            }
        }
    };
}

struct Row {
    name: &'static str,
    class: Class,
    meaning: &'static str,
    holds: &'static str,
}

points! {
    Task, "task", Order, "which of the ready tasks runs first", "answers are as in some serial order";
    Deliver, "deliver", Order, "a request or an answer takes its time on the way", "answers are as in some serial order";
    Evict, "evict", Silent, "an idle instance is dropped, its sockets stay", "nothing relies on state that is in memory only";
    TimerLate, "timer-late", Silent, "a timer fires late", "nothing relies on an exact time";
    AlarmLate, "alarm-late", Silent, "an alarm runs late", "nothing relies on an exact time";
    AlarmTwice, "alarm-twice", Silent, "an alarm that has succeeded runs again", "the handler is idempotent";
    ClockSkew, "clock-skew", Silent, "an object starts on a machine whose clock is ahead", "times of two objects, or of two instances of one, are not compared";
    SlowStart, "slow-start", Silent, "an instance takes long to start", "whoever waits for it can wait";
    FlushLate, "flush-late", Silent, "a commit stays pending, outputs are held", "nothing left before its writes were durable";
    Crash, "crash", Loud, "an object is lost while it awaits something", "storage is a prefix of the committed writes";
    CrashBeforeCommit, "crash-before-commit", Loud, "an object is lost before its turn is committed", "no answer came from writes that are gone";
    CrashAfterCommit, "crash-after-commit", Loud, "a turn is durable, its object is lost before it answered", "the caller can repeat a request of unknown outcome";
    StorageError, "storage-error", Loud, "a commit fails and resets the object", "outputs were held and the object starts clean";
    CallFails, "call-fails", Loud, "a stub's answer is lost after the object has committed", "the caller can repeat a request of unknown outcome";
    CallOverloaded, "call-overloaded", Loud, "an object refuses a call as overloaded", "the caller waits before it tries again, or gives up";
    SocketLost, "socket-lost", Loud, "a WebSocket ends with 1006 and loses its last messages", "the attachment is enough to go on, clients connect again";
    FetchFails, "fetch-fails", Loud, "an outgoing request fails", "failures of other hosts are handled";
    FetchHangs, "fetch-hangs", Loud, "an outgoing request is not answered", "requests to other hosts have a timeout";
    CpuLimit, "cpu-limit", Loud, "a turn of an object exceeds its CPU time", "partial work is not visible";
    MemoryLimit, "memory-limit", Loud, "an object exceeds its memory", "partial work is not visible";
    Deploy, "deploy", Loud, "a new version is deployed: every object starts anew", "state outside storage can be lost at any time";
    Message, "message", Order, "a WebSocket message takes its time on the way", "messages of two sockets, and requests, come in any order";
    CloseLate, "close-late", Loud, "an object learns late that a connection was lost", "a client that has connected again is not taken for gone";
    StorageFull, "storage-full", Loud, "a write finds the disk full and resets the object", "partial work is not visible";
    FetchUnavailable, "fetch-unavailable", Loud, "an outgoing request is answered with 503", "the status of an answer is looked at";
    FetchBreaks, "fetch-breaks", Loud, "the answer to an outgoing request breaks off", "half an answer is not taken for a whole one";
}

impl Point {
    /// Its name in tapes, options and reports.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// What it may do to the program under test.
    pub fn class(self) -> Class {
        self.row().class
    }

    /// What happens there, as half a sentence.
    pub fn meaning(self) -> &'static str {
        self.row().meaning
    }

    /// What must still hold whatever is decided there, as half a sentence.
    pub fn holds(self) -> &'static str {
        self.row().holds
    }

    /// The point of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|point| point.name() == name)
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Points(u32);

impl Points {
    /// No point.
    pub const NONE: Self = Self(0);

    /// All points of these classes.
    pub fn of(classes: &[Class]) -> Self {
        Point::ALL.iter().copied().filter(|point| classes.contains(&point.class())).collect()
    }

    /// Whether a point is in the set.
    pub fn contains(self, point: Point) -> bool {
        self.0 & (1 << point as u32) != 0
    }

    /// Its points, in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Point> {
        Point::ALL.iter().copied().filter(move |point| self.contains(*point))
    }

    /// The points of both sets.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The points of this set that are not in the other one.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The set that a text names: points and classes behind commas, each added to the ones before it, or taken from them
    /// where a `-` precedes it. `none` is no point. A text that begins with `-` begins with all points.
    ///
    /// # Errors
    /// What cannot be understood, and which names there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        let start = if text.trim_start().starts_with('-') { Self::of(&Class::ALL) } else { Self::NONE };
        text.split(',').map(str::trim).try_fold(start, |set, word| {
            let (taken, name) = word.strip_prefix('-').map_or((false, word), |name| (true, name));
            let named = Self::named(name).ok_or_else(|| unknown(name))?;
            Ok(if taken { set.without(named) } else { set.union(named) })
        })
    }

    fn named(name: &str) -> Option<Self> {
        if name == "none" {
            return Some(Self::NONE);
        }
        let class = Class::ALL.iter().find(|class| class.name() == name);
        class.map(|class| Self::of(&[*class])).or_else(|| Point::named(name).map(|point| [point].into_iter().collect()))
    }
}

impl FromIterator<Point> for Points {
    fn from_iter<I: IntoIterator<Item = Point>>(points: I) -> Self {
        Self(points.into_iter().fold(0, |set, point| set | 1 << point as u32))
    }
}

fn unknown(name: &str) -> String {
    let classes = Class::ALL.map(Class::name).join("`, `");
    let points = Point::ALL.iter().map(|point| point.name()).collect::<Vec<_>>().join("`, `");
    let shown: String = name.chars().take(40).collect();
    format!("there is no fault `{shown}`; there are the classes `{classes}`, `none`, and `{points}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kebab_case_and_lead_back_to_their_points() {
        for point in Point::ALL {
            let name = point.name();
            assert!(name.chars().all(|char| char.is_ascii_lowercase() || char == '-'), "{name}");
            assert_eq!(Point::named(name), Some(*point));
            assert!(Class::ALL.iter().all(|class| class.name() != name), "{name} is a class too");
            assert!(!point.holds().ends_with('.') && !point.meaning().ends_with('.'), "{name}: half a sentence");
        }
    }

    #[test]
    fn every_point_has_a_bit() {
        assert!(Point::ALL.len() <= u32::BITS as usize);
        let all = Points::of(&Class::ALL);
        assert_eq!(all.iter().collect::<Vec<_>>(), Point::ALL);
    }

    #[test]
    fn sets_are_written_as_names() {
        for (text, expected) in [
            ("none", Points::NONE),
            ("crash", [Point::Crash].into_iter().collect()),
            ("crash, deploy", [Point::Deploy, Point::Crash].into_iter().collect()),
            ("order,silent,loud", Points::of(&Class::ALL)),
            ("silent,-alarm-twice", Points::of(&[Class::Silent]).without([Point::AlarmTwice].into_iter().collect())),
            ("-loud", Points::of(&[Class::Order, Class::Silent])),
        ] {
            assert_eq!(Points::parse(text), Ok(expected), "{text}");
        }
        for text in ["", "beyond", "crush", "crash,", "--crash", "Crash", "crash silent"] {
            let error = Points::parse(text).expect_err(text);
            assert!(error.contains("`crash-after-commit`") && error.contains("`silent`"), "{error}");
        }
    }
}
