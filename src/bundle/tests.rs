//! Projects in, bundles out: what of wrangler's bundling a user relies on, without packages from a registry.

use super::*;
use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};

/// A project in a folder of its own, deleted with it.
struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Files are pairs of path and text; the first one is `main`.
    fn new(files: &[(&str, &str)]) -> (Self, Project) {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let root = std::env::temp_dir().join(format!("emu-bundle-{}-{number}", std::process::id()));
        fs::create_dir_all(&root).expect("a folder");
        let root = root.canonicalize().expect("a path");
        for (path, text) in files {
            let file = root.join(path);
            fs::create_dir_all(file.parent().expect("a parent")).expect("a folder");
            fs::write(file, text).expect("a file");
        }
        let main = root.join(files[0].0);
        let project = Project { root: root.clone(), main, ..Project::default() };
        (Self { root }, project)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// The bundle's JavaScript.
fn code(bundle: &Bundle) -> String {
    String::from_utf8(bundle.modules[0].bytes.clone()).expect("text")
}

/// Bundles files, and expects it to work.
fn bundled(files: &[(&str, &str)], adjust: impl FnOnce(&mut Project)) -> Bundle {
    let (_folder, mut project) = Folder::new(files);
    adjust(&mut project);
    bundle(&project).bundle.unwrap_or_else(|error| panic!("{}", crate::error::report(&error)))
}

/// Bundles files, and expects errors.
fn refused(files: &[(&str, &str)], adjust: impl FnOnce(&mut Project)) -> String {
    let (_folder, mut project) = Folder::new(files);
    adjust(&mut project);
    bundle(&project).bundle.expect_err("an error").to_string()
}

/// What must and what must not be in the code of a bundle of these files.
struct Case {
    what: &'static str,
    files: &'static [(&'static str, &'static str)],
    has: &'static [&'static str],
    lacks: &'static [&'static str],
}

fn check(case: &Case, adjust: impl Fn(&mut Project)) {
    let code = code(&bundled(case.files, adjust));
    for text in case.has {
        assert!(code.contains(text), "{}: `{text}` is missing in\n{code}", case.what);
    }
    for text in case.lacks {
        assert!(!code.contains(text), "{}: `{text}` is in\n{code}", case.what);
    }
}

