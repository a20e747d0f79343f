/**
 * `ctx.storage`: arguments, results and their order; the platform's texts.
 *
 * Invariant: what is asserted here was seen in workerd.
 */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { alarm, asked, microtasks, operations, reset, sql } from "./fake-host-platform.js";
import { complete } from "../calls.js";
import { durableObjectStorage } from "../platform/storage.js";
import { Invocation, Scope, currentScope, setScope } from "../scope.js";

const storage = durableObjectStorage(1);
const scope = new Scope(new Invocation(7), 1, 0, undefined);

beforeEach(() => {
    reset();
    setScope(scope);
});

const notOfType = (method, index, type, owner = "DurableObjectStorage") =>
    `TypeError: Failed to execute '${method}' on '${owner}': parameter ${index} is not of type '${type}'.`;

const PUT_TWO_WAYS =
    "TypeError: put() may only be called with a single key-value pair and optional options as put(key, value, " +
    "options) or with multiple key-value pairs and optional options as put(entries, options)";

const refused = [
    [() => storage.get(), notOfType("get", 1, "string or Array")],
    [() => storage.get("a", 5), notOfType("get", 2, "GetOptions")],
    [() => storage.put(), notOfType("put", 1, "string or object")],
    [() => storage.put("k"), "TypeError: put() called with undefined value."],
    [() => storage.put(null), "TypeError: put() called with undefined value."],
    [() => storage.put("k", 1, 5), notOfType("put", 3, "PutOptions")],
    [() => storage.put({ a: 1 }, 5), PUT_TWO_WAYS],
    [() => storage.list(5), notOfType("list", 1, "ListOptions")],
    [() => storage.list({ limit: 0 }), "TypeError: List limit must be positive."],
    [() => storage.list({ limit: "x" }), "TypeError: List limit must be positive."],
    [() => storage.list({ limit: null }), "TypeError: List limit must be positive."],
    [
        () => storage.list({ limit: 1e20 }),
        "TypeError: Value out of range. Must be between -2147483648 and 2147483647 (inclusive).",
    ],
    [
        () => storage.list({ start: "a", startAfter: "b" }),
        "TypeError: list() cannot be called with both start and startAfter values.",
    ],
    [() => storage.deleteAll(5), notOfType("deleteAll", 1, "PutOptions")],
    [() => storage.getAlarm(5), notOfType("getAlarm", 1, "GetAlarmOptions")],
    [() => storage.setAlarm(), notOfType("setAlarm", 1, "date")],
    [() => storage.setAlarm("5"), notOfType("setAlarm", 1, "date")],
    [() => storage.setAlarm(5, 5), notOfType("setAlarm", 2, "SetAlarmOptions")],
    [() => storage.setAlarm(NaN), "TypeError: The value cannot be converted because it is not a valid Date."],
    [() => storage.setAlarm(new Date(NaN)), "TypeError: The value cannot be converted because it is not a valid Date."],
    [() => storage.setAlarm(9223372036855), "TypeError: This API doesn't support dates after 2189."],
    [() => storage.deleteAlarm(5), notOfType("deleteAlarm", 1, "SetAlarmOptions")],
    [() => storage.transaction(), notOfType("transaction", 1, "function")],
    [
        () => storage.getBookmarkForTime(5),
        "Error: This Durable Object's storage back-end does not implement point-in-time recovery.",
    ],
];

for (const [call, expected] of refused) {
    test(`refused: ${call.toString().slice(6)}`, async () => {
        const promise = call();
        assert.ok(promise instanceof Promise, "asynchronous methods reject and do not throw");
        await assert.rejects(promise, (error) => {
            assert.equal(`${error.name}: ${error.message}`, expected);
            return true;
        });
    });
}

const ILLEGAL = /^Illegal invocation: function called with incorrect `this` reference\. See https:/u;

test("a wrong `this` is refused at once, as are wrong arguments of delete()", () => {
    for (const name of ["get", "put", "list", "delete", "deleteAll", "getAlarm", "setAlarm", "sync", "transaction"]) {
        assert.throws(() => storage[name].call({}, "a"), { name: "TypeError", message: ILLEGAL });
    }
    assert.throws(() => storage.kv.get.call({}, "a"), { message: ILLEGAL });
    assert.throws(() => storage.sql.exec.call({}, "a"), { message: ILLEGAL });
    assert.throws(() => storage.delete(), { message: notOfType("delete", 1, "string or Array").slice(11) });
    assert.throws(() => storage.delete("a", 5), { message: notOfType("delete", 2, "PutOptions").slice(11) });
});

