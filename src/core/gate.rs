//! The input gate of an object (reference §1.5, §1.8): which events may be delivered while critical sections are open.
//!
//! A critical section is opened by `blockConcurrencyWhile` or `transaction`, and sections nest. While one is open only
//! what belongs to the innermost one is delivered; everything else waits, in order. A section that waits to be entered
//! goes before events that wait to be delivered, as in workerd, so that a constructor's section precedes the event that
//! woke the object.
//!
//! Invariant: knows nothing of the events it holds back.

use std::collections::VecDeque;

/// The deepest nesting of critical sections (reference §1.5).
pub const MAX_DEPTH: usize = 64;

/// The most sections that may wait to be entered.
const MAX_ENTERING: usize = 10_000;

/// The number of a critical section; 0 is none.
pub type Section = u32;

/// Holds events of type `T` back while critical sections that are not theirs are open.
#[derive(Debug)]
pub struct InputGate<T> {
    /// Open sections, innermost last.
    open: Vec<Section>,
    /// Sections that wait to be entered: (parent, section).
    entering: VecDeque<(Section, Section)>,
    waiting: VecDeque<(Section, T)>,
    /// Nothing is delivered at all before the constructor has returned.
    constructing: bool,
}

/// What the gate lets through next.
#[derive(Debug, PartialEq, Eq)]
pub enum Admitted<T> {
    /// This section is entered now.
    Entered(Section),
    /// This event is delivered now.
    Event(T),
}

impl<T> Default for InputGate<T> {
    fn default() -> Self {
        Self { open: Vec::new(), entering: VecDeque::new(), waiting: VecDeque::new(), constructing: false }
    }
}

impl<T> InputGate<T> {
    /// Closes the gate until [`Self::constructed`].
    pub fn construct(&mut self) {
        self.constructing = true;
    }

    /// The constructor has returned.
    pub fn constructed(&mut self) {
        self.constructing = false;
    }

    /// An event that belongs to `section` arrived.
    pub fn arrive(&mut self, section: Section, event: T) {
        self.waiting.push_back((section, event));
    }

    /// An event of no section arrived that goes before all that wait.
    pub fn arrive_first(&mut self, event: T) {
        self.waiting.push_front((0, event));
    }

    /// `section` shall be opened inside `parent`. False if that would nest too deeply, or too many wait already.
    #[must_use]
    pub fn enter(&mut self, parent: Section, section: Section) -> bool {
        let depth = self.open.iter().position(|open| *open == parent).map_or(0, |index| index + 1);
        if depth >= MAX_DEPTH || self.entering.len() >= MAX_ENTERING {
            return false;
        }
        self.entering.push_back((parent, section));
        true
    }

    /// The callback of `section` has ended. Sections inside it that never ended are closed with it.
    pub fn leave(&mut self, section: Section) {
        self.entering.retain(|(_, waiting)| *waiting != section);
        if let Some(depth) = self.open.iter().position(|open| *open == section) {
            self.open.truncate(depth);
        }
    }

    /// What may go through now, if anything.
    pub fn admit(&mut self) -> Option<Admitted<T>> {
        if self.constructing {
            return None;
        }
        if let Some(index) = self.entering.iter().position(|(parent, _)| self.admits(*parent)) {
            let (_, section) = self.entering.remove(index)?;
            self.open.push(section);
            return Some(Admitted::Entered(section));
        }
        let index = self.waiting.iter().position(|(section, _)| self.admits(*section))?;
        self.waiting.remove(index).map(|(_, event)| Admitted::Event(event))
    }

    /// The innermost open section, or 0.
    pub fn innermost(&self) -> Section {
        self.open.last().copied().unwrap_or(0)
    }

    /// Whether this section is open.
    pub fn is_open(&self, section: Section) -> bool {
        self.open.contains(&section)
    }

    /// Whether a section is open or waits to be.
    pub fn is_critical(&self) -> bool {
        !self.open.is_empty() || !self.entering.is_empty()
    }

