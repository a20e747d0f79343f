//! Which emu is meant: the one that `--url` names, or the one that keeps its state beside the configuration.
//!
//! Invariant: reads; takes no lock, and so never stands in the way of an emu that starts.

use crate::config::CONFIG_NAMES;
use crate::error::{Error, Result};
use clap::Args;
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use serde::Deserialize;
use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use url::Url;

/// What a running emu writes into its state folder.
const STATE_FILE: &str = "emu.json";
/// More than that in it was not written by emu.
const MAX_STATE_FILE_BYTES: u64 = 64 * 1024;
const START_IT: &str = "start it with `emu serve`, or pass `--url` if it runs elsewhere or with `--ephemeral`";

/// Where to look for the running emu.
#[derive(Args, Debug, Default)]
pub(in crate::cli) struct Place {
    /// Where emu listens, such as `http://localhost:8787`
    #[arg(long, global = true, env = "EMU_URL", value_name = "URL")]
    pub(in crate::cli) url: Option<String>,

    /// The configuration that emu runs; by default the nearest one from here upwards
    #[arg(short, long, global = true, value_name = "FILE")]
    pub(in crate::cli) config: Option<PathBuf>,

    /// The state folder that emu was given
    #[arg(long, global = true, value_name = "DIR")]
    pub(in crate::cli) persist_to: Option<PathBuf>,
}

/// A running emu, as far as is known.
#[derive(Debug)]
pub(in crate::cli) struct Server {
    /// Where it listens.
    pub(in crate::cli) url: Url,
    /// What to do when it does not listen there after all.
    pub(in crate::cli) advice: &'static str,
}

impl fmt::Display for Server {
    /// The URL as `emu serve` prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str().trim_end_matches('/'))
    }
}

#[derive(Deserialize)]
struct StateFile {
    pid: u32,
    url: String,
}

/// The emu that is meant, seen from the folder `here`.
///
/// # Errors
/// When the URL is none, when there is no configuration to start from, or when nothing runs.
pub(in crate::cli) fn find(place: &Place, here: &Path) -> Result<Server> {
    if let Some(url) = place.url.as_deref().filter(|url| !url.is_empty()) {
        let advice = "start emu with `emu serve`, or correct `--url` (or EMU_URL)";
        return Ok(Server { url: parse_url(url)?, advice });
    }
    let folder = state_folder(place, here)?;
    let file = folder.join(STATE_FILE);
    let text = read(&file)?;
    if text.trim().is_empty() {
        return Err(not_running(&folder));
    }
    let state: StateFile = serde_json::from_str(&text).map_err(|error| damaged(&file).because(error))?;
    if !is_alive(state.pid) {
        return Err(not_running(&folder).because(format!("its process {} has ended", state.pid)));
    }
    let url = parse_url(&state.url).map_err(|error| damaged(&file).because(error))?;
    Ok(Server { url, advice: START_IT })
}

fn state_folder(place: &Place, here: &Path) -> Result<PathBuf> {
    if let Some(folder) = &place.persist_to {
        return Ok(here.join(folder));
    }
    let beside = match &place.config {
        Some(config) => {
            let config = here.join(config);
            if config.is_dir() {
                config
            } else if config.is_file() {
                config.parent().unwrap_or(here).to_owned()
            } else {
                return Err(Error::config(format!("there is no file `{}`", config.display()))
                    .hint("name the configuration that emu runs, or pass `--url`"));
            }
        }
        None => here
            .ancestors()
            .find(|folder| CONFIG_NAMES.iter().any(|name| folder.join(name).is_file()))
            .ok_or_else(|| {
                Error::usage(format!("no wrangler.jsonc in `{}` or above it, so no emu to ask", here.display()))
                    .hint("run this in the worker's folder, name the configuration with `-c`, or pass `--url`")
            })?
            .to_owned(),
    };
    Ok(beside.join(".wrangler").join("state"))
}

fn read(path: &Path) -> Result<String> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MAX_STATE_FILE_BYTES).read_to_string(&mut text));
    match read {
        Ok(_) => Ok(text),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Err(not_running(path.parent().unwrap_or(path)))
        }
        Err(error) if error.kind() == ErrorKind::InvalidData => Err(damaged(path).because(error)),
        Err(error) => Err(Error::storage(format!("`{}` cannot be read", path.display())).because(error)),
    }
}

fn not_running(folder: &Path) -> Error {
    Error::network(format!("no emu runs with the state folder `{}`", folder.display())).hint(START_IT)
}

fn damaged(path: &Path) -> Error {
    Error::storage(format!("`{}` does not say where emu listens", path.display()))
        .hint("pass `--url`, or restart emu, which writes the file anew")
}

/// Whether there is such a process, also one of another user.
fn is_alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| !matches!(test_kill_process(pid), Err(Errno::SRCH)))
}

