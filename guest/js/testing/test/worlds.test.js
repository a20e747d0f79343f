/**
 * `cloudflare:test`, `emu:test` and the world's requests: a test's name begins with the state in which it must end.
 *
 * Invariant: what the world is told is asserted as well as what tests see.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { program, resultsOf, Stub } from "./program.js";

const pause = (delayMs) => new Promise((resolve) => {
    setTimeout(resolve, delayMs);
});

async function check(file, options) {
    const made = await resultsOf(file, options);
    for (const [name, { state, errors }] of Object.entries(made.results)) {
        assert.equal(state, name.split(":")[0], `${name}: ${JSON.stringify(errors)}`);
    }
    return made;
}

const storage = { get: async () => "stored", list: async () => new Map([["a", 1]]) };
const room = new Stub("aa", { count: 1 }, { storage });

test("objects are looked into, and things happen to them", async () => {
    const answers = {
        list: () => ({ ids: ["aa", "bb"] }),
        runAlarm: () => ({ ran: true }),
        sql: () => ({ columns: ["id", "text"], rows: [[1, "hi"]] }),
    };
    const namespace = { number: 1, idFromString: (id) => `id ${id}` };
    const { sent } = await check((modules) => {
        const { it, expect, world } = modules;
        it("pass: all", async () => {
            expect(await modules.runInDurableObject(room, (instance) => instance.count + 1)).toBe(2);
            expect(await modules.runDurableObjectAlarm(room)).toBe(true);
            expect(await modules.listDurableObjectIds(namespace)).toEqual(["id aa", "id bb"]);
            await modules.evictDurableObject(room);
            await modules.evictDurableObject(room, { webSockets: "close" });
            await modules.evictAllDurableObjects();
            await modules.abortAllDurableObjects();
            await modules.reset();
            expect(await world.storage(room).sql("select ?", 1)).toEqual([{ id: 1, text: "hi" }]);
            expect(await world.storage(room).get("a")).toBe("stored");
            expect(await world.storage(room).list()).toEqual(new Map([["a", 1]]));
            await world.evict(room);
            await world.crash(room);
            await world.mark("here");
            expect(await world.faults.without(() => 1)).toBe(1);
        });
        it("pass: what is no object", async () => {
            await expect(modules.runInDurableObject({}, () => {})).rejects.toThrow(
                "Failed to execute 'runInDurableObject': parameter 1 is not of type 'DurableObjectStub'.",
            );
            await expect(world.crash({})).rejects.toThrow("`world.crash()` takes the stub of a Durable Object");
            await expect(modules.evictDurableObject(room, { webSockets: "x" })).rejects.toThrow("not \"x\"");
        });
    }, { answers, asks: { ids: ["0"] } });
    const object = { namespace: 1, id: "aa" };
    assert.deepEqual(sent, [
        { do: "runAlarm", ...object },
        { do: "list", namespace: 1 },
        { do: "evict", ...object, closeSockets: false },
        { do: "evict", ...object, closeSockets: true },
        { do: "evictAll", closeSockets: false },
        { do: "abortAll" },
        { do: "reset" },
        { do: "sql", ...object, query: "select ?", bindings: [1] },
        { do: "evict", ...object, closeSockets: false, now: true },
        { do: "crash", ...object },
        { do: "mark", text: "here" },
        { do: "faults", on: false },
        { do: "faults", on: true },
    ]);
});

test("handlers can be called directly", async () => {
    await check((modules) => {
        const { it, expect, createExecutionContext, waitOnExecutionContext, createScheduledController } = modules;
        const { SELF, env } = modules;
        it("pass: contexts", async () => {
            const context = createExecutionContext();
            context.waitUntil(Promise.resolve());
            await waitOnExecutionContext(context);
            context.waitUntil(Promise.reject(new Error("late")));
            await expect(waitOnExecutionContext(context)).rejects.toThrow("late");
            context.waitUntil(Promise.reject(new Error("later")));
            await expect(waitOnExecutionContext(context)).rejects.toThrow(AggregateError);
            expect(createScheduledController({ cron: "* * * * *", scheduledTime: new Date(5) }))
                .toEqual({ cron: "* * * * *", scheduledTime: 5 });
            expect(await (await SELF.fetch("http://x")).text()).toBe("the worker");
            expect(env.NAME).toBe("value");
        });
    });
});

test("products that do not exist say so when they are used", async () => {
    await check(({ it, expect, createMessageBatch, introspectWorkflow }) => {
        it("pass: unsupported", () => {
            expect(createMessageBatch).toThrow(
                "`createMessageBatch()` does not work in `emu test`: emu does not run queues",
            );
            expect(introspectWorkflow).toThrow("workflows");
        });
    });
});

test("storage is stacked around suites and tests, unless there is but one", async () => {
    const file = ({ describe, it }) => {
        it("first", () => {});
        describe("suite", () => {
            it("second", { retry: 1 }, ({ task, expect }) => expect(task.result.retryCount).toBe(1));
        });
        it.skip("third", () => {});
    };
    const steps = ({ sent }) => sent.map(({ step }) => step);
    assert.deepEqual(steps(await resultsOf(file)), ["push", "pop", "push", "push", "pop", "push", "pop", "pop"]);
    assert.deepEqual(steps(await resultsOf(file, { asks: { ids: ["1.0"] } })), []);
});

test("time that a test winds forward does not count towards its timeout", async () => {
    const answers = { advance: ({ ms }) => pause(ms), settle: () => pause(500) };
    const { sent } = await check(({ it, expect, world }) => {
        it("pass: advances", async () => {
            const before = world.clock.now();
            await Promise.all([world.clock.advance("500ms"), world.clock.advance(300)]);
            await world.settle();
            expect(world.clock.now() - before).toBeGreaterThan(900);
        });
        it("fail: waits itself", () => pause(1000));
        it("pass: what is no length of time", async () => {
            await expect(world.clock.advance("soon")).rejects.toThrow('not "soon"');
            await expect(world.clock.advance(-1)).rejects.toThrow("not -1");
            await world.clock.advance("0.001s");
        });
    }, { answers, asks: { timeoutMs: 300 } });
    assert.deepEqual(sent.filter(({ do: name }) => name === "advance").map(({ ms }) => ms), [500, 300, 1]);
});

test("fetchMock answers in the place of the network", async () => {
    const made = await program(({ it, fetchMock }) => {
        it("mocks", async () => {
            fetchMock.activate();
            fetchMock.disableNetConnect();
            const api = fetchMock.get("https://api.test");
            api.intercept({ path: "/once" }).reply(200, "one");
            api.intercept({ path: "/json?b=2&a=1", method: "POST", body: "in" })
                .reply(201, { ok: true }, { headers: { "x-a": "1" } }).times(2);
            api.intercept({ path: /^\/re/, query: { a: "1" } }).reply(({ path, headers }) => ({
                statusCode: 200, data: `${path} ${headers["x-in"]}`,
            })).persist();
            api.intercept({ path: "/with", headers: { "X-Key": /^k/ } }).reply(204);
            api.intercept({ path: "/q", query: { z: 1, y: [2, 3] } }).reply(200, "query").delay(1);
            api.intercept({ path: "/broken" }).replyWithError(new Error("connection refused"));
            await pause(200);
        });
        it("asserts", () => fetchMock.assertNoPendingInterceptors());
    });
    const ask = async (url, init = {}) => {
        const response = await made.ask("outbound", { ...init, headers: { ...init.headers, "emu-url": url } });
        return [response.status, await response.text()];
    };
    assert.match((await ask("https://api.test/once"))[1], /cannot be reached in a test \(GET .*fetchMock.activate/);
    const ran = made.run();
    await pause(20);
    assert.deepEqual(await ask("https://api.test/once"), [200, "one"]);
    const [status, text] = await ask("https://api.test/once");
    assert.equal(status, 598);
    assert.match(text, /^no interceptor matches GET https:.*\/once, and net.connect disabled: add `fetchMock/);
    const post = { method: "POST", body: "in" };
    assert.deepEqual(await ask("https://api.test/json?a=1&b=2", post), [201, '{"ok":true}']);
    assert.deepEqual((await ask("https://api.test/json?a=1&b=2", { method: "POST", body: "other" }))[0], 598);
    const re = { headers: { "x-in": "header" } };
    assert.deepEqual(await ask("https://api.test/re/1?z=0", re), [200, "/re/1?z=0 header"]);
    assert.deepEqual(await ask("https://api.test/re/2", re), [200, "/re/2 header"]);
    assert.deepEqual((await ask("https://api.test/with"))[0], 598);
    assert.deepEqual(await ask("https://api.test/with", { headers: { "x-key": "key" } }), [204, ""]);
    assert.deepEqual(await ask("https://api.test/q?y=2&y=3&z=1"), [200, "query"]);
    assert.deepEqual(await ask("https://api.test/broken"), [599, "connection refused"]);
    const { results } = await ran;
    assert.equal(
        results[1].errors[0].message, "1 interceptor is pending:\n\n  POST https://api.test/json?b=2&a=1 (1 left)",
    );
});

test("a client tries again what the world made fail, and nothing else", async () => {
    await check(({ it, expect, client }) => {
        const stub = new Stub("aa");
        it("pass: retries", async () => {
            const lost = Object.assign(new Error("Network connection lost."), { retryable: true });
            const fault = new Response("", { status: 500, headers: { "emu-fault": "crash" } });
            const answers = [lost, fault, new Response("ok")];
            stub.fetch = async (url, init) => {
                const answer = answers.shift();
                if (answer instanceof Error) {
                    throw answer;
                }
                expect([url, init]).toEqual(["http://worker/messages", { method: "POST", body: '{"a":1}' }]);
                return answer;
            };
            const caller = client({ retry: 2, delayMs: 1 });
            expect(await (await caller.post(stub, { a: 1 }, "/messages")).text()).toBe("ok");
            expect([caller.acked, caller.retried]).toEqual([1, 2]);
        });
        it("pass: gives up", async () => {
            let tries = 0;
            const caller = client({ retry: 1, delayMs: 1 });
            const lost = Object.assign(new Error("lost"), { durableObjectReset: true });
            await expect(caller.call(() => {
                tries += 1;
                throw lost;
            })).rejects.toBe(lost);
            await expect(caller.call(() => {
                tries += 1;
                throw new Error("the worker's");
            })).rejects.toThrow("the worker's");
            const own = await caller.call(() => new Response("", { status: 503 }));
            expect([tries, own.status, caller.acked]).toEqual([3, 503, 1]);
        });
    });
});

test("invariants are checked while their test runs; what must hold in the end is waited for", async () => {
    let isBroken = false;
    let count = 0;
    const made = await program(({ it, expect, invariant, eventually }) => {
        it("registers", async () => {
            invariant("count is small", () => expect(isBroken).toBe(false));
            await eventually(() => expect(count += 1).toBeGreaterThan(2), { interval: 1 });
            await pause(50);
        });
        it("fails", () => eventually(() => expect(1).toBe(2), { within: 5, interval: "1ms" }));
    }, {});
    const ran = made.run();
    await pause(25);
    assert.deepEqual(await made.invariants(), { checked: 1, failed: [] });
    isBroken = true;
    const { failed } = await made.invariants();
    assert.deepEqual([failed[0].name, failed[0].error.name], ["count is small", "AssertionError"]);
    assert.equal((await made.settled()).checked, 1);
    const { results } = await ran;
    const found = results.map(({ state, errors }) => [state, errors[0].oracle, errors[0].message.split(":")[0]]);
    assert.deepEqual(found, [
        ["fail", "invariant", 'invariant "count is small"'],
        ["fail", "eventually", "expected 1 to be 2 // Object.is equality"],
    ]);
    assert.deepEqual(await made.invariants(), { checked: 0, failed: [] });
    assert.ok(made.sent.some(({ do: name }) => name === "settle"));
});

test("results say who withstands loud faults, and which errors are the platform's", async () => {
    const { results } = await resultsOf(({ it, client, invariant }) => {
        it("plain", () => {
            throw Object.assign(new Error("Network connection lost."), { retryable: true });
        });
        it("client", () => void client({ retry: 1 }));
        it("client without retries", () => void client({ retry: 0 }));
        it("invariant", () => invariant("holds", () => {}));
    });
    assert.deepEqual(Object.values(results).map(({ withstands }) => withstands), [false, true, false, true]);
    assert.equal(results.plain.errors[0].fault, true);
});

test("marks are gathered", async () => {
    const { ran } = await check(({ it, always, sometimes, reachable }) => {
        it("pass: marks", () => {
            always("one", true);
            sometimes("two", false);
            sometimes("three", false);
            sometimes("three", 1);
            reachable("four");
        });
        it("fail: always", () => always("one", false));
    });
    assert.deepEqual(ran.marks.map(({ kind, name, hit }) => `${kind} ${name} ${hit}`), [
        "always one true", "sometimes two false", "sometimes three true", "reachable four true",
    ]);
});
