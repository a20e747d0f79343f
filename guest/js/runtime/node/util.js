/**
 * `node:util`.
 *
 * Invariant: no function here changes what it is given, but `inherits` and `deprecate`'s warning.
 */

import { format, formatWithOptions } from "../console/format.js";
import { COLORS } from "../console/options.js";
import { inspect } from "../console/inspect.js";
import { stripControlSequences } from "../console/text.js";
import { host } from "../host.js";
import { TextDecoder, TextEncoder } from "../web/encoding.js";
import { isDeepStrictEqual } from "./deep-equal.js";
import {
    invalidArgType,
    invalidArgValue,
    nodeError,
    validateAbortSignal,
    validateFunction,
    validateObject,
    validateString,
} from "./errors.js";
import { parseArgs } from "./parse-args.js";
import { isError, types } from "./util-types.js";

const customPromisify = Symbol.for("nodejs.util.promisify.custom");
const customPromisifyArguments = Symbol("customPromisifyArgs");

/** A function that returns a promise, from one that takes a callback. */
export function promisify(original) {
    validateFunction(original, "original");
    const custom = original[customPromisify];
    if (custom) {
        validateFunction(custom, "util.promisify.custom");
        return Object.defineProperty(custom, customPromisify, { value: custom, configurable: true });
    }
    const names = original[customPromisifyArguments];
    function promisified(...args) {
        return new Promise((resolve, reject) => {
            Reflect.apply(original, this, [
                ...args,
                (error, ...values) => {
                    if (error) {
                        reject(error);
                    } else if (names !== undefined && values.length > 1) {
                        resolve(Object.fromEntries(names.map((name, at) => [name, values[at]])));
                    } else {
                        resolve(values[0]);
                    }
                },
            ]);
        });
    }
    Object.setPrototypeOf(promisified, Object.getPrototypeOf(original));
    Object.defineProperty(promisified, customPromisify, { value: promisified, configurable: true });
    return Object.defineProperties(promisified, Object.getOwnPropertyDescriptors(original));
}
promisify.custom = customPromisify;

/** A function that takes a callback, from one that returns a promise. */
export function callbackify(original) {
    validateFunction(original, "original");
    function callbackified(...args) {
        const callback = args.pop();
        validateFunction(callback, "last argument");
        Reflect.apply(original, this, args).then(
            (value) => queueMicrotask(() => Reflect.apply(callback, this, [null, value])),
            (reason) => {
                let error = reason;
                if (!error) {
                    error = nodeError(Error, "ERR_FALSY_VALUE_REJECTION", "Promise was rejected with falsy value");
                    error.reason = reason;
                }
                queueMicrotask(() => Reflect.apply(callback, this, [error]));
            },
        );
    }
    const properties = Object.getOwnPropertyDescriptors(original);
    if (typeof properties.length?.value === "number") {
        properties.length.value += 1;
    }
    if (typeof properties.name?.value === "string") {
        properties.name.value += "Callbackified";
    }
    delete properties.prototype;
    return Object.defineProperties(callbackified, properties);
}

/** Old-style inheritance. */
export function inherits(constructor, superConstructor) {
    validateFunction(constructor, "ctor");
    validateFunction(superConstructor, "superCtor");
    if (superConstructor.prototype === undefined) {
        throw invalidArgType("superCtor.prototype", "Object", superConstructor.prototype);
    }
    Object.defineProperty(constructor, "super_", { value: superConstructor, writable: true, configurable: true });
    Object.setPrototypeOf(constructor.prototype, superConstructor.prototype);
}

const warnedCodes = new Set();

/** A function that warns once when it is called. */
export function deprecate(fn, message, code) {
    validateFunction(fn, "fn");
    let warned = false;
    function deprecated(...args) {
        if (!warned) {
            warned = true;
            if (code === undefined || !warnedCodes.has(code)) {
                warnedCodes.add(code);
                host.log(3, `${code === undefined ? "" : `[${code}] `}DeprecationWarning: ${message}`);
            }
        }
        return new.target ? Reflect.construct(fn, args, new.target) : Reflect.apply(fn, this, args);
    }
    Object.setPrototypeOf(deprecated, fn);
    if (fn.prototype) {
        deprecated.prototype = fn.prototype;
    }
    return deprecated;
}

function debugEnabled(section) {
    const wanted = globalThis.process?.env?.NODE_DEBUG ?? "";
    return wanted
        .split(",")
        .some((name) =>
            new RegExp(`^${name.replace(/[|\\{}()[\]^$+?.]/g, "\\$&").replaceAll("*", ".*")}$`, "i").test(section),
        );
}

