/**
 * The fake timers of `vi`: those of `@sinonjs/fake-timers`. They replace the globals of the worker under test as well,
 * for it lives in the same isolate.
 *
 * Invariant: the world's own time does not stop; timers of storage, alarms and of the runner are not replaced.
 */

import { worldNowMs } from "./timers.js";

/** What is replaced unless a test names others. */
const TO_FAKE = [
    "setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate", "clearImmediate", "Date",
    "performance",
];

/** After so many timers `runAllTimers()` takes them for endless. */
const LOOP_LIMIT = 10_000;

const RealDate = Date;

/** The package tries a timer when it is evaluated, which global scope does not allow: so it is when asked for. */
function withGlobal(global) {
    return require("@sinonjs/fake-timers").withGlobal(global);
}

/** The clock that is installed, if one is. */
let clock;
/** The time that `setSystemTime()` set without fake timers, in milliseconds. */
let dateMs;

function installed() {
    if (clock === undefined) {
        throw new Error(
            "A function to advance timers was called but the timers APIs are not mocked. Call `vi.useFakeTimers()` " +
                "in the test file first.",
        );
    }
    return clock;
}

/** A `Date` whose now stands still. */
function fixedDate() {
    return class Date extends RealDate {
        constructor(...args) {
            super(...(args.length === 0 ? [dateMs] : args));
        }

        static now() {
            return dateMs;
        }
    };
}

/** Whether fake timers are in place. */
export function isFaking() {
    return clock !== undefined;
}

/** Lets fake time pass. */
export function advanceBy(ms) {
    installed().tick(ms);
}

function useFakeTimers({ toFake = TO_FAKE, toNotFake = [], ...config } = {}) {
    // Who fakes again goes on from the time that is faked already.
    const now = config.now ?? clock?.now ?? dateMs ?? worldNowMs();
    useRealTimers();
    const present = withGlobal(globalThis);
    const faked = toFake.filter((name) => name in present.timers && !toNotFake.includes(name));
    clock = present.install({ loopLimit: LOOP_LIMIT, ...config, now, toFake: faked, ignoreMissingTimers: true });
}

function useRealTimers() {
    clock?.uninstall();
    clock = undefined;
    dateMs = undefined;
    globalThis.Date = RealDate;
}

function setSystemTime(time = worldNowMs()) {
    const ms = new RealDate(time).getTime();
    if (clock !== undefined) {
        clock.setSystemTime(ms);
        return;
    }
    dateMs = ms;
    globalThis.Date = fixedDate();
}

function toNextTimer(steps = 1) {
    for (let step = 0; step < steps && installed().countTimers() > 0; step += 1) {
        clock.next();
        // Others may be due at the same moment.
        clock.tick(0);
    }
}

async function toNextTimerAsync(steps = 1) {
    for (let step = 0; step < steps && installed().countTimers() > 0; step += 1) {
        await clock.nextAsync();
        clock.tick(0);
    }
}

const TICK_MODES = { manual: "manual", nextTimerAsync: "nextAsync", interval: "interval" };

function tickMode(mode, intervalMs = undefined) {
    if (!Object.hasOwn(TICK_MODES, mode)) {
        throw new Error(`Invalid tick mode: ${mode}`);
    }
    installed().setTickMode({ mode: TICK_MODES[mode], ...(intervalMs === undefined ? {} : { delta: intervalMs }) });
}

/** Ends what a test left in place. */
export function restoreTimers() {
    if (clock !== undefined || dateMs !== undefined) {
        useRealTimers();
    }
}

/** Members of `vi` that return it. */
export const timerActions = {
    useFakeTimers,
    useRealTimers,
    setSystemTime,
    runAllTimers: () => void installed().runAll(),
    runAllTimersAsync: async () => void (await installed().runAllAsync()),
    runOnlyPendingTimers: () => void installed().runToLast(),
    runOnlyPendingTimersAsync: async () => void (await installed().runToLastAsync()),
    runAllTicks: () => void installed().runMicrotasks(),
    advanceTimersByTime: advanceBy,
    advanceTimersByTimeAsync: async (ms) => void (await installed().tickAsync(ms)),
    advanceTimersToNextTimer: toNextTimer,
    advanceTimersToNextTimerAsync: toNextTimerAsync,
    advanceTimersToNextFrame: () => void installed().runToFrame(),
    setTimerTickMode: tickMode,
    clearAllTimers: () => clock?.reset(),
};

/** Members of `vi` that tell something. */
export const timerFacts = {
    isFakeTimers: isFaking,
    getTimerCount: () => installed().countTimers(),
    getMockedSystemTime() {
        const ms = clock?.now ?? dateMs;
        return ms === undefined ? null : new RealDate(ms);
    },
    getRealSystemTime: worldNowMs,
};
