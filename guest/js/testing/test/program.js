/**
 * Runs test files under node: the bundled modules, with a stand-in for the engine's `emu:internals`.
 *
 * Invariant: each program has modules of its own, as each world has.
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { after } from "node:test";
import { bundleTesting } from "../build.js";

const bundled = bundleTesting();
const folder = mkdtempSync(join(tmpdir(), "emu-testing-"));
mkdirSync(join(folder, "emu:test"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** What the runtime's global object has and node's does not. */
const listeners = [];
globalThis.addEventListener = (type, listener) => listeners.push(listener);

/** Acts as the engine when a promise was rejected and nobody handles it. */
export function rejectUnhandled(reason) {
    listeners.at(-1)({ reason, preventDefault() {} });
}

let programs = 0;

/** The stub of an object. */
export class Stub {
    constructor(id, instance = {}, state = {}) {
        Object.assign(this, { object: { namespace: 1, id }, instance, state });
    }
}

function internals(answers, sent) {
    return {
        async world(command) {
            sent.push(command);
            return (await answers[command.do]?.(command)) ?? {};
        },
        objectOf: (stub) => stub?.object,
        numberOf: (namespace) => namespace?.number,
        runInObject: async (stub, fn) => fn(stub.instance, stub.state),
        renew: (stub) => stub,
        createContext: () => ({ promises: [], waitUntil(promise) { this.promises.push(promise); } }),
        async contextSettled(context) {
            const settled = await Promise.allSettled(context.promises);
            return settled.filter(({ status }) => status === "rejected").map(({ reason }) => reason);
        },
        watchUncaught() {},
        createController: (cron, scheduledTime) => ({ cron, scheduledTime }),
        worker: { fetch: async () => new Response("the worker") },
    };
}

const WORKERS = "export class WorkerEntrypoint {} export const env = { NAME: 'value' };";

async function load(answers, sent) {
    programs += 1;
    const key = `emuInternals${programs}`;
    globalThis[key] = internals(answers, sent);
    const place = (name, source) => {
        // The modules are known in stacks by their names, as in the engine.
        const file = join(folder, "emu:test", `${programs}-${name}.mjs`);
        writeFileSync(file, source);
        return pathToFileURL(file).href;
    };
    const names = Object.keys(globalThis[key]).join(", ");
    const urls = {
        "emu:internals": place("internals", `export const { ${names} } = globalThis.${key};`),
        "cloudflare:workers": place("workers", WORKERS),
    };
    const redirect = (source) =>
        source.replace(/from ?"([a-z]+:[^"]+)"/g, (text, name) => `from"${urls[name] ?? text}"`);
    const modules = await bundled;
    const { "emu:test/core": core, ...others } = modules;
    urls["emu:test/core"] = place("core", redirect(core));
    const importPart = (name) => import(place(name.replace(":", "-"), redirect(others[name])));
    const parts = await Promise.all(["vitest", "cloudflare:test", "emu:test"].map(importPart));
    return { core: await import(urls["emu:test/core"]), exports: Object.assign({}, ...parts) };
}

/**
 * Evaluates a test file.
 *
 * @param {(modules: object) => void} file Gets what `vitest`, `cloudflare:test` and `emu:test` export.
 * @param {Record<string, (command: object) => unknown>} [answers] What the world does, by command.
 * @param {object} [config] What vitest.config.ts says.
 */
export async function program(file, answers = {}, config = {}) {
    const sent = [];
    const { core, exports } = await load(answers, sent);
    core.begin();
    core.configure(config);
    file(exports);
    await core.end();
    const entrypoint = new core.TestEntrypoint();
    const ask = (name, init = undefined) => entrypoint.fetch(new Request(`emu-test://${name}`, init));
    const json = async (name, init) => (await ask(name, init)).json();
    return {
        core,
        sent,
        ask,
        collect: () => json("collect"),
        run: (asks = {}) => {
            const update = asks.shaken ? "none" : "new";
            return json("run", { method: "POST", body: JSON.stringify({ ids: null, update, ...asks }) });
        },
        invariants: () => json("invariants"),
        settled: () => json("settled"),
    };
}

/** The tests of a program that has run, by name. */
export async function resultsOf(file, { answers, asks, config } = {}) {
    const made = await program(file, answers, config);
    const { tests, errors } = await made.collect();
    const ran = await made.run(asks);
    const names = new Map(tests.map(({ id, name }) => [id, name]));
    const results = Object.fromEntries(ran.results.map((result) => [names.get(result.id), result]));
    return { ...made, tests, collectErrors: errors, ran, results };
}