/// `http://host:port`, also without the `http://`.
fn parse_url(text: &str) -> Result<Url> {
    let refused = |what: &str| {
        Error::usage(format!("`{}` {what}", super::table::printable(text)))
            .hint("give what `emu serve` prints, such as `http://localhost:8787`")
    };
    let full = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let url = Url::parse(&full).map_err(|error| refused("is not a URL").because(error))?;
    match url.scheme() {
        "http" => Ok(url),
        _ => Err(refused("is not an `http:` URL, which is all that emu listens for")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A folder that goes away with the test.
    struct Temp(PathBuf);

    impl Temp {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("emu-do-{}-{name}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            Self(folder.canonicalize().unwrap())
        }

        fn write(&self, path: &str, text: &str) -> PathBuf {
            let path = self.0.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            path
        }
    }

    impl Drop for Temp {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn announced(url: &str) -> String {
        format!("{{\"pid\":{},\"url\":\"{url}\"}}\n", std::process::id())
    }

    fn by_config(config: &str) -> Place {
        Place { config: Some(config.into()), ..Place::default() }
    }

    fn by_state(folder: &str) -> Place {
        Place { persist_to: Some(folder.into()), ..Place::default() }
    }

    #[test]
    fn the_server_is_found_from_where_one_stands() {
        let temp = Temp::new("found");
        temp.write("app/wrangler.toml", "");
        temp.write("app/.wrangler/state/emu.json", &announced("http://localhost:1"));
        temp.write("app/src/deep/file", "");
        temp.write("other/w.jsonc", "{}");
        temp.write("other/.wrangler/state/emu.json", &announced("http://localhost:2"));
        temp.write("kept/emu.json", &announced("http://localhost:3"));
        let url = Place { url: Some("localhost:4".into()), persist_to: Some("nowhere".into()), ..Place::default() };
        let empty_url = Place { url: Some(String::new()), ..by_state("../kept") };
        for (place, here, expected) in [
            (Place::default(), "app", "http://localhost:1/"),
            (Place::default(), "app/src/deep", "http://localhost:1/"),
            (by_config("../other/w.jsonc"), "app", "http://localhost:2/"),
            (by_config("other"), ".", "http://localhost:2/"),
            (by_state("kept"), ".", "http://localhost:3/"),
            (by_state("../kept"), "app", "http://localhost:3/"),
            (url, ".", "http://localhost:4/"),
            (empty_url, "app", "http://localhost:3/"),
        ] {
            let server = find(&place, &temp.0.join(here)).unwrap();
            assert_eq!(server.url.as_str(), expected, "{place:?} in {here}");
        }
    }

    #[test]
    fn what_does_not_run_is_said_with_what_to_do() {
        let temp = Temp::new("lost");
        let mut ended = std::process::Command::new("true").spawn().unwrap();
        ended.wait().unwrap();
        temp.write("stopped/emu.json", "");
        temp.write("dead/emu.json", &format!("{{\"pid\":{},\"url\":\"http://localhost:1\"}}", ended.id()));
        temp.write("zero/emu.json", "{\"pid\":0,\"url\":\"http://localhost:1\"}");
        temp.write("text/emu.json", "not JSON");
        temp.write("https/emu.json", &announced("https://localhost:1"));
        temp.write("file", "");
        let root = temp.0.display();
        let none = |folder: &str| format!("no emu runs with the state folder `{root}/{folder}`");
        let damaged = |folder: &str| format!("`{root}/{folder}/emu.json` does not say where emu listens");
        for (place, expected, hint) in [
            (by_state("missing"), none("missing"), "emu serve"),
            (by_state("file"), none("file"), "emu serve"),
            (by_state("stopped"), none("stopped"), "emu serve"),
            (by_state("dead"), none("dead"), "emu serve"),
            (by_state("zero"), none("zero"), "emu serve"),
            (by_state("text"), damaged("text"), "--url"),
            (by_state("https"), damaged("https"), "--url"),
            (by_config("w.jsonc"), format!("there is no file `{root}/w.jsonc`"), "--url"),
            (Place::default(), format!("no wrangler.jsonc in `{root}` or above it, so no emu to ask"), "--url"),
        ] {
            let error = find(&place, &temp.0).unwrap_err();
            assert_eq!(error.to_string(), expected);
            assert!(error.hints().iter().any(|each| each.contains(hint)), "{:?}", error.hints());
        }
    }

    #[test]
    fn urls_are_plain_http() {
        for (text, expected) in [
            ("http://localhost:8787", Ok("http://localhost:8787/")),
            ("127.0.0.1:80", Ok("http://127.0.0.1/")),
            ("http://[::1]:99/path?x", Ok("http://[::1]:99/path?x")),
            ("https://localhost", Err("`https://localhost` is not an `http:` URL, which is all that emu listens for")),
            ("unix://x", Err("`unix://x` is not an `http:` URL, which is all that emu listens for")),
            ("localhost:99999", Err("`localhost:99999` is not a URL")),
            ("http://", Err("`http://` is not a URL")),
        ] {
            let parsed = parse_url(text).map_err(|error| error.to_string());
            assert_eq!(parsed.as_ref().map(Url::as_str).map_err(String::as_str), expected);
        }
    }
}
