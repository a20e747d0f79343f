//! Errors that somebody learns of, in tests: they are that somebody's, and fail no test by themselves.
//!
//! Invariant: what is asserted here is in the test file; this looks whether it holds, also under faults.

use crate::support::Project;

const WORKER: &str = r#"
import { DurableObject } from "cloudflare:workers";

export default {
    async fetch(request, env) {
        if (new URL(request.url).pathname === "/worker") {
            throw new Error("no such page");
        }
        return env.ROOM.getByName("a").fetch(request);
    },
};

export class Room extends DurableObject {
    async fetch(request) {
        const { pathname } = new URL(request.url);
        if (pathname === "/job") {
            throw new Error("no such job");
        }
        if (pathname === "/poll") {
            await new Promise((resolve) => setTimeout(resolve, 60_000));
        }
        await this.ctx.storage.put("asked", true);
        return new Response("here");
    }

    alarm() {
        throw new TypeError("a bug in the alarm");
    }
}
"#;

const TESTS: &str = r#"
import { env, evictDurableObject, runDurableObjectAlarm, runInDurableObject, SELF } from "cloudflare:test";
import { world } from "emu:test";
import { expect, it } from "vitest";

const fetch = (path) => SELF.fetch(`https://example.com${path}`);
const room = () => env.ROOM.getByName("a");

it("gets what a handler throws", async () => {
    await expect(fetch("/worker")).rejects.toThrow("no such page");
    await expect(room().fetch("https://example.com/job")).rejects.toThrow("no such job");
    const [settled] = await Promise.allSettled([fetch("/job")]);
    expect(settled.status).toBe("rejected");
});

it("leaves a request open", async () => {
    void fetch("/poll").catch(() => {});
});

it("comes after it", async () => {
    expect(await (await fetch("/")).text()).toBe("here");
});

it("evicts what may have left by itself", async () => {
    await fetch("/");
    await evictDurableObject(room());
    await fetch("/");
    await world.clock.advance("5m");
    await evictDurableObject(room());
    expect(await (await fetch("/")).text()).toBe("here");
});

it("gets what an alarm throws", async () => {
    await runInDurableObject(room(), (instance, state) => state.storage.setAlarm(Date.now() + 3_600_000));
    await expect(runDurableObjectAlarm(room())).rejects.toThrow("a bug in the alarm");
});
"#;

#[test]
fn errors_that_somebody_gets_fail_no_test() {
    let project = Project::empty();
    let config = r#"{ "name": "rooms", "main": "index.js", "compatibility_date": "2026-01-01",
        "durable_objects": { "bindings": [{ "name": "ROOM", "class_name": "Room" }] },
        "migrations": [{ "tag": "v1", "new_sqlite_classes": ["Room"] }] }"#;
    project.write("wrangler.jsonc", config);
    project.write("index.js", WORKER);
    project.write("a.test.js", TESTS);
    let output = project.command(&["test", "--seeds", "100"]).output().expect("emu runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("5 passed"), "{text}");
}
