//! The real binary, as a process.
//!
//! Invariant: a process lives no longer than its [`Emu`], nor than this test program, however that ends.

use super::log::Log;
use super::{LIMIT, Project, Socket};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A process that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code; nothing if a signal ended it.
    pub(crate) code: Option<i32>,
    /// Both outputs.
    pub(crate) text: String,
}

/// A running `emu serve`.
pub(crate) struct Emu {
    child: Child,
    log: Log,
    folder: PathBuf,
    port: u16,
    pub(crate) agent: ureq::Agent,
}

impl Emu {
    /// Starts emu and waits until it is ready.
    pub(super) fn start(project: &Project, command: Command) -> Self {
        let mut emu = Self::spawn(project, command);
        let ready = emu.logged("Ready on http://localhost:");
        let port = ready.split("http://localhost:").nth(1).expect("the text that was waited for");
        let digits = port.find(|char: char| !char.is_ascii_digit()).map_or(port, |end| &port[..end]);
        emu.port = digits.parse().expect("a port in the line");
        emu
    }

    /// Starts emu, which may not listen before long.
    pub(super) fn spawn(project: &Project, command: Command) -> Self {
        let (child, log) = spawn(command);
        Self { child, log, folder: project.folder().to_owned(), port: 0, agent: super::http::agent() }
    }

    /// The port it listens on.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The first line of the log that contains `what`.
    pub(crate) fn logged(&self, what: &str) -> String {
        self.logged_after(0, what)
    }

    /// The first line that contains `what` and is not among the first `lines`.
    pub(crate) fn logged_after(&self, lines: usize, what: &str) -> String {
        match self.log.find(what, lines, LIMIT) {
            Some((_, line)) => line,
            None => panic!("emu did not say `{what}` but:\n{}", self.log.text()),
        }
    }

    /// How many lines the log has.
    pub(crate) fn log_len(&self) -> usize {
        self.log.len()
    }

    /// The log.
    pub(crate) fn log(&self) -> String {
        self.log.text()
    }

    /// Opens a WebSocket.
    pub(crate) fn websocket(&self, path: &str) -> Socket {
        Socket::open(self.port, path)
    }

    /// Opens a WebSocket, unless emu has gone.
    pub(crate) fn try_websocket(&self, path: &str) -> Option<Socket> {
        Socket::try_open(self.port, path).ok()
    }

    /// Runs `emu do` in the project's folder, which is how it finds this emu.
    pub(crate) fn emu_do(&self, args: &[&str]) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_emu"));
        command.arg("do").args(args).current_dir(&self.folder).env_clear();
        run_to_end(command)
    }

    /// What `emu do … --json` prints.
    pub(crate) fn emu_do_json(&self, args: &[&str]) -> Value {
        let ended = self.emu_do(&[args, &["--json"]].concat());
        assert_eq!(ended.code, Some(0), "emu do {args:?}: {}", ended.text);
        serde_json::from_str(&ended.text).unwrap_or_else(|error| panic!("emu do {args:?}: {error}: {}", ended.text))
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the process is there");
    }

    /// Kills it without warning.
    pub(crate) fn kill(mut self) {
        self.signal(Signal::KILL);
        self.child.wait().expect("a killed process ends");
    }

    /// Asks it to end, which it must do, and without a complaint.
    pub(crate) fn stop(mut self) {
        self.signal(Signal::TERM);
        let code = self.exit_code(LIMIT);
        assert_eq!(code, Some(0), "emu did not end well:\n{}", self.log.text());
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it does not come in time.
    pub(crate) fn exit_code(&mut self, limit: Duration) -> Option<i32> {
        exit_code(&mut self.child, &self.log, limit)
    }
}

impl Drop for Emu {
    fn drop(&mut self) {
        end(&mut self.child);
        if std::thread::panicking() {
            eprintln!("---- log of emu\n{}\n----", self.log.text());
        }
    }
}

/// Runs a command to its end.
pub(crate) fn run_to_end(command: Command) -> Ended {
    let (mut child, log) = spawn(command);
    let code = exit_code(&mut child, &log, LIMIT);
    Ended { code, text: log.text() }
}

/// A line for each output of a process that has ended as it should have.
pub(crate) fn ends(ended: &Ended, code: i32, text: &str) {
    assert_eq!((ended.code, ended.text.trim_end()), (Some(code), text.trim_end()));
}

/// Starts a process and reads what it writes.
pub(super) fn spawn(mut command: Command) -> (Child, Log) {
    // A group of its own, so that whatever it starts ends with it.
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().expect("emu can be started");
    let log = Log::default();
    log.follow(child.stdout.take().expect("an output"));
    log.follow(child.stderr.take().expect("an output"));
    (child, log)
}

fn exit_code(child: &mut Child, log: &Log, limit: Duration) -> Option<i32> {
    if !log.ended(limit) {
        end(child);
        panic!("the process did not end within {limit:?}:\n{}", log.text());
    }
    child.wait().expect("a process that closed its outputs ends").code()
}

/// Ends a process and whatever it started.
pub(super) fn end(child: &mut Child) {
    // Failures mean that it has gone already.
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    let _ = child.wait();
}

/// Lets the kernel end the process when the thread that started it is gone, where util-linux is there.
pub(super) fn guarded(program: &Path) -> Command {
    let setpriv = Path::new("/usr/bin/setpriv");
    if !setpriv.exists() {
        return Command::new(program);
    }
    let mut guarded = Command::new(setpriv);
    guarded.args(["--pdeathsig", "KILL", "--"]).arg(program);
    guarded
}
