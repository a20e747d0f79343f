//! Turns of an isolate that several instances live in: a worker and its objects, as tests have them that look into objects.
//!
//! Whoever a turn is for, code of every resident may run in it: a test calls a method of an object that it has a reference
//! to. So what a turn wrote is committed for every object that wrote, and each op counts as said by the resident whose
//! invocation, call, body, socket or section it names.
//!
//! Invariant: in every other respect a resident is an instance like one that lives alone.

use super::instance::{Instance, Owner};
use super::turn::Writes;
use super::{Held, Lane};
use crate::bindings::Output;
use crate::core::ends::Holder;
use crate::core::stream::Party;
use crate::isolate::Death;
use emu_abi::Op;
use std::collections::{BTreeMap, BTreeSet};

impl Lane {
    /// The instances that live in the same isolate as this one, itself included.
    fn residents(&self, serial: u64) -> Vec<u64> {
        let Some(home) = self.instances.get(&serial).map(|instance| instance.home.serial) else { return Vec::new() };
        let shares = |instance: &Instance| instance.home.serial == home;
        self.instances.iter().filter(|(_, instance)| shares(instance)).map(|(serial, _)| *serial).collect()
    }

    pub(super) fn finish_shared_turn(&mut self, serial: u64) {
        let residents = self.residents(serial);
        let Some(instance) = self.instances.get(&serial) else { return };
        let outputs = instance.home.isolate.borrow_mut().host_mut().take_outputs();
        let said: Vec<Held> = outputs
            .into_iter()
            .map(|said| Held { serial: self.speaker(&residents, &said.output).unwrap_or(serial), said })
            .collect();
        for (serial, death) in said.iter().filter_map(aborted) {
            if let Some(owner) = self.instances.get(&serial).map(|instance| instance.owner) {
                self.died(serial, owner, &death);
            }
        }
        let mut involved: BTreeSet<u64> = said.iter().map(|held| held.serial).collect();
        involved.insert(serial);
        let late = self.settle_residents(&residents, &involved);
        let mut heard = Vec::new();
        for held in said {
            match late.get(&held.serial) {
                Some(number) => self.hold_late(*number, std::iter::once(held)),
                None => heard.push(held),
            }
        }
        if self.storage.needs_flush() || !self.held.is_empty() {
            self.held.extend(heard);
            return;
        }
        for Held { serial, said } in heard {
            self.act(serial, said);
        }
        for serial in involved {
            self.after_turn(serial);
        }
    }

    /// Commits what the residents wrote. Gives the instances and objects whose commit takes its time.
    fn settle_residents(&mut self, residents: &[u64], involved: &BTreeSet<u64>) -> BTreeMap<u64, usize> {
        let mut late = BTreeMap::new();
        for serial in residents {
            let Some(Owner::Object(number)) = self.instances.get(serial).map(|instance| instance.owner) else {
                continue;
            };
            let took_part = involved.contains(serial) || self.objects[number].storage.has_writes();
            if took_part && self.settle_writes(number, *serial) == Writes::Late {
                late.insert(*serial, number);
            }
        }
        late
    }

    /// Which resident an output is from, if that can be told.
    fn speaker(&self, residents: &[u64], output: &Output) -> Option<u64> {
        let Output::Op(op) = output.without_place() else { return None };
        let said_by = |serial: &u64| {
            self.instances.get(serial).is_some_and(|instance| match op {
                Op::Settle { invocation, .. }
                | Op::WaitUntilBegin { invocation }
                | Op::WaitUntilEnd { invocation, .. }
                | Op::Call { invocation, .. } => instance.invocations.contains_key(invocation),
                Op::Cancel { call } => instance.calls.contains_key(call),
                Op::LeaveCritical { section, .. } => instance.sections.contains_key(section),
                Op::BodyPull { body, .. } | Op::BodyCancel { body } => matches!(
                    self.streams.consumer(*body),
                    Some(Party::Guest { instance, .. }) if instance == *serial
                ),
                Op::BodyChunk { body, .. } | Op::BodyEnd { body } | Op::BodyFailed { body, .. } => {
                    self.guest_bodies.contains_key(&(*serial, *body))
                }
                Op::SocketDrop { socket } => {
                    self.shared.ends.borrow().get(*socket).is_some_and(|end| end.holder() == Holder::Instance(*serial))
                }
                Op::Abort { object, .. } => instance.resident == *object,
                Op::Log { .. } | Op::Declare(_) | Op::Refuse(_) => false,
            })
        };
        residents.iter().copied().find(said_by)
    }

    /// The isolate died, and all who lived in it: the objects first, for the worker may wait for them. Whose turn it was is
    /// the one who was where the guest says.
    pub(super) fn shared_isolate_died(&mut self, serial: u64, death: &Death) {
        let mut residents = self.residents(serial);
        residents.reverse();
        for resident in residents {
            if let Some(owner) = self.instances.get(&resident).map(|instance| instance.owner) {
                match death {
                    Death::Cpu(Some(_)) if resident != serial => self.died(resident, owner, &Death::Cpu(None)),
                    death => self.died(resident, owner, death),
                }
            }
        }
    }
}

/// Who ends with this output, and how.
fn aborted(held: &Held) -> Option<(u64, Death)> {
    match held.said.output.without_place() {
        Output::Op(Op::Abort { reason, retry_alarm, .. }) => {
            Some((held.serial, Death::Aborted { reason: reason.clone(), retry_alarm: *retry_alarm }))
        }
        _ => None,
    }
}
