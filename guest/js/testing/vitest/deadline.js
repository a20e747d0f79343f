/**
 * How long `vi.waitFor()` and `expect.poll()` wait: where the world is late on purpose, as much longer as it was late.
 *
 * Invariant: the world's lateness is asked for only when the time would be over, and never in a calm run.
 */

import { world } from "emu:internals";
import { options } from "../run/options.js";
import { testClockMs, worldNowMs } from "./timers.js";

/** See the file's comment. */
export class Deadline {
    #sinceMs = worldNowMs();
    #dueMs;
    #lastMs;

    /** @param {number} timeoutMs How long the wait lasts where nothing is late. */
    constructor(timeoutMs) {
        this.#dueMs = testClockMs() + timeoutMs;
        this.#lastMs = this.#dueMs;
    }

    /** How long it is until it may be over. */
    get leftMs() {
        return this.#lastMs - testClockMs();
    }

    /** Whether the time is over. */
    async isOver() {
        if (this.leftMs <= 0 && options.shaken) {
            const { ms } = await world({ do: "lateness", since: this.#sinceMs });
            this.#lastMs = this.#dueMs + ms;
        }
        return this.leftMs <= 0;
    }
}
