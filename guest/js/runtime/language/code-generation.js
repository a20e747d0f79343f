/**
 * The ban of code made from strings: `eval` and the constructors of functions work while the worker starts, where its
 * flags allow that, and throw in handlers (reference §2.2).
 *
 * Invariant: what these functions return where they are allowed is what the language says, except that `eval` always
 * evaluates in global scope.
 */

import { enabled } from "../flags.js";
import { host } from "../host.js";

const originalEval = globalThis.eval;

function requireAllowed() {
    if (!host.inGlobalScope() || !enabled("allow_eval_during_startup")) {
        throw new EvalError("Code generation from strings disallowed for this context");
    }
}

function guarded(original, constructorDescriptor) {
    const { name, prototype } = original;
    const replacement = {
        [name]: function (...args) {
            requireAllowed();
            return Reflect.construct(
                original,
                args,
                new.target === undefined || new.target === replacement ? original : new.target,
            );
        },
    }[name];
    Object.defineProperty(replacement, "prototype", { value: prototype, writable: false });
    Object.defineProperty(replacement, "length", { value: 1, configurable: true });
    Object.defineProperty(prototype, "constructor", { ...constructorDescriptor, value: replacement });
    return replacement;
}

/** Puts the guards in place. Called once, before the freeze, when everything that makes code has done so. */
export function installCodeGenerationBan(global) {
    const { eval: guardedEval } = {
        eval(source) {
            if (typeof source !== "string") {
                return source;
            }
            requireAllowed();
            return originalEval(source);
        },
    };
    Object.defineProperty(global, "eval", { value: guardedEval, writable: true, configurable: true });
    const samples = [async function () {}, function* () {}, async function* () {}];
    const GuardedFunction = guarded(Function, { writable: true, enumerable: false, configurable: true });
    Object.defineProperty(global, "Function", { value: GuardedFunction, writable: true, configurable: true });
    for (const sample of samples) {
        const { constructor } = sample;
        const replacement = guarded(constructor, { writable: false, enumerable: false, configurable: true });
        Object.setPrototypeOf(replacement, GuardedFunction);
    }
}
