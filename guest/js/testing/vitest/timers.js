/**
 * The timers of the test runner, in place of `@vitest/utils/timers`: what `vi.useFakeTimers()` replaces is not theirs,
 * and time that a test lets pass on purpose does not count towards its timeout.
 *
 * Invariant: takes the globals once, before any test runs.
 */

const real = {
    now: Date.now,
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    setInterval: globalThis.setInterval,
    clearInterval: globalThis.clearInterval,
    queueMicrotask: globalThis.queueMicrotask,
};

/** How many skips are under way, and when the first of them began. */
let skips = 0;
let skipBeganMs = 0;
/** What earlier skips lasted together. */
let skippedMs = 0;
/** Timers that came due during a skip. */
const parked = new Set();

/** The world's time, whatever a test made of `Date`. */
export function worldNowMs() {
    return real.now();
}

/** The time that counts for tests, in milliseconds since an arbitrary moment. */
export function testClockMs() {
    const until = skips > 0 ? skipBeganMs : real.now();
    return until - skippedMs;
}

/**
 * Runs `fn`; the time until it has ended does not count.
 *
 * @template T
 * @param {() => Promise<T>} fn
 * @returns {Promise<T>} What `fn` returns.
 */
export async function skipTime(fn) {
    if (skips === 0) {
        skipBeganMs = real.now();
    }
    skips += 1;
    try {
        return await fn();
    } finally {
        skips -= 1;
        if (skips === 0) {
            skippedMs += real.now() - skipBeganMs;
            const due = [...parked];
            parked.clear();
            due.forEach((timer) => timer.arm());
        }
    }
}

class Timer {
    constructor(callback, delayMs, args) {
        this.callback = callback;
        this.args = args;
        this.dueMs = testClockMs() + Math.max(Number(delayMs) || 0, 0);
        this.arm();
    }

    arm() {
        this.id = Reflect.apply(real.setTimeout, globalThis, [() => this.#due(), this.dueMs - testClockMs()]);
    }

    clear() {
        Reflect.apply(real.clearTimeout, globalThis, [this.id]);
        parked.delete(this);
    }

    #due() {
        if (skips > 0) {
            parked.add(this);
        } else if (testClockMs() < this.dueMs) {
            this.arm();
        } else {
            this.callback(...this.args);
        }
    }
}

function setTimeout(callback, delayMs, ...args) {
    return new Timer(callback, delayMs, args);
}

function clearTimeout(timer) {
    timer?.clear();
}

/** The timers that a test cannot replace. */
export function getSafeTimers() {
    const { setInterval, clearInterval, queueMicrotask } = real;
    return { setTimeout, clearTimeout, setInterval, clearInterval, queueMicrotask };
}

/** Part of the package's interface; there is nothing to set. */
export function setSafeTimers() {}

/** Waits. */
export function delay(delayMs, scheduler = setTimeout) {
    return new Promise((resolve) => {
        scheduler(resolve, delayMs);
    });
}
