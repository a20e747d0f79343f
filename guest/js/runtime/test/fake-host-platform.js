/**
 * The fake host with what objects ask for: keys and values in a map, SQL that a test scripts, savepoints and sockets as
 * a list of what was asked. Import it before anything of the runtime.
 *
 * Invariant: answers as the contract says; a test decides what SQL gives.
 */

import { deserialize, serialize } from "node:v8";
import { host, operations } from "./fake-host.js";

/** What is stored, by key, as bytes. */
export const stored = new Map();

/** What was asked of savepoints, alarms and sockets, in order. */
export const asked = [];

/** What SQL answers: a test replaces the functions. */
export const sql = {
    exec: () => ({ cursor: 0, columns: [], rows: [], end: true, rowsRead: 0, rowsWritten: 0 }),
    next: () => ({ rows: [], end: true, rowsRead: 0, rowsWritten: 0 }),
};

/** The alarm's time in milliseconds. */
export const alarm = { atMs: undefined };

/** Forgets everything. */
export function reset() {
    stored.clear();
    asked.length = 0;
    operations.length = 0;
    accepted.clear();
    alarm.atMs = undefined;
}

const byBytes = ([left], [right]) => Buffer.compare(Buffer.from(left), Buffer.from(right));

function list(_object, start, startAfter, end, prefix, reverse, limit) {
    let found = [...stored].sort(byBytes);
    const before = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
    found = found.filter(
        ([key]) =>
            (start === undefined || !before(key, start)) &&
            (startAfter === undefined || before(startAfter, key)) &&
            (end === undefined || before(key, end)) &&
            (prefix === undefined || key.startsWith(prefix)),
    );
    if (reverse) {
        found.reverse();
    }
    asked.push(["kvList", limit]);
    return found.slice(0, limit).flatMap(([key, value]) => [key, deserialize(value)]);
}

const ask = (name) => (...args) => {
    asked.push([name, ...args]);
};

let lastId = 0;
let lastSocket = 0;
let autoResponse;
let eventTimeoutMs;
/** Tags of hibernatable sockets, by number. */
const accepted = new Map();

Object.assign(host, {
    kvGet: (_object, keys) => keys.map((key) => (stored.has(key) ? deserialize(stored.get(key)) : undefined)),
    kvGetOne: (_object, key) => (stored.has(key) ? deserialize(stored.get(key)) : undefined),
    kvPut(_object, flat) {
        const values = flat.map((value, index) => (index % 2 === 0 ? value : serialize(value)));
        for (let i = 0; i < values.length; i += 2) {
            stored.set(values[i], values[i + 1]);
        }
    },
    kvDelete: (_object, keys) => keys.filter((key) => stored.delete(key)).length,
    kvList: list,
    deleteAll: () => stored.clear(),
    alarmGet: () => alarm.atMs,
    alarmSet(_object, atMs) {
        alarm.atMs = atMs;
    },
    alarmDelete() {
        alarm.atMs = undefined;
    },
    sqlExec: (...args) => sql.exec(...args),
    sqlNext: (...args) => sql.next(...args),
    sqlClose: ask("sqlClose"),
    sqlSize: () => 4096,
    savepointBegin: ask("savepointBegin"),
    savepointRelease: ask("savepointRelease"),
    savepointRollback: ask("savepointRollback"),
    socketPair() {
        lastSocket += 2;
        return [lastSocket - 1, lastSocket];
    },
    socketHibernate(object, socket, tags) {
        asked.push(["socketHibernate", object, socket, tags]);
        accepted.set(socket, tags);
    },
    sockets: (_object, tag) =>
        [...accepted].filter(([, tags]) => tag === undefined || tags.includes(tag)).map(([socket]) => socket),
    socketTags: (_object, socket) => accepted.get(socket),
    socketState: () => [1, undefined, "", ""],
    autoResponseSet(_object, request, response) {
        autoResponse = request === undefined ? undefined : [request, response];
    },
    autoResponseGet: () => autoResponse,
    autoResponseTime: (_object, socket) => (accepted.has(socket) ? 5 : undefined),
    eventTimeoutSet(_object, ms) {
        eventTimeoutMs = ms;
    },
    eventTimeoutGet: () => eventTimeoutMs,
    idFromName: (_namespace, name) => Buffer.from(name).toString("hex").padEnd(64, "0").slice(0, 64),
    idFromString: (_namespace, text) => text.toLowerCase(),
    idUnique() {
        lastId += 1;
        return String(lastId).padStart(64, "0");
    },
    promiseState: () => [0, undefined],
    fulfilled: (promise) => promise,
    proxyParts: () => undefined,
    abort: ask("abort"),
});

/** Runs all microtasks, as the engine does after each event. */
export function microtasks() {
    return new Promise((resolve) => {
        setImmediate(resolve);
    });
}

export { host, operations };