/// What becomes of the language's features.
const LANGUAGE: &[Case] = &[
    Case {
        what: "types and enums",
        files: &[(
            "a.ts",
            "interface I { a: number }\nexport enum E { A = 1, B }\nconst enum C { X = 7 }\n\
             export default { n: C.X as number, e: E.B, i: null! as I };\n\
             abstract class Q<T> { constructor(private x: T) {} }\n\
             export const q = (class extends Q<number> {}) satisfies unknown;",
        )],
        has: &["7", "this.x = x"],
        lacks: &["interface", "satisfies", "private", "<number>"],
    },
    Case {
        what: "explicit resource management",
        files: &[("a.js", "export default { f(x) { using y = x; return y; } }")],
        has: &["_usingCtx"],
        lacks: &["using y"],
    },
    Case {
        what: "jsx in .js, with the classic factory",
        files: &[("a.js", "export default () => <div id=\"1\"><>{2}</></div>")],
        has: &["React.createElement(\"div\"", "React.Fragment"],
        lacks: &["<div"],
    },
    Case {
        what: "legacy decorators where the tsconfig asks for them",
        files: &[
            ("a.ts", "const d = (...a: any[]): any => a; export default class { @d m(@d p: string) {} }"),
            ("tsconfig.json", r#"{ "compilerOptions": { "experimentalDecorators": true } }"#),
        ],
        has: &["__decorate(", "__decorateParam(0"],
        lacks: &["@d"],
    },
    Case {
        what: "decorators of the language",
        files: &[(
            "a.ts",
            "const d = (...a: any[]): any => a[0]; export default @d class { @d accessor x: number = 1 }",
        )],
        has: &["__emuDecorators([d], ", "__emu.member(\"accessor\", false, [d], \"x\")"],
        lacks: &["@d", "accessor x"],
    },
    Case {
        what: "top-level await and dynamic imports in one module",
        files: &[
            ("a.js", "export const v = await 1; export default async () => (await import('./b.js')).b"),
            ("b.js", "export const b = 'lazy'; globalThis.effect = 1"),
        ],
        has: &["await 1", "\"lazy\"", "Promise.resolve().then("],
        lacks: &["import("],
    },
    Case {
        what: "names are kept",
        files: &[
            ("a.js", "import { f as g } from './b.js'; function f() {}; export default [f, g]"),
            ("b.js", "export function f() {}"),
        ],
        has: &["__name("],
        lacks: &[],
    },
    Case {
        what: "unused code is dropped",
        files: &[
            ("a.js", "import { used } from './b.js'; export default used"),
            ("b.js", "export const used = 'in'; export const unused = 'out'"),
        ],
        has: &["\"in\""],
        lacks: &["\"out\""],
    },
];

#[test]
fn the_language_is_lowered_to_the_engines() {
    for case in LANGUAGE {
        check(case, |_| {});
    }
}

/// How imports find files.
const PACKAGES: &[Case] = &[
    Case {
        what: "conditions: the first of the package's that applies",
        files: &[
            ("a.js", "import v from 'p'; export default v"),
            (
                "node_modules/p/package.json",
                r#"{ "exports": { "node": "./n.js", "workerd": "./w.js", "worker": "./k.js", "default": "./d.js" } }"#,
            ),
            ("node_modules/p/w.js", "export default 'workerd'"),
            ("node_modules/p/n.js", "export default 'node'"),
            ("node_modules/p/k.js", "export default 'worker'"),
            ("node_modules/p/d.js", "export default 'default'"),
        ],
        has: &["\"workerd\""],
        lacks: &["\"node\"", "\"worker\"", "\"default\""],
    },
    Case {
        what: "browser condition, subpaths and `imports`",
        files: &[
            ("a.js", "import v from 'p/sub'; import i from '#inner'; export default [v, i]"),
            ("package.json", r##"{ "imports": { "#inner": { "browser": "./inner.js" } } }"##),
            ("inner.js", "export default 'inner'"),
            ("node_modules/p/package.json", r#"{ "exports": { "./sub": { "browser": "./b.js", "node": "./n.js" } } }"#),
            ("node_modules/p/b.js", "export default 'browser'"),
        ],
        has: &["\"inner\"", "\"browser\""],
        lacks: &[],
    },
    Case {
        what: "the browser field replaces files and switches modules off",
        files: &[
            ("a.js", "import v from 'p'; export default v"),
            ("node_modules/p/package.json", r#"{ "main": "./m.js", "browser": { "./m.js": "./b.js", "fs": false } }"#),
            ("node_modules/p/m.js", "module.exports = 'main'"),
            ("node_modules/p/b.js", "const fs = require('fs'); module.exports = ['field', fs]"),
        ],
        has: &["\"field\""],
        lacks: &["\"main\"", "node:fs"],
    },
    Case {
        what: "module is preferred to main",
        files: &[
            ("a.js", "import v from 'p'; export default v"),
            ("node_modules/p/package.json", r#"{ "main": "./m.cjs", "module": "./e.js" }"#),
            ("node_modules/p/m.cjs", "module.exports = 'cjs'"),
            ("node_modules/p/e.js", "export default 'esm'"),
        ],
        has: &["\"esm\""],
        lacks: &["\"cjs\""],
    },
    Case {
        what: "CommonJS, JSON, and a missing package that is caught",
        files: &[
            (
                "a.js",
                "import v, { named } from './c.cjs'; import j, { k } from './j.json'; export default [v, named, j, k]",
            ),
            ("c.cjs", "exports.named = 1; try { exports.x = require('not-there') } catch { exports.x = 'fallback' }"),
            ("j.json", r#"{ "k": "json" }"#),
        ],
        has: &["__commonJS", "\"json\"", "\"fallback\""],
        lacks: &[],
    },
    Case {
        what: "tsconfig paths and JSX",
        files: &[
            ("src/a.tsx", "import { x } from '@/lib'; export default <p>{x}</p>"),
            ("src/lib.ts", "export const x = 'from paths'"),
            (
                "tsconfig.json",
                r#"{ "compilerOptions": { "jsx": "react-jsx", "jsxImportSource": "j",
                    "paths": { "@/*": ["./src/*"] } } }"#,
            ),
            ("node_modules/j/package.json", r#"{ "exports": { "./jsx-runtime": "./r.js" } }"#),
            ("node_modules/j/r.js", "export const jsx = () => 'runtime'; export const jsxs = jsx"),
        ],
        has: &["\"from paths\"", "\"runtime\""],
        lacks: &["React"],
    },
    Case {
        what: "a tsconfig that preserves JSX",
        files: &[
            ("a.tsx", "export default <p/>"),
            ("tsconfig.json", r#"{ "compilerOptions": { "jsx": "preserve" } }"#),
        ],
        has: &["React.createElement(\"p\""],
        lacks: &["<p"],
    },
];

#[test]
fn packages_are_resolved_for_workers() {
    for case in PACKAGES {
        check(case, |_| {});
    }
}

#[test]
fn the_projects_settings_are_honoured() {
    let files: &[(&str, &str)] = &[
        (
            "src/main.ts",
            "import x from 'aliased'; export default [x, VERSION, navigator.userAgent, process.env.NODE_ENV, \
             globalThis.process.env.NODE_ENV, typeof process]",
        ),
        ("stub.ts", "export default 'stubbed'"),
    ];
    let made = bundled(files, |project| {
        project.alias = vec![("aliased".into(), "./stub.ts".into())];
        project.define = vec![("VERSION".into(), "\"1.2\"".into())];
    });
    let code_text = code(&made);
    for text in ["\"stubbed\"", "\"1.2\"", "\"Cloudflare-Workers\"", "\"development\"", "typeof process"] {
        assert!(code_text.contains(text), "{text} in\n{code_text}");
    }
    assert_eq!((made.main.as_str(), made.exports.as_deref()), ("worker.js", Some(&["default".to_owned()][..])));
    let inside = bundled(
        &[("src/main.ts", "export { default } from '@/b'"), ("lib/b.ts", "export default 'inside'")],
        |project| {
            project.alias = vec![("@/*".into(), "./lib/*".into()), ("@".into(), "./lib".into())];
        },
    );
    assert!(code(&inside).contains("\"inside\""), "{}", code(&inside));
    let production = bundled(files, |project| {
        project.alias = vec![("aliased".into(), "./stub".into())];
        project.define = vec![("process.env.NODE_ENV".into(), "\"production\"".into()), ("VERSION".into(), "0".into())];
        project.minify = true;
    });
    assert!(code(&production).contains("production"), "{}", code(&production));
    assert!(code(&production).len() < code_text.len());
    let jsx = bundled(&[("a.jsx", "export default <><i/></>")], |project| {
        project.jsx_factory = Some("h".into());
        project.jsx_fragment = Some("F".into());
    });
    assert!(code(&jsx).contains("h(F, null"), "{}", code(&jsx));
}

#[test]
fn modules_of_the_platform_stay_outside() {
    let source = "import { connect } from 'cloudflare:sockets'; import rtti from 'workerd:rtti'; \
                  import { join } from 'path'; import { Buffer } from 'node:buffer'; import ev from './c.cjs'; \
                  export default [connect, rtti, join, Buffer, ev]";
    let files = [("a.js", source), ("c.cjs", "module.exports = require('events').EventEmitter")];
    let code = code(&bundled(&files, |project| project.node = NodeModules::All));
    for name in ["cloudflare:sockets", "workerd:rtti", "node:path", "node:buffer", "node:events"] {
        assert!(code.contains(&format!("from \"{name}\"")), "{name} in\n{code}");
    }
    assert!(!code.contains("require(\"events\")"), "{code}");
    let hooks = [("a.js", "import { AsyncLocalStorage as A } from 'node:async_hooks'; export default A")];
    bundled(&hooks, |project| project.node = NodeModules::AsyncHooks);
}

#[test]
fn rules_keep_files_apart() {
    let files = [
        (
            "src/main.js",
            "import text from './a.txt'; import page from './p.html'; import data from '../d.bin'; \
             import wasm from './m.wasm'; import again from '../src/m.wasm?module'; import source s from './m.wasm'; \
             import md from './r.md'; export default [text, page, data, wasm, again, s, md]",
        ),
        ("src/a.txt", "a \"text\""),
        ("src/p.html", "<p>"),
        ("d.bin", "\u{0}data"),
        ("src/m.wasm", "\u{0}asm"),
        ("src/r.md", "# title"),
    ];
    let rule = Rule { kind: RuleKind::Text, globs: vec!["**/*.md".into()], fallthrough: Some(true) };
    let made = bundled(&files, |project| project.rules = vec![rule]);
    let modules: Vec<_> = made.modules.iter().map(|module| (module.name.as_str(), module.kind)).collect();
    let expected = [("worker.js", ModuleKind::Esm), ("d.bin", ModuleKind::Data), ("src/m.wasm", ModuleKind::Wasm)];
    assert_eq!(modules, expected);
    let code = code(&made);
    for text in [r#""a \"text\"""#, "\"<p>\"", "\"# title\"", "from \"d.bin\"", "from \"src/m.wasm\""] {
        assert!(code.contains(text), "{text} in\n{code}");
    }
    assert_eq!(made.modules[1].bytes, b"\0data");
}

#[test]
fn additional_modules_are_found_and_left_out_of_the_bundle() {
    let files = [
        ("src/main.js", "import { x } from './lib/x.js'; import './bundled.js'; export default x"),
        ("src/lib/x.js", "export const x = 1"),
        ("src/bundled.js", "globalThis.bundled = 1"),
        ("src/t.txt", "text"),
        ("src/node_modules/p/t.txt", "no module"),
    ];
    let rule = Rule { kind: RuleKind::ESModule, globs: vec!["lib/**/*.js".into()], fallthrough: None };
    let made = bundled(&files, |project| {
        project.find_additional_modules = true;
        project.rules = vec![rule.clone()];
    });
    let names: Vec<_> = made.modules.iter().map(|module| (module.name.as_str(), module.kind)).collect();
    let expected = [("worker.js", ModuleKind::Esm), ("lib/x.js", ModuleKind::Esm), ("t.txt", ModuleKind::Text)];
    assert_eq!(names, expected);
    assert!(code(&made).contains("from \"lib/x.js\"") && code(&made).contains("bundled = 1"), "{}", code(&made));
    let made = bundled(&files, |project| {
        project.no_bundle = true;
        project.rules = vec![rule];
    });
    let names: Vec<_> = made.modules.iter().map(|module| (module.name.as_str(), module.kind)).collect();
    let expected = [("main.js", ModuleKind::Esm), ("lib/x.js", ModuleKind::Esm), ("t.txt", ModuleKind::Text)];
    assert_eq!(names, expected);
    assert_eq!((made.main.as_str(), code(&made).as_str()), ("main.js", files[0].1));
}

#[test]
fn errors_have_their_place_and_a_remedy() {
    // file, what the error says, in this order
    let cases: [(&str, &[&str]); 12] = [
        ("const x = ;", &["unexpected token", "--> a.ts:1:11", "1 | const x = ;", "^"]),
        ("import x from \"left-pad\"; x", &["`left-pad` is not installed", "--> a.ts:1:15", "npm install left-pad"]),
        ("import x from \"@s/p/q\"; x", &["`@s/p` is not installed", "npm install @s/p"]),
        ("import x from \"./nope\"; x", &["there is no file `./nope`", "--> a.ts:1:15", "^^^^^^^^"]),
        ("import x from \"./B\"; x", &["there is no file `./B`", "there is `./b.ts`"]),
        ("import x from \"./n.txt\"; x", &["there is no file `./n.txt`", "--> a.ts:1:15"]),
        ("import x from \"./b\"; x()", &["`b.ts` has no default export", "--> a.ts:1:8", "import by name"]),
        ("import { y } from \"./b\"; y()", &["`b.ts` has no export `y`", "--> a.ts:1:10"]),
        ("import \"node:fs\";", &["`node:fs` is a module of Node.js", "--> a.ts:1:8", "nodejs_compat"]),
        ("import x from \"events\"; x", &["`node:events` is a module of Node.js", "nodejs_compat"]),
        ("import x from \"./s.css\"; x", &["no rule says what a `.css` file is", "--> a.ts:1:15", "**/*.css"]),
        ("import x from \"#x\"; x", &["`#x` is not among the `imports`"]),
    ];
    for (source, expected) in cases {
        let text = refused(&[("a.ts", source), ("b.ts", "export const x = 1"), ("s.css", "a{}")], |_| {});
        let mut from = 0;
        for part in expected {
            let at = text[from..].find(part);
            from += at.unwrap_or_else(|| panic!("{source}: `{part}` is missing in\n{text}")) + part.len();
        }
        assert!(text.starts_with("`a.ts` has 1 error\n\nerror: "), "{text}");
    }
}

#[test]
fn all_errors_are_told_at_once_and_in_order() {
    let text = refused(&[("a.js", "import './1.js';\nimport 'node:fs';\nimport './3.txt';\nimport './4.js';")], |_| {});
    assert!(text.starts_with("`a.js` has 4 errors"), "{text}");
    let lines: Vec<&str> = text.lines().filter(|line| line.contains("-->")).map(str::trim).collect();
    assert_eq!(lines, ["--> a.js:1:8", "--> a.js:2:8", "--> a.js:3:8", "--> a.js:4:8"]);
}

#[test]
fn what_may_never_be_reached_is_a_warning() {
    let source = "export default { a: () => import('node:fs'), b: () => import('nowhere') }";
    let made = bundled(&[("a.js", source)], |_| {});
    assert_eq!(made.warnings.len(), 2, "{:?}", made.warnings);
    assert!(made.warnings[0].contains("nodejs_compat") && made.warnings[1].contains("nowhere"), "{:?}", made.warnings);
    let package = [
        ("a.js", "import 'p'; export default 1"),
        ("node_modules/p/package.json", r#"{ "main": "m.js", "sideEffects": true }"#),
        ("node_modules/p/m.js", source),
    ];
    assert_eq!(bundled(&package, |_| {}).warnings, Vec::<String>::new());
}

#[test]
fn configuration_errors_are_told() {
    let rule = Rule { kind: RuleKind::Text, globs: vec!["**/*.md".into()], fallthrough: Some(false) };
    let text = refused(&[("a.js", "import t from './a.txt'; t"), ("a.txt", "")], |project| project.rules = vec![rule]);
    assert!(
        text.contains("The file ./a.txt matched a module rule in your configuration ({\"type\":\"Text\""),
        "{text}"
    );
    let text = refused(&[("a.js", "")], |project| project.main = project.root.join("other.js"));
    assert_eq!(text, "the entry-point file at `other.js` was not found");
    let text = refused(&[("a.js", "")], |project| project.main = project.root.clone());
    assert!(text.contains("is the folder"), "{text}");
    let text = refused(&[("a.js", "import 'x'")], |project| project.alias = vec![("x".into(), "./gone.js".into())]);
    assert!(text.contains("`./gone.js`, the alias of `x`, is not found"), "{text}");
    let extends = [("a.ts", "1"), ("tsconfig.json", r#"{ "extends": "nowhere/tsconfig.json" }"#)];
    let text = refused(&extends, |_| {});
    assert!(text.contains("tsconfig") && text.contains("nowhere"), "{text}");
    let text = refused(&[("a.js", "1")], |project| project.define = vec![("a b".into(), "1".into())]);
    assert!(text.contains("a b"), "{text}");
}

#[test]
fn inputs_are_known_also_of_a_failure() {
    let (folder, mut project) = Folder::new(&[
        ("src/a.ts", "import t from './t.txt'; import { b } from './b'; export default [t, b]"),
        ("src/b.ts", "export const b = 1"),
        ("src/t.txt", ""),
        ("tsconfig.json", "{}"),
    ]);
    let inputs =
        |built: Built| -> Vec<String> { built.inputs.iter().map(|file| relative(&folder.root, file)).collect() };
    assert_eq!(inputs(bundle(&project)), ["src/a.ts", "src/b.ts", "src/t.txt", "tsconfig.json"]);
    fs::remove_file(folder.root.join("src/b.ts")).expect("removed");
    let after = inputs(bundle(&project));
    assert!(after.contains(&"src/b.ts".to_owned()) && after.contains(&"src/a.ts".to_owned()), "{after:?}");
    project.main = folder.root.join("gone.ts");
    assert_eq!(inputs(bundle(&project)), ["gone.ts"]);
}

#[test]
fn positions_lead_back_to_the_sources() {
    let thrower = "// first line\nexport function thrower(): never {\n    const reason: string = \"é\"; \
                   throw new Error(reason);\n}\n";
    let files = [
        ("src/main.ts", "import { thrower } from './lib/thrower';\nexport default { fetch: () => thrower() };\n"),
        ("src/lib/thrower.ts", thrower),
    ];
    let (folder, project) = Folder::new(&files);
    let made = bundle(&project).bundle.expect("a bundle");
    let code = code(&made);
    let position = |text: &str| {
        let at = code.find(text).expect("in the code");
        let line = code[..at].matches('\n').count() + 1;
        format!("{line}:{}", at - code[..at].rfind('\n').map_or(0, |at| at + 1) + 1)
    };
    let stack = format!(
        "Error: é\n    at run (emu:runtime:1:2)\n    at thrower (worker.js:{})\n    at fetch (worker.js:{})\n    at \
         (native)\n    at emu:runtime:9:9",
        position("new Error"),
        position("thrower() }"),
    );
    let mapped = made.sources.map_text(&stack);
    let expected = "Error: é\n    at thrower (src/lib/thrower.ts:3:39)\n    at fetch (src/main.ts:2:31)";
    assert_eq!(mapped, expected);
    let frame = made.sources.code_frame(&stack).expect("a frame");
    assert!(frame.starts_with(" --> src/lib/thrower.ts:3:39\n  |\n1 | // first line\n"), "{frame}");
    assert!(
        frame.contains("throw new Error(reason);\n  |                                       ^^^\n4 | }"),
        "{frame}"
    );
    assert_eq!(
        made.sources.map_text("nothing: here, at 10:20:30 or worker.js"),
        "nothing: here, at 10:20:30 or worker.js"
    );
    assert_eq!(made.sources.code_frame("Error: x"), None);
    let (carried, root) = (made.sources.carried(), folder.root.display().to_string());
    drop(folder);
    assert_eq!((carried.map_text(&stack).as_ref(), carried.code_frame(&stack)), (expected, Some(frame)));
    let text = serde_json::to_string(&carried).expect("a text");
    assert!(!text.contains(&root), "{root} in {text}");
}

#[cfg(unix)]
#[test]
fn a_linked_folder_is_seen_through() {
    let (folder, mut project) = Folder::new(&[("src/a.js", "export default f()")]);
    let link = folder.root.join("link");
    std::os::unix::fs::symlink(&folder.root, &link).expect("a link");
    project = Project { main: link.join("src/a.js"), root: link, ..project };
    let made = bundle(&project).bundle.expect("a bundle");
    let line = code(&made).lines().position(|line| line.contains("f()")).expect("a line") + 1;
    let mapped = made.sources.map_text(&format!("at worker.js:{line}:1")).into_owned();
    assert!(mapped.starts_with("at src/a.js:1:"), "{mapped}");
    fs::write(folder.root.join("src/a.js"), "export default ;").expect("written");
    let error = bundle(&project).bundle.expect_err("an error").to_string();
    assert!(error.contains("--> src/a.js:1:16"), "{error}");
}

#[test]
fn maps_that_files_name_are_followed() {
    // One mapping: the start of line 2 of the built file is line 5 of `app.rs`.
    let map = r#"{"version":3,"sources":["../src/app.rs"],"mappings":";AAIA"}"#;
    let built = "// built\nexport const f = () => { throw 1 };\n//# sourceMappingURL=index.js.map\n";
    let files = [("build/index.js", built), ("build/index.js.map", map), ("src/app.rs", "1\n2\n3\n4\nfive\n6\n")];
    let (_folder, mut project) = Folder::new(&files);
    project.no_bundle = true;
    let made = bundle(&project).bundle.expect("a bundle");
    for sources in [made.sources.carried(), Arc::into_inner(made.sources).expect("the only one")] {
        assert_eq!(sources.map_text("at f (index.js:2:9)"), "at f (src/app.rs:5:1)");
        assert!(sources.code_frame("at f (index.js:2:9)").expect("a frame").contains("5 | five"));
    }
}

#[test]
fn frames_of_the_runtime_and_of_what_it_calls_are_dropped() {
    let (_folder, mut project) = Folder::new(&[("a.js", "f()")]);
    project.no_bundle = true;
    let made = bundle(&project).bundle.expect("a bundle");
    let cases = [
        ("at alarm (a.js:1:1)\n at apply (native)\n at emu:runtime:9:9", "at alarm (a.js:1:1)"),
        (
            "at a.js:1:1\n at (native)\n at apply (native)\n at run (emu:runtime:9:9)\n at f (a.js:1:1)",
            "at a.js:1:1\n at f (a.js:1:1)",
        ),
        ("at map (native)\n at f (a.js:1:1)\n at (native)", "at map (native)\n at f (a.js:1:1)\n at (native)"),
        ("at emu:runtime:9:9\n at map (native)\n at f (a.js:1:1)", "at map (native)\n at f (a.js:1:1)"),
        ("said (native)\n at emu:runtime:9:9", "said (native)"),
    ];
    for (stack, expected) in cases {
        assert_eq!(made.sources.map_text(stack).trim_start(), expected, "{stack}");
    }
}

/// Where a function is suspended, wherever it is, in workers that may have an `AsyncLocalStorage`; positions hold.
#[test]
fn async_context_is_kept_where_it_can_be_asked_for() {
    let hooks = "import { AsyncLocalStorage } from 'async_hooks';\n";
    let body = "export const f = async () => {\n    /* é */ await 1; throw here;\n};\n";
    let with_hooks = format!("{hooks}export const storage = new AsyncLocalStorage();\n{body}");
    let kept = |main: &str, adjust: &dyn Fn(&mut Project)| {
        let made = bundled(&[("a.js", main), ("b.mjs", body)], adjust);
        let throws: Vec<_> = made.modules.iter().map(|module| mapped_throw(&made, module)).collect();
        (made.modules.iter().all(|module| module.bytes.windows(6).any(|text| text == b".leave")), throws)
    };
    let node = |project: &mut Project| project.node = NodeModules::AsyncHooks;
    let raw = |project: &mut Project| {
        project.rules = vec![Rule { kind: RuleKind::ESModule, globs: vec!["*.mjs".into()], fallthrough: None }];
        (project.no_bundle, project.find_additional_modules, project.node) = (true, true, NodeModules::All);
    };
    let minified = |project: &mut Project| (project.minify, project.node) = (true, NodeModules::All);
    assert_eq!(kept(&with_hooks, &node), (true, vec!["a.js:4:22".to_owned()]));
    assert_eq!(kept(&with_hooks, &minified), (true, vec!["a.js:4:22".to_owned()]));
    assert_eq!(kept(&with_hooks, &raw), (true, vec!["a.js:4:22".to_owned(), "b.mjs:2:22".to_owned()]));
    assert_eq!(kept(body, &node), (false, vec!["a.js:2:22".to_owned()]));
    assert_eq!(kept(&format!("'async_hooks';\n{body}"), &|_| {}), (false, vec!["a.js:3:22".to_owned()]));
}

/// The source of the `throw` in a module.
fn mapped_throw(bundle: &Bundle, module: &Module) -> String {
    let code = String::from_utf8_lossy(&module.bytes);
    let at = code.find("throw").expect("in the code");
    let line_start = code[..at].rfind('\n').map_or(0, |at| at + 1);
    let (line, column) = (code[..at].matches('\n').count() + 1, code[line_start..at].encode_utf16().count() + 1);
    let stack = format!("at f ({}:{line}:{column})", module.name);
    let mapped = bundle.sources.map_text(&stack).into_owned();
    mapped.trim_start_matches("at f (").trim_end_matches(')').to_owned()
}

#[test]
fn source_as_deep_as_generators_make_it_is_bundled() {
    let sum = vec!["a"; 6000].join("+");
    let nested = format!("{}1{}", "(".repeat(3000), ")".repeat(3000));
    for expression in [sum, nested] {
        let worker = format!("const a = 1; export default {{ fetch() {{ return {expression}; }} }};");
        bundled(&[("worker.js", &worker)], |_| {});
    }
}
