//! What is kept between starts so that the next one is quicker: the engine, and the images of JavaScript workers.
//!
//! Invariant: nobody can tell a start with it from one without, but by the time it takes.

use crate::support::Project;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

const WORKER: &str = r#"
console.log("global scope runs");
const made = { at: Date.now(), count: 0 };
export default {
    fetch(request, env) {
        made.count += 1;
        return Response.json([env.NAME, made]);
    },
};
"#;

/// A worker with a cache of its own.
fn project() -> Project {
    let project = Project::empty();
    project.write("worker.js", WORKER);
    let config =
        r#"{ "name": "kept", "main": "worker.js", "compatibility_date": "2026-10-01", "vars": { "NAME": "a" } }"#;
    project.write("wrangler.jsonc", config);
    project
}

/// Starts and stops emu; what the worker answered.
fn answer(project: &Project) -> String {
    let emu = project.serve_after("export EMU_CACHE_DIR=cache");
    emu.logged("global scope runs");
    let answer = emu.text("/");
    assert_eq!(emu.log().matches("global scope runs").count(), 1);
    emu.stop();
    answer
}

/// The files of the cache that begin and end like this.
fn kept(project: &Project, begin: &str, end: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(project.path("cache")).expect("the cache").map(|entry| entry.expect("an entry").path());
    files
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(begin) && name.ends_with(end)
        })
        .collect()
}

fn inode(path: &Path) -> u64 {
    fs::metadata(path).expect("the file").ino()
}

#[test]
fn a_worker_starts_from_its_kept_image_until_it_changes() {
    let project = project();
    let first = answer(&project);
    assert_eq!(first, r#"["a",{"at":0,"count":1}]"#);
    let images = kept(&project, "worker-", ".image");
    let [image] = images.as_slice() else { panic!("{images:?}") };
    let kept_at_first = inode(image);
    assert_eq!(answer(&project), first, "nothing of the first instance is left");
    assert_eq!(inode(image), kept_at_first, "the image is the same");

    project.replace(r#""NAME": "a""#, r#""NAME": "b""#);
    assert_eq!(answer(&project), first.replace("\"a\"", "\"b\""));
    let with_another_variable = inode(image);
    assert_ne!(with_another_variable, kept_at_first, "another variable is another image");
    project.write("worker.js", WORKER.replace("made.count += 1", "made.count += 2"));
    assert_eq!(answer(&project), r#"["b",{"at":0,"count":2}]"#);
    assert_ne!(inode(image), with_another_variable, "other code is another image");
}

#[test]
fn what_is_kept_may_be_damaged_or_gone() {
    let project = project();
    let first = answer(&project);
    for (begin, end) in [("worker-", ".image"), ("javascript-", ".image"), ("javascript-", ".code")] {
        for damage in ["", "short", "emu-kp-1 but then nothing that makes any sense at all"] {
            for path in kept(&project, begin, end) {
                fs::write(path, damage).expect("the file can be written");
            }
            assert_eq!(answer(&project), first, "{begin}*{end}: `{damage}`");
        }
        for path in kept(&project, begin, end) {
            fs::remove_file(path).expect("the file can be removed");
        }
        assert_eq!(answer(&project), first, "{begin}*{end}: none");
    }
}

#[test]
fn tests_run_without_a_folder_to_keep_things_in() {
    let project = project();
    project.write("a.test.js", "import { it } from 'vitest';\nit('runs', () => {});\n");
    let mut command = project.command(&["test", "--calm"]);
    // Where the user's folder would be made there is a file.
    command.env_remove("EMU_CACHE_DIR").env("XDG_CACHE_HOME", project.path("worker.js"));
    let output = command.output().expect("emu runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), said.matches("`EMU_CACHE_DIR` names one").count()), (Some(0), 1), "{said}");
}
