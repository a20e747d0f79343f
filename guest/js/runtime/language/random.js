/**
 * `Math.random()`: drawn from the host in handlers.
 *
 * The engine's own generator is frozen with the image, so every isolate would draw the same numbers. In global scope,
 * where the platform lets it be called too, it is what there is.
 *
 * Invariant: keeps nothing drawn from before the isolate was frozen.
 */

import { host } from "../host.js";

const POOLED = 64;
/** Numbers below 1 have 53 bits: 21 of one half and all of the other. */
const HIGH_BITS = 2 ** 21;
const SCALE = 2 ** -53;

const frozen = Math.random;
let pool;
let used = POOLED;

function random() {
    if (used === POOLED) {
        if (host.inGlobalScope()) {
            return frozen();
        }
        pool = new Uint32Array(host.random(POOLED * 8));
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