test("keys and values", async () => {
    await storage.put("5", 1);
    await storage.put({ b: 2, skipped: undefined, a: { nested: true } });
    await storage.put(["x"], "an array is a key like any other value");
    assert.equal(await storage.get(5), 1);
    assert.equal(await storage.get("skipped"), undefined);
    assert.deepEqual([...(await storage.get(["b", "nope", "a", "b"]))], [["a", { nested: true }], ["b", 2]]);
    assert.deepEqual([...(await storage.list()).keys()], ["5", "a", "b", "x"]);
    assert.deepEqual([...(await storage.list({ reverse: true, limit: 2.9 })).keys()], ["x", "b"]);
    assert.deepEqual([...(await storage.list({ startAfter: "5", end: "x" })).keys()], ["a", "b"]);
    assert.equal(await storage.delete("b"), true);
    assert.equal(await storage.delete(["a", "b"]), 1);
    assert.equal(await storage.delete([]), 0);
    await storage.deleteAll();
    assert.equal((await storage.list()).size, 0);
});

test("several keys come in the order of their bytes", async () => {
    const keys = ["\u{10000}", "\uffff", "é", "z", "\ue000"];
    await storage.put(Object.fromEntries(keys.map((key) => [key, 1])));
    assert.deepEqual([...(await storage.get(keys)).keys()], ["z", "é", "\ue000", "\uffff", "\u{10000}"]);
});

test("alarms", async () => {
    assert.equal(await storage.getAlarm(), null);
    await storage.setAlarm(1234.9);
    assert.equal(await storage.getAlarm(), 1234);
    await storage.setAlarm(new Date(99));
    assert.equal(alarm.atMs, 99);
    await storage.deleteAlarm();
    assert.equal(await storage.getAlarm(), null);
});

test("kv is synchronous and stores undefined too", () => {
    const { kv } = storage;
    kv.put("a", undefined);
    kv.put("b", 2);
    assert.equal(kv.get("b"), 2);
    assert.deepEqual([...kv.list()], [["a", undefined], ["b", 2]]);
    assert.equal(kv.delete("b"), true);
    assert.equal(kv.delete("b"), false);
    assert.throws(() => kv.get(), { message: notOfType("get", 1, "string", "SyncKvStorage").slice(11) });
    assert.throws(() => kv.put("a"), { message: notOfType("put", 2, "Value", "SyncKvStorage").slice(11) });
    assert.throws(() => kv.list({ limit: 0 }), { message: "List limit must be positive." });
});

test("an iterator over kv sees what is written while it runs, and reads ahead otherwise", () => {
    const { kv } = storage;
    for (let i = 100; i < 400; i++) {
        kv.put(`k${i}`, i);
    }
    asked.length = 0;
    assert.equal([...kv.list()].length, 300);
    assert.equal(asked.length, 3);

    const seen = [];
    for (const [key] of kv.list({ limit: 4 })) {
        seen.push(key);
        kv.delete("k101");
        kv.put("k1015", 1);
    }
    assert.deepEqual(seen, ["k100", "k1015", "k102", "k103"]);

    const backwards = [];
    for (const [key] of kv.list({ reverse: true, limit: 3 })) {
        backwards.push(key);
        kv.delete("k398");
    }
    assert.deepEqual(backwards, ["k399", "k397", "k396"]);
    assert.equal([...kv.list({ start: "k200", limit: 150 })].length, 150);
});

test("a second iterator over kv ends the first", () => {
    const first = storage.kv.list();
    storage.kv.list();
    assert.throws(() => first.next(), {
        message:
            "kv.list() iterator was invalidated because a new call to kv.list() was started. Only one kv.list() " +
            "iterator can exist at a time.",
    });
});

test("bindings of SQL", () => {
    let bound;
    sql.exec = (_object, _query, params) => {
        bound = params;
        return { cursor: 0, columns: [], rows: [], end: true, rowsRead: 0, rowsWritten: 0 };
    };
    const custom = { toString: () => "custom" };
    storage.sql.exec("?", undefined, null, true, 1.5, "s", {}, [1, 2], custom, new String("so"), new Uint8Array([1]));
    assert.deepEqual(bound.slice(0, 9), [null, null, "true", 1.5, "s", "[object Object]", "1,2", "custom", "so"]);
    assert.deepEqual([...bound[9]], [1]);
    assert.throws(() => storage.sql.exec("?", 1n), { message: "Cannot convert a BigInt value to a number" });
    assert.throws(() => storage.sql.exec("?", Symbol("x")), TypeError);
    assert.throws(() => storage.sql.exec(), { message: notOfType("exec", 1, "String", "SqlStorage").slice(11) });
});

function scriptRows(count) {
    let next = 1;
    const asks = [];
    sql.exec = () => ({ cursor: 3, columns: ["n"], rows: [[0]], end: count === 1, rowsRead: 2, rowsWritten: 0 });
    sql.next = (_object, cursor, max) => {
        asks.push(max);
        const rows = [];
        for (; rows.length < max && next < count; next++) {
            rows.push([next]);
        }
        return { rows, end: next === count, rowsRead: Math.min(next + 1, count), rowsWritten: 0 };
    };
    return asks;
}

