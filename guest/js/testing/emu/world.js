/**
 * `world` of `emu:test`: what a test lets happen.
 *
 * Invariant: every member is one command to the world, code that runs inside an object, or a word about the test.
 */

import { objectOf, runInObject, world as send } from "emu:internals";
import { skipTime, worldNowMs } from "../vitest/timers.js";
import { durationMs } from "./durations.js";
import { isLooking } from "./looking.js";
import { EXPECTS_ERRORS, EXPECTS_OTHER_ANSWERS, IDEMPOTENT_ALARMS, say } from "./said.js";

function objectNamed(stub, method) {
    const object = objectOf(stub);
    if (object === undefined) {
        const example = "`env.ROOM.getByName(\"lobby\")`";
        throw new TypeError(`\`${method}()\` takes the stub of a Durable Object, such as ${example}`);
    }
    return object;
}

const clock = {
    /** Lets time pass; what is due on the way happens. It does not count towards the test's timeout. */
    async advance(length) {
        const ms = durationMs(length);
        await skipTime(() => send({ do: "advance", ms }));
    },
    /** The world's time, in milliseconds since the epoch. */
    now: worldNowMs,
};

const faults = {
    /** The world makes faults, where this run makes any. */
    on: async () => void (await send({ do: "faults", on: true })),
    /** The world makes none until they are on again. */
    off: async () => void (await send({ do: "faults", on: false })),
    /** Runs `fn` without faults. */
    async without(fn) {
        await faults.off();
        try {
            return await fn();
        } finally {
            await faults.on();
        }
    },
};

function rowsOf({ columns, rows }) {
    return rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index]])));
}

/** What a query says of an object or a table that does not exist. */
const MISSING = /has never been used$|^no such table: /;

/** Runs a query. What must always hold does so while that of which it speaks does not exist: there are no rows. */
async function queryRows(query) {
    const isLenient = isLooking();
    try {
        return rowsOf(await send(query));
    } catch (error) {
        if (isLenient && MISSING.test(error?.message)) {
            return [];
        }
        throw error;
    }
}

/** What an object has stored. */
function storage(stub) {
    const object = objectNamed(stub, "world.storage");
    const inside = (fn) => runInObject(stub, (_instance, state) => fn(state.storage));
    return {
        /** Runs a query beside the object, which need not run for it. */
        sql: (query, ...bindings) => queryRows({ do: "sql", ...object, query, bindings }),
        /** The value of a key. */
        get: (key) => inside((stored) => stored.get(key)),
        /** Keys and values, as a `Map`. */
        list: (options) => inside((stored) => stored.list(options)),
    };
}

/** See the file's comment. */
export const world = {
    clock,
    faults,
    storage,
    /** Drops an object's instance now, if it has nothing to do. */
    async evict(stub, { webSockets = "hibernate" } = {}) {
        const closeSockets = webSockets === "close";
        await send({ do: "evict", ...objectNamed(stub, "world.evict"), closeSockets, now: true });
    },
    /** Ends an object's instance in the middle of what it does: calls fail, what was committed stays. */
    async crash(stub) {
        await send({ do: "crash", ...objectNamed(stub, "world.crash") });
    },
    /** Says that an alarm which runs twice leaves in storage what it leaves when it runs once: emu looks whether it does. */
    idempotentAlarms() {
        say(IDEMPOTENT_ALARMS);
    },
    /** Says that there will be errors which nobody catches, and that they are no failure. */
    expectsErrors() {
        say(EXPECTS_ERRORS);
    },
    /** Says that answers may tell of evictions, as a cache's hits do, and that this is no failure. */
    expectsOtherAnswers() {
        say(EXPECTS_OTHER_ANSWERS);
    },
    /** Stops the faults, and waits until nothing is left to do. */
    async settle() {
        await skipTime(() => send({ do: "settle" }));
    },
    /** A line in the timeline. */
    async mark(text) {
        await send({ do: "mark", text: String(text) });
    },
};
