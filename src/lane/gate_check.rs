//! What the gate check is told of a lane: each output of an object, when it leaves.
//!
//! Invariant: asks storage itself, and nothing of what made the output wait.

use super::Lane;
use super::instance::Owner;
use crate::bindings::Said;

impl Lane {
    /// Looks at an output that is about to be acted upon.
    ///
    /// # Panics
    /// When it leaves its object before the writes that precede it are durable: that is a bug of emu's own.
    pub(super) fn check_gate(&self, serial: u64, said: &Said) {
        let Some(gate_check) = &self.shared.gate_check else { return };
        let Some(Owner::Object(number)) = self.instances.get(&serial).map(|instance| instance.owner) else { return };
        let is_durable = !self.objects[number].storage.has_writes();
        if let Err(violation) = gate_check.borrow_mut().leaves(number, said.made, is_durable) {
            let (label, what) = (self.object_label(number), self.output_text(serial, &said.output));
            let rerun = self.world().rerun().map(|rerun| format!("; it happens again with the seed `{rerun}`"));
            let (meaning, rerun) = (violation.meaning(), rerun.unwrap_or_default());
            panic!("gate check: `{what}` left {label} {meaning}, which is a bug of emu, not of the worker{rerun}");
        }
    }
}
