/**
 * `Date.prototype.toString` and `toTimeString` with the name of the time zone, as V8 writes them.
 *
 * Invariant: the zone is UTC, here as in production.
 */

const ZONE = " (Coordinated Universal Time)";

/** Replaces the two methods. */
export function installDateText() {
    const { toString, toTimeString } = Date.prototype;
    const methods = {
        toString() {
            const text = Reflect.apply(toString, this, []);
            return text.endsWith("GMT+0000") ? text + ZONE : text;
        },
        toTimeString() {
            const text = Reflect.apply(toTimeString, this, []);
            return text.endsWith("GMT+0000") ? text + ZONE : text;
        },
    };
    for (const [name, value] of Object.entries(methods)) {
        Object.defineProperty(Date.prototype, name, { value, writable: true, configurable: true });
    }
}
