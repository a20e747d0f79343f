//! The same worker on the real workerd and on emu: the same requests and messages lead to the same transcripts.
//!
//! The worker is `fixtures/differential`. Most cases are its *probes*: functions that try something and write down what
//! came of it. `http` and `sockets` are what only a client sees. What may differ, and why, is in `accepted`.
//!
//! Invariant: says nothing about what is right; workerd does.

mod accepted;
mod http;
mod probes;
mod sockets;
mod transcript;

use crate::support::{Emu, Project, Workerd};
use transcript::{Transcript, differences};

/// Both programs, serving the fixture.
struct Both {
    _project: Project,
    workerd: Workerd,
    emu: Emu,
}

impl Both {
    fn serve() -> Self {
        let project = Project::sources("differential");
        let workerd = Workerd::serve(&project);
        let emu = project.serve(&[]);
        Self { _project: project, workerd, emu }
    }

    /// Runs one case on both, given as a function of the port, and adds what differs.
    fn compare(&self, case: &str, run: impl Fn(u16) -> Transcript, report: &mut Report) {
        let (expected, got) = (run(self.workerd.port()), run(self.emu.port()));
        report.cases += 1;
        report.lines += expected.len();
        report.transcript.extend(expected.iter().map(|(label, value)| format!("{case} | {label}: {value}")));
        report.differences.extend(differences(case, &expected, &got));
    }
}

/// What has been compared.
#[derive(Default)]
struct Report {
    cases: usize,
    lines: usize,
    /// What workerd does: shown when a test fails, or is run with `--nocapture`.
    transcript: Vec<String>,
    differences: Vec<String>,
}

impl Report {
    /// Asserts that nothing differs that is not accepted, and that nothing is accepted that does not differ.
    fn check(mut self, area: &str, both: &Both) {
        println!("{}\n{area}: {} cases, {} lines", self.transcript.join("\n"), self.cases, self.lines);
        println!("still to follow:\n{}", accepted::gaps(area).join("\n"));
        self.differences.extend(accepted::stale(area));
        if !self.differences.is_empty() {
            let count = self.differences.len();
            println!("---- log of workerd\n{}\n----", both.workerd.log());
            panic!("{area}: {count} differences\n{}", self.differences.join("\n"));
        }
    }
}

#[test]
fn probes_find_the_same() {
    let both = Both::serve();
    let mut report = Report::default();
    for path in probes::paths(both.workerd.port()) {
        both.compare(&path, |port| probes::run(port, &path), &mut report);
    }
    assert!(report.cases >= 150, "only {} probes", report.cases);
    report.check("probes", &both);
}

#[test]
fn clients_get_the_same_responses() {
    let both = Both::serve();
    let mut report = Report::default();
    for case in http::CASES {
        both.compare(case.name, |port| http::run(port, case), &mut report);
    }
    report.check("http", &both);
}

#[test]
fn sockets_carry_the_same_messages() {
    let both = Both::serve();
    let mut report = Report::default();
    for case in sockets::CASES {
        both.compare(case.name, |port| sockets::run(port, case), &mut report);
    }
    report.check("sockets", &both);
}
