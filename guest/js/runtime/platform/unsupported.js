/**
 * Stand-ins for what emu does not offer yet: they can be held and passed on, and say so clearly when they are used.
 *
 * Invariant: looking at a stand-in never throws; using it always does.
 */

import { illegalConstructor } from "../web/webidl.js";

/** The error for something that is not there yet. */
export function unsupported(what) {
    return new Error(`${what} is not supported by this version of emu yet.`);
}

/**
 * A class of the platform that cannot be used yet.
 *
 * @param {string} name The class's name.
 * @returns {new () => never} A class whose constructor throws.
 */
export function unsupportedClass(name) {
    return classThatThrows(name, () => unsupported(`\`${name}\``));
}

/** A class of the platform whose instances scripts never make, and which has none yet. */
export function notConstructible(name) {
    return classThatThrows(name, illegalConstructor);
}

function classThatThrows(name, makeError) {
    const constructor = {
        [name]: class {
            constructor() {
                throw makeError();
            }
        },
    }[name];
    Object.defineProperty(constructor.prototype, Symbol.toStringTag, { value: name, configurable: true });
    return constructor;
}

function unsupportedCall(name) {
    return new Error(
        `Calling \`${name}\` over RPC is not supported by this version of emu yet. Use the stub's \`fetch()\` instead.`,
    );
}

/**
 * A method that is not known here, as stubs have them for every name: an RPC method or property of the other side.
 *
 * @param {string} name
 * @returns {Function & PromiseLike<never>} Rejects when it is called, and when it is awaited.
 */
export function unsupportedRpc(name) {
    const fail = () => Promise.reject(unsupportedCall(name));
    const method = () => fail();
    method.then = (onFulfilled, onRejected) => fail().then(onFulfilled, onRejected);
    return method;
}
