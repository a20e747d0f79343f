//! A started server: its process, its port, its folder of state.
//!
//! Invariant: a server lives exactly as long as its [`Server`]; dropping that kills the whole process group and removes the folder.

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::Result;
use crate::side::{Programs, Side, Start, ready_port};

/// How long a server may take until it says that it is ready.
const READY_TIME: Duration = Duration::from_secs(60);
/// How many of a server's last lines an error shows.
const LAST_LINES: usize = 12;

/// A running server.
pub(crate) struct Server {
    side: Side,
    child: Child,
    port: u16,
    state: PathBuf,
    lines: Lines,
}

type Lines = Arc<Mutex<VecDeque<String>>>;

impl Server {
    /// Starts a server with an empty folder of state and waits until it says that it is ready.
    ///
    /// # Errors
    ///
    /// When it cannot be started, or ends or stays silent instead; with the last lines it printed.
    pub(crate) async fn start(programs: &Programs, side: Side, start: Start<'_>) -> Result<Self> {
        let state = state_folder(side)?;
        let mut command = guarded(programs.serve(side, &state, start), start.bare);
        // A group of its own, so that whatever the server starts can be killed with it.
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let child = command.spawn().map_err(|error| {
            // Nothing will use the folder: the failure to remove it, too, is of no interest.
            let _ = fs::remove_dir_all(&state);
            format!("cannot start `{}`: {error}", programs.path(side).display())
        })?;
        let mut server = Self { side, child, port: 0, state, lines: Lines::default() };
        let mut ports = server.read_output();
        match timeout(READY_TIME, ports.recv()).await {
            Ok(Some(port)) => server.port = port,
            Ok(None) => {
                let status = server.child.wait()?;
                return Err(server.describe(&format!("ended before it was ready ({status})")));
            }
            Err(_) => return Err(server.describe("did not say that it is ready")),
        }
        Ok(server)
    }

    /// The port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// An error about this server, with the last lines it printed.
    pub(crate) fn describe(&self, what: &str) -> Box<dyn std::error::Error + Send + Sync> {
        let lines = self.lines.lock().map(|lines| Vec::from_iter(lines.iter().map(|line| format!("\n  | {line}"))));
        format!("{} {what}{}", self.side.name(), lines.unwrap_or_default().concat()).into()
    }

    /// Reads both outputs for as long as the server lives; a server whose pipe is full would stand still.
    fn read_output(&mut self) -> mpsc::UnboundedReceiver<u16> {
        let (ready, ports) = mpsc::unbounded_channel();
        let outputs: [Option<Box<dyn Read + Send>>; 2] = [
            self.child.stdout.take().map(|out| Box::new(out) as _),
            self.child.stderr.take().map(|err| Box::new(err) as _),
        ];
        for output in outputs.into_iter().flatten() {
            let (side, lines, ready) = (self.side, self.lines.clone(), ready.clone());
            thread::spawn(move || read_lines(side, output, &lines, &ready));
        }
        ports
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Failures mean that the process, or the folder, is gone already.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.state);
    }
}

fn read_lines(side: Side, output: impl Read, lines: &Lines, ready: &mpsc::UnboundedSender<u16>) {
    for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        if let Some(port) = ready_port(side, &line) {
            // Nobody waits for the port any more when a start was given up.
            let _ = ready.send(port);
        }
        if let Ok(mut lines) = lines.lock() {
            lines.push_back(line.into_owned());
            if lines.len() > LAST_LINES {
                lines.pop_front();
            }
        }
    }
}

/// Lets the kernel end the server when this process is killed in a way that leaves it no time (SIGKILL), where util-linux is there.
fn guarded(command: Command, bare: bool) -> Command {
    let setpriv = Path::new("/usr/bin/setpriv");
    if bare || !setpriv.exists() {
        return command;
    }
    let mut guarded = Command::new(setpriv);
    guarded.args(["--pdeathsig", "KILL", "--"]).arg(command.get_program()).args(command.get_args());
    guarded
}

/// A new empty folder, in cargo's own for such things where there is one: a temporary folder is in memory on many machines.
fn state_folder(side: Side) -> Result<PathBuf> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let base = option_env!("CARGO_TARGET_TMPDIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let state = base.join(format!("compare-{}-{}-{number}", std::process::id(), side.name()));
    fs::create_dir_all(&state).map_err(|error| format!("cannot create `{}`: {error}", state.display()))?;
    Ok(state)
}
