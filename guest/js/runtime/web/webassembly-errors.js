/**
 * The errors of `WebAssembly`.
 *
 * Invariant: errors as the language's own are.
 */

function named(constructor) {
    Object.defineProperty(constructor.prototype, "name", {
        value: constructor.name.replace(/\$\d+$/u, ""),
        writable: true,
        configurable: true,
    });
    return constructor;
}

/** A module that cannot be compiled. */
export class CompileError extends Error {}

/** Imports that do not fit. */
export class LinkError extends Error {}

/** A trap. */
export class RuntimeError extends Error {}

named(CompileError);
named(LinkError);
named(RuntimeError);
