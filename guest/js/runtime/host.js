/**
 * What the engine's native side offers: one object of functions, in place before this file is evaluated.
 *
 * Invariant: the only place that names the global through which native and script code meet.
 */

/**
 * The native functions. Ids of objects are 64 hex digits, times are milliseconds, bytes go in as an `ArrayBuffer` or
 * any view and come out as a fresh `ArrayBuffer`; what is absent is `undefined`.
 *
 * @type {Record<string, Function>}
 */
export const host = globalThis.__emu_host;