test("a cursor's rows, once", () => {
    scriptRows(3);
    const cursor = storage.sql.exec("select");
    assert.deepEqual(cursor.next(), { done: false, value: { n: 0 } });
    assert.deepEqual([...cursor.raw()], [[1], [2]]);
    assert.deepEqual(cursor.toArray(), []);
    assert.equal(cursor.next().done, true);
    assert.deepEqual(cursor.columnNames, ["n"]);
});

test("whoever counts rows sees each", () => {
    scriptRows(5);
    const cursor = storage.sql.exec("select");
    const counts = [cursor.rowsRead];
    for (const _ of cursor) {
        counts.push(cursor.rowsRead);
    }
    assert.deepEqual(counts, [1, 2, 3, 4, 5, 5]);
});

test("nobody else asks the host for each row", () => {
    const asks = scriptRows(1000);
    let rows = 0;
    for (const _ of storage.sql.exec("select")) {
        rows += 1;
    }
    assert.equal(rows, 1000);
    assert.ok(asks.length < 12, `${asks}`);
});

test("one() wants one", () => {
    const expected = "Expected exactly one result from SQL query, but got";
    sql.exec = () => ({ cursor: 0, columns: ["a"], rows: [], end: true, rowsRead: 0, rowsWritten: 0 });
    assert.throws(() => storage.sql.exec("").one(), { message: `${expected} no results.` });
    sql.exec = () => ({ cursor: 0, columns: ["a"], rows: [[1], [2]], end: true, rowsRead: 0, rowsWritten: 0 });
    assert.throws(() => storage.sql.exec("").one(), { message: `${expected} multiple results.` });
    sql.exec = () => ({ cursor: 0, columns: ["a", "a", "__proto__"], rows: [[1, 2, 3]], end: true });
    assert.deepEqual(storage.sql.exec("").one(), { a: 2 });
});

async function inTransaction(closure) {
    const result = storage.transaction(closure);
    result.catch(() => {});
    const [name, call] = operations.at(-1);
    assert.equal(name, "callEnterCritical");
    complete(call);
    await microtasks();
    return result;
}

test("a transaction is a savepoint in a critical section", async () => {
    const sections = [];
    const result = await inTransaction(async (txn) => {
        sections.push(currentScope().section);
        await txn.put("a", 1);
        return txn.get("a");
    });
    assert.equal(result, 1);
    assert.deepEqual(asked, [["savepointBegin", 1, true], ["savepointRelease", 1]]);
    assert.deepEqual(operations.at(-1), ["leaveCritical", sections[0], undefined]);
    assert.notEqual(sections[0], 0);
    assert.equal(currentScope(), scope, "what follows is outside of the section");
});

test("a transaction that fails is rolled back and its error comes out", async () => {
    await assert.rejects(
        inTransaction(() => {
            throw new RangeError("no");
        }),
        { name: "RangeError", message: "no" },
    );
    assert.deepEqual(asked, [["savepointBegin", 1, true], ["savepointRollback", 1]]);
    assert.deepEqual(operations.at(-1).slice(2), [undefined]);
});

test("a transaction that was rolled back or has ended is of no use", async () => {
    let kept;
    await inTransaction((txn) => {
        txn.rollback();
        txn.rollback();
        kept = txn;
    });
    assert.deepEqual(asked, [["savepointBegin", 1, true], ["savepointRollback", 1]]);
    for (const name of ["get", "list", "put", "delete", "getAlarm", "setAlarm", "deleteAlarm"]) {
        const message = `Cannot ${name}() on rolled back transaction`;
        await assert.rejects(async () => kept[name]("a", 1), { message });
    }
    await inTransaction((txn) => {
        kept = txn;
    });
    await assert.rejects(kept.get("a"), {
        message:
            "Cannot call get() on transaction that has already committed: did you move `txn` outside of the closure?",
    });
    assert.throws(() => kept.rollback(), /already committed/u);
    await assert.rejects(kept.deleteAll(), { message: "Cannot call deleteAll() within a transaction" });
});

test("an outer transaction cannot be rolled back while one inside it runs", async () => {
    await inTransaction(async (outer) => {
        const inner = storage.transaction(async (txn) => {
            assert.throws(() => outer.rollback(), {
                message: "Cannot roll back an outer transaction while a nested transaction is still running.",
            });
            txn.rollback();
        });
        complete(operations.at(-1)[1]);
        await inner;
    });
    assert.deepEqual(asked.map(([name]) => name), [
        "savepointBegin", "savepointBegin", "savepointRollback", "savepointRelease",
    ]);
});

test("transactionSync", () => {
    assert.equal(storage.transactionSync(() => 7), 7);
    assert.throws(
        () =>
            storage.transactionSync(() => {
                throw new Error("x");
            }),
        { message: "x" },
    );
    assert.deepEqual(asked.map(([name]) => name), [
        "savepointBegin", "savepointRelease", "savepointBegin", "savepointRollback",
    ]);
    assert.throws(() => storage.transactionSync(5), {
        message: notOfType("transactionSync", 1, "function").slice(11),
    });
});
