//! `vi.mock` and its kin: what stands in for modules, for a test and its worker alike.
//!
//! Invariant: what cannot be mocked is said with its place.

use crate::testing::{SOUND, emu, project};

/// What the tests of mocks replace, and what stands between them and the worker.
const GREETING: &str = r#"
export function greet(name: string) { return `Hello, ${name}!`; }
export const volume = 3;
export class Mailer { sent = 0; send(to: string) { this.sent += 1; return `to ${to}`; } }
export default { sign: () => "yours" };
"#;

#[test]
fn modules_are_mocked_for_the_test_and_its_worker() {
    let project = project(SOUND);
    let worker = r#"import greeting, { greet, volume } from "./barrel";
        export default { fetch: () => Response.json([greet("you"), volume, greeting.sign()]) };"#;
    project.write("src/index.ts", worker);
    project.write("src/barrel.ts", "export * from \"./greeting\";\nexport { default } from \"./greeting\";\n");
    project.write("src/greeting.ts", GREETING);
    project.write("wrangler.jsonc", r#"{ "name": "w", "main": "src/index.ts", "compatibility_date": "2026-01-01" }"#);
    let head = r#"
import { SELF } from "cloudflare:test";
import { beforeEach, expect, it, vi } from "vitest";
import greeting, { greet, Mailer, volume } from "../src/greeting";
import type { Absent } from "./absent";
const answer = async () => (await SELF.fetch("https://example.com/")).json();
"#;
    for (name, mock) in [
        // The most common of all, with a value that is hoisted, and one that is used only later.
        (
            "factory",
            r#"
            const hoisted = vi.hoisted(() => ({ greet: vi.fn(() => "mocked") }));
            const later = vi.fn(() => "later");
            vi.mock("../src/greeting", () => ({ greet: hoisted.greet, volume: 7, default: { sign: () => later() } }));
            it("mocks", async () => {
                expect([greet("me"), volume, greeting.sign()]).toEqual(["mocked", 7, "later"]);
                expect(() => new Mailer()).toThrow('No "Mailer" export is defined on the "../src/greeting" mock');
                expect(await answer()).toEqual(["mocked", 7, "later"]);
                expect(hoisted.greet).toHaveBeenLastCalledWith("you");
                hoisted.greet.mockReturnValueOnce("once");
                expect(await answer()).toEqual(["once", 7, "later"]);
                const original = await vi.importActual<typeof import("../src/greeting")>("../src/greeting");
                expect(original.greet("x")).toBe("Hello, x!");
            });"#,
        ),
        (
            "part",
            r#"
            vi.mock(import("../src/greeting"), async (importOriginal) => {
                const original = await importOriginal();
                return { ...original, greet: (name: string) => `${original.greet(name)}!` };
            });
            it("mocks", async () => {
                expect([greet("me"), new Mailer().send("me")]).toEqual(["Hello, me!!", "to me"]);
                expect(await answer()).toEqual(["Hello, you!!", 3, "yours"]);
            });"#,
        ),
        (
            "part, told by `vi`",
            r#"
            vi.mock("../src/greeting", async () => {
                const original = await vi.importActual<typeof import("../src/greeting")>("../src/greeting");
                return { ...original, greet: (name: string) => `${original.greet(name)}!` };
            });
            it("mocks", async () => expect(await answer()).toEqual(["Hello, you!!", 3, "yours"]));"#,
        ),
        (
            "inside of a function",
            r#"
            beforeEach(() => {
                vi.mock("../src/greeting", () => ({ greet: () => "mocked", volume: 7, default: { sign: () => 1 } }));
            });
            it("mocks", async () => expect(await answer()).toEqual(["mocked", 7, 1]));"#,
        ),
        (
            "automatic",
            r#"
            vi.mock("../src/greeting");
            it("mocks", async () => {
                const mailer = new Mailer();
                expect([greet("me"), volume, mailer.send("me"), greeting.sign()]).toEqual([undefined, 3, undefined, undefined]);
                vi.mocked(greet).mockReturnValue("set");
                expect(await answer()).toEqual(["set", 3, null]);
                expect(mailer.send).toHaveBeenCalledWith("me");
            });"#,
        ),
        (
            "spy",
            r#"
            vi.mock("../src/greeting", { spy: true });
            it("mocks", async () => {
                expect(await answer()).toEqual(["Hello, you!", 3, "yours"]);
                expect(greet).toHaveBeenCalledExactlyOnceWith("you");
                expect(new Mailer().send("me")).toBe("to me");
            });"#,
        ),
        ("no mock", r#"it("mocks nothing", async () => expect(await answer()).toEqual(["Hello, you!", 3, "yours"]));"#),
    ] {
        project.write("test/counter.test.ts", format!("{head}{mock}"));
        let (code, text) = emu(&project, &["test", "--seeds", "3"]);
        assert_eq!(code, 0, "{name}: {text}");
    }
}

#[test]
fn packages_are_mocked_as_files_are() {
    let project = project(SOUND);
    let worker = r#"import post, { send, seal } from "post";
        export default { fetch: () => Response.json([send(1), seal(), post.send(1)]) };"#;
    project.write("src/index.ts", worker);
    project.write("wrangler.jsonc", r#"{ "name": "w", "main": "src/index.ts", "compatibility_date": "2026-01-01" }"#);
    project.write("node_modules/post/package.json", r#"{ "name": "post", "main": "index.js" }"#);
    project.write("node_modules/post/index.js", "module.exports = { ...require('./seal'), send: (n) => n };");
    project.write("node_modules/post/seal.js", "exports.seal = () => 'sealed';");
    let head = "import { SELF } from \"cloudflare:test\";\nimport { expect, it, vi } from \"vitest\";\n\
         import { send } from \"post\";\n\
         const answer = async () => (await SELF.fetch(\"https://example.com/\")).json();\n";
    for body in [
        r#"vi.mock("post", () => ({ send: (n) => n + 1, seal: () => "open", default: { send: (n) => n + 2 } }));
           it("mocks", async () => expect([send(1), ...(await answer())]).toEqual([2, 2, "open", 3]));"#,
        r#"vi.mock("post");
           it("mocks", async () => {
               vi.mocked(send).mockReturnValue(5);
               expect(await answer()).toEqual([5, null, 5]);
           });"#,
        r#"vi.mock("post", async (importOriginal) => ({ ...(await importOriginal()), seal: () => "open" }));
           it("mocks", async () => expect(await answer()).toEqual([1, "open", 1]));"#,
    ] {
        project.write("test/counter.test.ts", format!("{head}{body}"));
        let (code, text) = emu(&project, &["test", "--calm"]);
        assert_eq!(code, 0, "{body}: {text}");
    }
}

/// What a function of the test's makes takes no file to make it of.
#[test]
fn modules_that_are_no_files_are_mocked_by_a_function() {
    let project = project(SOUND);
    project.write("package.json", r#"{ "type": "module" }"#);
    let worker = r#"import { env } from "cloudflare:workers";
        import { readFileSync } from "node:fs";
        import built, { version } from "virtual:build";
        import { deep } from "./generated/deep";
        export default { fetch: () => Response.json([env.STAGE, readFileSync("/a"), built, version, deep()]) };"#;
    project.write("src/index.ts", worker);
    let config = r#"{ "name": "w", "main": "src/index.ts", "compatibility_date": "2026-01-01", "compatibility_flags": ["nodejs_compat"] }"#;
    project.write("wrangler.jsonc", config);
    let test = r#"
import { SELF } from "cloudflare:test";
import { expect, it, vi } from "vitest";
import { env, WorkerEntrypoint } from "cloudflare:workers";
import * as fs from "node:fs";
import built, { version } from "virtual:build";

const deep = vi.fn(() => "deep");
vi.mock("cloudflare:workers", async (original) => ({ ...(await original()), env: { STAGE: "mocked" } }));
vi.mock("fs", () => ({ readFileSync: () => "text" }));
vi.mock("virtual:build", () => ({ default: "built", version: 3 }));
vi.mock("../src/generated/deep", () => ({ deep: () => deep() }));

it("mocks", async () => {
    expect([env.STAGE, fs.readFileSync("/a"), built, version]).toEqual(["mocked", "text", "built", 3]);
    expect(typeof WorkerEntrypoint).toBe("function");
    expect(await (await SELF.fetch("https://example.com/")).json()).toEqual(["mocked", "text", "built", 3, "deep"]);
    expect(deep).toHaveBeenCalledOnce();
});
"#;
    project.write("test/counter.test.ts", test);
    let (code, text) = emu(&project, &["test", "--seeds", "3"]);
    assert_eq!(code, 0, "{text}");
}

/// What a file imports is the exporting module's own variable, also where the file says what is mocked.
#[test]
fn imports_of_files_that_mock_are_bound_to_what_is_exported() {
    let project = project(SOUND);
    project.write("src/other.ts", "export const other = () => 1;\n");
    let counting = "export let counter = 0;\nexport function inc() { counter += 1; return this; }\n\
         export default class Base { kind = \"base\"; }\nexport const tag = (texts) => texts[0] + typeof this;\n\
         export type Shape = { counter: number };\n";
    project.write("src/counting.ts", counting);
    let test = r#"
import { expect, it, vi } from "vitest";
import Base, { counter, inc, tag as named, type Shape } from "../src/counting";
import * as all from "../src/counting";
import { other } from "../src/other";
vi.mock("../src/other", () => ({ other: () => counter + 10 }));

class Derived extends Base {}

it("is bound", () => {
    const before = counter
    inc()
    expect([before, counter, all.counter, { counter }]).toEqual([0, 1, 1, { counter: 1 }]);
    expect(inc()).toBeUndefined();
    if (counter > 1)
        inc();
    expect([all.counter, other(), named`a`, new Derived().kind]).toEqual([3, 13, "aundefined", "base"]);
    const shadow = (counter: number): typeof counter => counter;
    const shape = { counter: 5 } satisfies Shape;
    expect([shadow(7), shape.counter, ((inc) => inc)(8)]).toEqual([7, 5, 8]);
    const { inc: again } = { inc };
    expect(again).toBe(inc);
});
"#;
    project.write("test/counter.test.ts", test);
    let (code, text) = emu(&project, &["test", "--calm"]);
    assert_eq!(code, 0, "{text}");
}

#[test]
fn what_a_mock_cannot_do_is_said_with_its_place() {
    let project = project(SOUND);
    project.write("src/greeting.ts", GREETING);
    let head = "import { expect, it, vi } from \"vitest\";\nimport { greet } from \"../src/greeting\";\n\n";
    for (body, says) in [
        // The lines are those of the file that the reader knows.
        (
            "vi.mock(\"../src/greeting\", () => ({\n    greet: () => \"mocked\",\n}));\n\nit(\"a\", () => expect(greet(\"b\")).toBe(\"c\"));",
            "--> test/counter.test.ts:8:",
        ),
        ("vi.mock(\"../src/absent\");", "`../src/absent` cannot be mocked"),
        ("vi.mock(\"cloudflare:workers\");", "`cloudflare:workers` cannot be mocked"),
        ("vi.mock(\"cloudflare:test\", () => ({}));", "`cloudflare:test` cannot be mocked"),
        (
            "vi.mock(\"../src/absent\", (original) => original());\nimport \"../src/absent\";\nit(\"a\", () => {});",
            "`../src/absent` is no file of the project",
        ),
        ("it(\"a\", () => { vi.doMock(\"../src/greeting\"); });", "`vi.doMock()` does not work in `emu test`"),
        ("const { mock } = vi; it(\"a\", () => { mock(\"../src/greeting\"); });", "call it by that name"),
        ("vi.mock(\"../src/greeting\", () => 1);", "did not return an object"),
        ("const later = 1;\nvi.mock(\"../src/greeting\", () => ({ greet: later }));", "or by `vi.hoisted()`"),
        ("vi.mock(\"../src/greeting\", () => ({ greet: expect && greet }));", "or by `vi.hoisted()`"),
    ] {
        project.write("test/counter.test.ts", format!("{head}{body}"));
        let (code, text) = emu(&project, &["test", "--calm"]);
        assert_eq!(code, 1, "{body}: {text}");
        assert!(text.contains(says), "{body}: {text}");
    }
}
