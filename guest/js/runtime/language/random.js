/**
 * `Math.random()`: drawn from the host in handlers.
 *
 * The engine's own generator is frozen with the image, so every isolate would draw the same numbers. In global scope,
 * where the platform lets it be called too, it is what there is.
 *
 * Many are drawn at once, but not in tests: there objects share an isolate, and what one of them leaves in a pool would
 * be another's.
 *
 * Invariant: keeps nothing drawn from before the isolate was frozen.
 */

import { enabled } from "../flags.js";
import { host } from "../host.js";

const POOLED = 64;
/** Numbers below 1 have 53 bits: 21 of one half and all of the other. */
const HIGH_BITS = 2 ** 21;
const SCALE = 2 ** -53;

const frozen = Math.random;
let pool;
let pooled = 0;
let used = 0;

function random() {
    if (used === pooled) {
        if (host.inGlobalScope()) {
            return frozen();
        }
        pooled = enabled("emu_test") ? 1 : POOLED;
        pool = new Uint32Array(host.random(pooled * 8));
        used = 0;
    }
    const at = used * 2;
    used += 1;
    return ((pool[at] % HIGH_BITS) * 2 ** 32 + pool[at + 1]) * SCALE;
}

/** Puts it in the engine's place. */
export function installRandom() {
    Object.defineProperty(Math, "random", { value: random, writable: true, configurable: true });
}