    /// How many events wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The instance has gone: its sections end, and of what waits only that stays which `keep` says the next one can take.
    pub fn instance_gone(&mut self, keep: impl Fn(&T) -> bool) {
        self.open.clear();
        self.entering.clear();
        self.constructing = false;
        self.waiting.retain(|(_, event)| keep(event));
    }

    /// Opens the gate wide and takes everything that waited: the instance it guarded is gone.
    pub fn reset(&mut self) -> Vec<T> {
        self.open.clear();
        self.entering.clear();
        self.constructing = false;
        self.waiting.drain(..).map(|(_, event)| event).collect()
    }

    fn admits(&self, section: Section) -> bool {
        self.open.last().is_none_or(|innermost| *innermost == section)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(gate: &mut InputGate<&'static str>) -> Vec<Admitted<&'static str>> {
        std::iter::from_fn(|| gate.admit()).collect()
    }

    #[test]
    fn an_event_may_go_before_all_that_wait() {
        let mut gate = InputGate::default();
        gate.arrive(0, "a");
        gate.arrive_first("b");
        assert_eq!(drain(&mut gate), [Admitted::Event("b"), Admitted::Event("a")]);
    }

    #[test]
    fn events_pass_in_order_when_no_section_is_open() {
        let mut gate = InputGate::default();
        gate.arrive(0, "a");
        gate.arrive(7, "completion of a section that ended long ago");
        assert_eq!(
            drain(&mut gate),
            [Admitted::Event("a"), Admitted::Event("completion of a section that ended long ago")]
        );
    }

    #[test]
    fn only_the_innermost_section_receives() {
        let mut gate = InputGate::default();
        assert!(gate.enter(0, 1));
        gate.arrive(0, "request");
        assert_eq!(drain(&mut gate), [Admitted::Entered(1)]);
        assert!(gate.enter(1, 2));
        gate.arrive(1, "outer completion");
        gate.arrive(2, "inner completion");
        assert_eq!(drain(&mut gate), [Admitted::Entered(2), Admitted::Event("inner completion")]);
        gate.leave(2);
        assert_eq!(drain(&mut gate), [Admitted::Event("outer completion")]);
        gate.leave(1);
        assert_eq!(drain(&mut gate), [Admitted::Event("request")]);
    }

    #[test]
    fn a_section_of_the_constructor_precedes_the_event_that_woke_the_object() {
        let mut gate = InputGate::default();
        gate.construct();
        gate.arrive(0, "request");
        assert!(gate.enter(0, 1));
        assert_eq!(drain(&mut gate), []);
        gate.constructed();
        assert_eq!(drain(&mut gate), [Admitted::Entered(1)]);
        gate.leave(1);
        assert_eq!(drain(&mut gate), [Admitted::Event("request")]);
    }

    #[test]
    fn sections_of_two_events_follow_each_other() {
        let mut gate = InputGate::<&str>::default();
        assert!(gate.enter(0, 1) && gate.enter(0, 2));
        assert_eq!(drain(&mut gate), [Admitted::Entered(1)]);
        gate.leave(1);
        assert_eq!(drain(&mut gate), [Admitted::Entered(2)]);
    }

    #[test]
    fn what_an_instance_left_behind_does_not_reach_the_next_one() {
        let mut gate = InputGate::default();
        assert!(gate.enter(0, 1));
        gate.admit();
        gate.arrive(1, "completion");
        gate.arrive(0, "request");
        gate.instance_gone(|event| *event == "request");
        assert_eq!(drain(&mut gate), [Admitted::Event("request")]);
    }

    #[test]
    fn nesting_is_bounded_and_reset_gives_everything_back() {
        let mut gate = InputGate::default();
        for depth in 0..MAX_DEPTH as u32 {
            assert!(gate.enter(depth, depth + 1));
            gate.admit();
        }
        assert!(!gate.enter(MAX_DEPTH as u32, 99), "too deep");
        assert!(gate.enter(1, 100), "a sibling is not deeper");
        gate.arrive(0, "request");
        assert_eq!(gate.reset(), ["request"]);
        assert!(!gate.is_critical());
    }
}
