/**
 * Whether what must always hold is being looked at.
 *
 * Invariant: counts; decides nothing.
 */

let looks = 0;

/** Calls `fn`, which looks whether something holds. */
export async function look(fn) {
    looks += 1;
    try {
        await fn();
    } finally {
        looks -= 1;
    }
}

/** Whether something is being looked at. */
export function isLooking() {
    return looks > 0;
}
