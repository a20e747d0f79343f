/**
 * Stacks of errors as programs know them from V8: a heading with name and message, then the frames.
 *
 * Invariant: costs nothing until a stack is read.
 */

const FRAMES = /^\s*at /;

function headingOf(target) {
    try {
        return Error.prototype.toString.call(target);
    } catch {
        return "Error";
    }
}

/** `frames` under the heading of `target`; whatever a program's own `prepareStackTrace` made stays as it is. */
function withHeading(target, frames) {
    if (typeof frames !== "string" || (frames !== "" && !FRAMES.test(frames))) {
        return frames;
    }
    const text = frames.trimEnd();
    return text === "" ? headingOf(target) : `${headingOf(target)}\n${text}`;
}

function defineStack(target, value) {
    Object.defineProperty(target, "stack", { value, writable: true, enumerable: false, configurable: true });
}

function replaceAccessor() {
    const { get } = Object.getOwnPropertyDescriptor(Error.prototype, "stack") ?? {};
    if (get === undefined) {
        return;
    }
    const accessors = {
        get stack() {
            return withHeading(this, Reflect.apply(get, this, []));
        },
        set stack(value) {
            defineStack(this, value);
        },
    };
    const descriptor = Object.getOwnPropertyDescriptor(accessors, "stack");
    Object.defineProperty(Error.prototype, "stack", { ...descriptor, enumerable: false });
}

function replaceCapture() {
    const original = Error.captureStackTrace;
    if (typeof original !== "function") {
        return;
    }
    const { captureStackTrace } = {
        captureStackTrace(target, from = captureStackTrace) {
            original(target, from);
            const descriptor = Object.getOwnPropertyDescriptor(target, "stack");
            if (descriptor !== undefined) {
                defineStack(target, withHeading(target, descriptor.value));
            }
        },
    };
    Object.defineProperty(Error, "captureStackTrace", { value: captureStackTrace, writable: true, configurable: true });
}

/** What V8's call sites can tell beyond the engine's. */
const CALL_SITE = {
    getThis: () => undefined,
    getTypeName: () => null,
    getMethodName: () => null,
    getEvalOrigin: () => undefined,
    getPromiseIndex: () => null,
    getScriptNameOrSourceURL() {
        return this.getFileName();
    },
    getScriptHash: () => "",
    getEnclosingColumnNumber: () => 0,
    getEnclosingLineNumber: () => 0,
    getPosition: () => 0,
    isToplevel: () => true,
    isEval: () => false,
    isAsync: () => false,
    isPromiseAll: () => false,
    toString() {
        const name = this.getFunctionName();
        const place = this.isNative()
            ? "native"
            : `${this.getFileName()}:${this.getLineNumber()}:${this.getColumnNumber()}`;
        return name ? `${name} (${place})` : place;
    },
};

function completeCallSites() {
    const before = Error.prepareStackTrace;
    Error.prepareStackTrace = (_, sites) => sites;
    const sites = new Error("call sites").stack;
    Error.prepareStackTrace = before;
    if (!Array.isArray(sites) || sites.length === 0) {
        return;
    }
    const prototype = Object.getPrototypeOf(sites[0]);
    for (const [name, value] of Object.entries(CALL_SITE)) {
        if (!Object.hasOwn(prototype, name)) {
            Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
        }
    }
}

/** Puts the stacks in place. Called once, before the freeze. */
export function installErrorStacks() {
    completeCallSites();
    replaceAccessor();
    replaceCapture();
}