/** A function that logs where `NODE_DEBUG` names the section. */
export function debuglog(section, callback) {
    let enabled;
    const logger = (...args) => {
        enabled ??= debugEnabled(section);
        if (enabled) {
            host.log(0, `${section.toUpperCase()} 1: ${format(...args)}`);
        }
    };
    Object.defineProperty(logger, "enabled", { enumerable: true, get: () => (enabled ??= debugEnabled(section)) });
    callback?.(logger);
    return logger;
}
export { debuglog as debug };

/** Text in a style of `inspect.colors`. */
export function styleText(style, text, options) {
    validateString(text, "text");
    if (options !== undefined) {
        validateObject(options, "options");
    }
    const names = Array.isArray(style) ? style : [style];
    let before = "";
    let after = "";
    for (const name of names) {
        if (name === "none") {
            continue;
        }
        const codes = COLORS[name];
        if (codes === undefined) {
            const known = Object.keys(COLORS)
                .map((key) => `'${key}'`)
                .join(", ");
            throw invalidArgValue("format", name, `must be one of: ${known}`);
        }
        before += `\u001b[${codes[0]}m`;
        after = `\u001b[${codes[1]}m${after}`;
    }
    return `${before}${text}${after}`;
}

/** `text` without control sequences of terminals. */
export function stripVTControlCharacters(text) {
    validateString(text, "str");
    return stripControlSequences(text);
}

/** `text` with lone surrogates replaced. */
export function toUSVString(text) {
    return `${text}`.toWellFormed();
}

/** A promise that settles when the signal aborts. */
export function aborted(signal, resource) {
    validateAbortSignal(signal, "signal");
    validateObject(resource, "resource");
    return new Promise((resolve) => {
        if (signal.aborted) {
            resolve();
        } else {
            signal.addEventListener("abort", () => resolve(), { once: true });
        }
    });
}

/** Variables of a `.env` file. */
export function parseEnv(content) {
    validateString(content, "content");
    const variables = {};
    const line = /^\s*(?:export\s+)?([\w.-]+)\s*=\s*("(?:[^"]*)"|'(?:[^']*)'|`(?:[^`]*)`|[^#\r\n]*)/gm;
    for (const [, name, raw] of content.matchAll(line)) {
        const text = raw.trim();
        const quoted = /^(["'`])([\s\S]*)\1$/.exec(text);
        const value = quoted === null ? text : quoted[2];
        variables[name] = quoted?.[1] === '"' ? value.replaceAll("\\n", "\n") : value;
    }
    return variables;
}

/** Assigns properties; kept for old code. */
export function _extend(target, source) {
    return source === null || typeof source !== "object" ? target : Object.assign(target, source);
}

/** The callers of the running code. */
export function getCallSites(frameCount = 10) {
    const frames = `${new Error().stack}`
        .split("\n")
        .filter((line) => /^\s+at /.test(line))
        .slice(1, frameCount + 1);
    return frames.map((frame) => {
        const parts = /at (?:(.*?) \()?(.*?):(\d+):(\d+)\)?$/.exec(frame);
        return {
            functionName: parts?.[1] ?? "",
            scriptName: parts?.[2] ?? "",
            lineNumber: Number(parts?.[3] ?? 0),
            columnNumber: Number(parts?.[4] ?? 0),
        };
    });
}

/** The name of an error of the system. */
export function getSystemErrorName(number) {
    return SYSTEM_ERRORS.get(number)?.[0];
}
/** All errors of the system. */
export function getSystemErrorMap() {
    return SYSTEM_ERRORS;
}
const SYSTEM_ERRORS = new Map([
    [-2, ["ENOENT", "no such file or directory"]],
    [-13, ["EACCES", "permission denied"]],
    [-17, ["EEXIST", "file already exists"]],
    [-22, ["EINVAL", "invalid argument"]],
    [-32, ["EPIPE", "broken pipe"]],
    [-104, ["ECONNRESET", "connection reset by peer"]],
    [-110, ["ETIMEDOUT", "connection timed out"]],
    [-111, ["ECONNREFUSED", "connection refused"]],
]);

export const isArray = Array.isArray;
export const isBoolean = (value) => typeof value === "boolean";
export const isBuffer = (value) => globalThis.Buffer?.isBuffer(value) ?? false;
export const isDate = types.isDate;
export const isFunction = (value) => typeof value === "function";
export const isNull = (value) => value === null;
export const isNullOrUndefined = (value) => value === null || value === undefined;
export const isNumber = (value) => typeof value === "number";
export const isObject = (value) => value !== null && typeof value === "object";
export const isPrimitive = (value) => value === null || (typeof value !== "object" && typeof value !== "function");
export const isRegExp = types.isRegExp;
export const isString = (value) => typeof value === "string";
export const isSymbol = (value) => typeof value === "symbol";
export const isUndefined = (value) => value === undefined;
export const log = (...args) => host.log(1, format(...args));

export { MIMEParams, MIMEType } from "./mime.js";
export { format, formatWithOptions, inspect, isDeepStrictEqual, isError, parseArgs, TextDecoder, TextEncoder, types };
