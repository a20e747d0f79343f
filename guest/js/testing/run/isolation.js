/**
 * What one test stores the next one does not see: the world keeps a stack of storages, one for each suite that is open
 * and one for the test.
 *
 * Invariant: as many pops as pushes. Nothing is pushed where no other test could see it.
 */

import { world } from "emu:internals";

let isolating = true;

/** @param {number} count How many tests will run. */
export function isolateTests(count) {
    isolating = count > 1;
}

/** What is stored from here on can be forgotten. */
export async function pushStorage() {
    if (isolating) {
        await world({ do: "storage", step: "push" });
    }
}

/** Forgets what was stored since the last push. */
export async function popStorage() {
    if (isolating) {
        await world({ do: "storage", step: "pop" });
    }
}
