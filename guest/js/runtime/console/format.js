/**
 * `util.format`: arguments as one line, with printf-like directives in the first.
 *
 * Invariant: has no effect but what `inspect` has.
 */

import { inspect } from "./inspect.js";
import { proxyParts } from "./kinds.js";

const BUILT_INS = new Set(Object.getOwnPropertyNames(globalThis).filter((name) => /^[A-Z][a-zA-Z0-9]+$/.test(name)));

/** Whether `String(value)` would run the language's own `toString`, which says little. */
function hasBuiltInToString(value) {
    const parts = proxyParts(value);
    if (parts !== undefined) {
        return parts[0] === null || hasBuiltInToString(parts[0]);
    }
    if (typeof value.toString !== "function") {
        return true;
    }
    if (Object.hasOwn(value, "toString")) {
        return false;
    }
    let holder = value;
    do {
        holder = Object.getPrototypeOf(holder);
    } while (!Object.hasOwn(holder, "toString"));
    const constructor = Object.getOwnPropertyDescriptor(holder, "constructor")?.value;
    return typeof constructor === "function" && BUILT_INS.has(constructor.name);
}

function numberText(value) {
    return Object.is(value, -0) ? "-0" : `${value}`;
}

function asString(value, options) {
    if (typeof value === "number") {
        return numberText(value);
    }
    if (typeof value === "bigint") {
        return `${value}n`;
    }
    if (typeof value !== "object" || value === null || !hasBuiltInToString(value)) {
        return String(value);
    }
    return inspect(value, { ...options, depth: 0, colors: false, compact: 3 });
}

function asJson(value) {
    try {
        return JSON.stringify(value);
    } catch (error) {
        if (error instanceof TypeError && /circular|cyclic/i.test(error.message)) {
            return "[Circular]";
        }
        throw error;
    }
}

function asNumber(value, convert) {
    if (typeof value === "bigint" && convert !== parseFloat) {
        return `${value}n`;
    }
    return typeof value === "symbol" ? "NaN" : numberText(convert(value));
}

function directive(letter, value, options) {
    switch (letter) {
        case "s":
            return asString(value, options);
        case "d":
            return asNumber(value, Number);
        case "i":
            return asNumber(value, parseInt);
        case "f":
            return asNumber(value, parseFloat);
        case "j":
            return asJson(value);
        case "o":
            return inspect(value, { ...options, showHidden: true, showProxy: true, depth: 4 });
        case "O":
            return inspect(value, options);
        default:
            return ""; // %c: style sheets mean nothing here.
    }
}

/** The first argument with its directives filled in, and how many arguments it used. */
function fillIn(template, args, options) {
    let text = "";
    let done = 0;
    let used = 1;
    for (let at = template.indexOf("%"); at !== -1 && at < template.length - 1; at = template.indexOf("%", at)) {
        const letter = template[at + 1];
        if (letter === "%") {
            text += template.slice(done, at + 1);
        } else if (used < args.length && "sdifjoOc".includes(letter)) {
            text += template.slice(done, at) + directive(letter, args[used], options);
            used += 1;
        } else {
            at += letter === "%" ? 2 : 1;
            continue;
        }
        at += 2;
        done = at;
    }
    return [text + template.slice(done), used];
}

/** `format` with the options given to `inspect`. */
export function formatWithOptions(options, ...args) {
    if (typeof options !== "object" || options === null) {
        const error = new TypeError('The "inspectOptions" argument must be of type object.');
        error.code = "ERR_INVALID_ARG_TYPE";
        throw error;
    }
    return formatArguments(args, options);
}

/** `util.format(...)`. */
export function format(...args) {
    return formatArguments(args, undefined);
}

/** The line for a list of arguments. */
export function formatArguments(args, options) {
    if (args.length === 0) {
        return "";
    }
    let text;
    let next = 1;
    if (typeof args[0] !== "string") {
        text = inspect(args[0], options);
    } else if (args.length === 1) {
        return args[0];
    } else {
        [text, next] = fillIn(args[0], args, options);
    }
    for (; next < args.length; next++) {
        const value = args[next];
        text += ` ${typeof value === "string" ? value : inspect(value, options)}`;
    }
    return text;
}
