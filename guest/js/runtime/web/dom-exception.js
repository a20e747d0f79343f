/**
 * `DOMException`: an `Error` with a name out of the standard's list and the number that belongs to the name.
 *
 * Invariant: instances are genuine errors of the engine, so stacks and `Error.isError` work; nothing else of the
 * runtime is needed to make one.
 */

import { defineInterface } from "./webidl.js";

/** Names in the order of their codes, from 1; empty where the standard has no name any more. */
const CODES = [
    "IndexSizeError", "DOMStringSizeError", "HierarchyRequestError", "WrongDocumentError", "InvalidCharacterError",
    "NoDataAllowedError", "NoModificationAllowedError", "NotFoundError", "NotSupportedError", "InUseAttributeError",
    "InvalidStateError", "SyntaxError", "InvalidModificationError", "NamespaceError", "InvalidAccessError",
    "ValidationError", "TypeMismatchError", "SecurityError", "NetworkError", "AbortError", "URLMismatchError",
    "QuotaExceededError", "TimeoutError", "InvalidNodeTypeError", "DataCloneError",
];

/** Names that have a constant but no code any more. */
const CODELESS = new Set(["DOMStringSizeError", "NoDataAllowedError", "ValidationError"]);

const codeOf = new Map(CODES.flatMap((name, index) => (CODELESS.has(name) ? [] : [[name, index + 1]])));

/** The constant for a name: `InvalidStateError` is `INVALID_STATE_ERR`. */
function constantOf(name) {
    const words = name.slice(0, -"Error".length).replace("DOMString", "Domstring").replace("InUse", "Inuse");
    return `${words.replace("URL", "Url").replace(/(?<=[a-z])(?=[A-Z])/gu, "_").toUpperCase()}_ERR`;
}

/** Gives back what it is called with, so that a class that extends it puts its private fields there. */
function existing(object) {
    return object;
}

/** Marks the errors that `DOMException` made. */
class Mark extends existing {
    #marked = true;

    static has(value) {
        return typeof value === "object" && value !== null && #marked in value;
    }
}

const { construct, defineProperty } = Reflect;

function define(error, key, value) {
    defineProperty(error, key, { value, enumerable: true, configurable: true });
}

/** https://webidl.spec.whatwg.org/#idl-DOMException */
export class DOMException {
    /**
     * As on the platform, `code`, `name` and `message` are properties of the error itself.
     *
     * @param {string} [message] What happened.
     * @param {string} [name] A name of the standard's list, or any other.
     */
    constructor(message = "", name = "Error") {
        const text = `${message}`;
        const title = `${name}`;
        const error = new Mark(construct(Error, [], new.target));
        define(error, "code", codeOf.get(title) ?? 0);
        define(error, "name", title);
        define(error, "message", text);
        const { stack } = error;
        if (typeof stack === "string") {
            defineProperty(error, "stack", { value: stackOf(stack, text, title), writable: true, configurable: true });
        }
        return error;
    }
}

/** The frame of the constructor, where the engine's stack has one; those above it are of no interest either. */
const OWN_FRAME = /^ {4}at (?:new )?DOMException(?:\$\d+)? \(.*\n?/mu;

/** The engine's stack begins with frames, or with another name; stacks of errors begin with name and message. */
function stackOf(stack, message, name) {
    const own = OWN_FRAME.exec(stack);
    const frames = own === null ? stack.search(/^ {4}at /mu) : own.index + own[0].length;
    const head = message === "" ? name : `${name}: ${message}`;
    return frames === -1 || frames >= stack.length ? head : `${head}\n${stack.slice(frames)}`;
}

Object.setPrototypeOf(DOMException.prototype, Error.prototype);
defineInterface(DOMException, {
    constants: Object.fromEntries(CODES.map((name, index) => [constantOf(name), index + 1])),
});

/** Whether a value was made by `DOMException`. */
export function isDOMException(value) {
    return Mark.has(value);
}
