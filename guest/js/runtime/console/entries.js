/**
 * The entries of each sort of object, as text: elements, map entries, bytes, properties.
 *
 * Invariant: getters of the value's author are called only where the caller asked for it (`getters`).
 */

import { formatValue } from "./inspect.js";
import { promiseState } from "./kinds.js";
import { ELEMENT, OBJECT } from "./layout.js";
import { formatBigInt, formatNumber, formatPrimitive } from "./primitives.js";
import { displayWidth, escapeControls, isPlainKey, quote } from "./text.js";

const INDEX = /^(0|[1-9][0-9]*)$/;

function plural(count) {
    return count > 1 ? "s" : "";
}

function limitOf(context, length) {
    return Math.min(Math.max(0, context.maxArrayLength), length);
}

function pushRest(output, rest) {
    if (rest > 0) {
        output.push(`... ${rest} more item${plural(rest)}`);
    }
}

function formatGetter(context, descriptor, owner, depth) {
    const label = descriptor.set === undefined ? "Getter" : "Getter/Setter";
    const wanted =
        context.getters === true ||
        (context.getters === "get" && descriptor.set === undefined) ||
        (context.getters === "set" && descriptor.set !== undefined);
    if (!wanted) {
        return context.stylize(`[${label}]`, "special");
    }
    const open = context.stylize(`[${label}:`, "special");
    const close = context.stylize("]", "special");
    try {
        const value = Reflect.apply(descriptor.get, owner, []);
        context.indentation += 2;
        let text;
        if (value !== null && typeof value === "object") {
            text = `${context.stylize(`[${label}]`, "special")} ${formatValue(context, value, depth)}`;
        } else if (value === null) {
            text = `${open} ${context.stylize("null", "null")}${close}`;
        } else {
            const inner =
                typeof value === "function" ? formatValue(context, value, depth) : formatPrimitive(context, value);
            text = `${open} ${inner}${close}`;
        }
        context.indentation -= 2;
        return text;
    } catch (error) {
        return `${open} <Inspection threw (${error?.message})>${close}`;
    }
}

function keyText(context, key, enumerable) {
    if (typeof key === "symbol") {
        const text = context.stylize(escapeControls(key.toString()), "symbol");
        return enumerable ? text : `[${text}]`;
    }
    if (key === "__proto__") {
        return "['__proto__']";
    }
    if (!enumerable) {
        return `[${escapeControls(key)}]`;
    }
    return isPlainKey(key) ? context.stylize(key, "name") : context.stylize(quote(key), "string");
}

/** `key: value` for a property that is known by value. */
export function formatPair(context, value, depth, key, enumerable, kind) {
    const shift = context.compact !== true || kind !== OBJECT ? 2 : 3;
    context.indentation += shift;
    const text = formatValue(context, value, depth);
    const wide = shift === 3 && context.breakLength < displayWidth(text);
    const gap = wide ? `\n${" ".repeat(context.indentation)}` : " ";
    context.indentation -= shift;
    return kind === ELEMENT ? text : `${keyText(context, key, enumerable)}:${gap}${text}`;
}

/** `key: value` for a property of `owner`. */
export function formatProperty(context, owner, depth, key, kind) {
    const descriptor = Object.getOwnPropertyDescriptor(owner, key) ?? {
        value: owner[key],
        configurable: true,
        enumerable: true,
    };
    if (descriptor.value !== undefined || (descriptor.get === undefined && descriptor.set === undefined)) {
        return formatPair(context, descriptor.value, depth, key, descriptor.enumerable, kind);
    }
    const text =
        descriptor.get === undefined
            ? context.stylize("[Setter]", "special")
            : formatGetter(context, descriptor, owner, depth);
    return kind === ELEMENT ? text : `${keyText(context, key, descriptor.enumerable)}: ${text}`;
}

function formatSparse(context, value, depth, limit, output, start) {
    const keys = Object.keys(value);
    let index = start;
    for (let at = start; at < keys.length && output.length < limit; at++) {
        const key = keys[at];
        if (!INDEX.test(key) || Number(key) > 2 ** 32 - 2) {
            break;
        }
        if (`${index}` !== key) {
            const missing = Number(key) - index;
            output.push(context.stylize(`<${missing} empty item${plural(missing)}>`, "undefined"));
            index = Number(key);
            if (output.length === limit) {
                break;
            }
        }
        output.push(formatProperty(context, value, depth, key, ELEMENT));
        index += 1;
    }
    const rest = value.length - index;
    if (output.length === limit) {
        pushRest(output, rest);
    } else if (rest > 0) {
        output.push(context.stylize(`<${rest} empty item${plural(rest)}>`, "undefined"));
    }
    return output;
}

/** The elements of an array. */
export function formatArray(context, value, depth) {
    const limit = limitOf(context, value.length);
    const output = [];
    for (let index = 0; index < limit; index++) {
        if (!Object.hasOwn(value, index)) {
            return formatSparse(context, value, depth, limit, output, index);
        }
        output.push(formatProperty(context, value, depth, String(index), ELEMENT));
    }
    pushRest(output, value.length - limit);
    return output;
}

/** The numbers of a typed array. */
export function formatTypedArray(context, value, depth) {
    const limit = limitOf(context, value.length);
    const output = new Array(limit);
    const format = typeof value[0] === "bigint" ? formatBigInt : formatNumber;
    for (let index = 0; index < limit; index++) {
        output[index] = format(context, value[index]);
    }
    pushRest(output, value.length - limit);
    if (context.showHidden) {
        context.indentation += 2;
        for (const key of ["BYTES_PER_ELEMENT", "length", "byteLength", "byteOffset", "buffer"]) {
            output.push(`[${key}]: ${formatValue(context, value[key], depth, true)}`);
        }
        context.indentation -= 2;
    }
    return output;
}

/** The bytes of a buffer. */
export function formatArrayBuffer(context, value) {
    let bytes;
    try {
        bytes = new Uint8Array(value);
    } catch {
        return [context.stylize("(detached)", "special")];
    }
    const limit = Math.min(Math.max(0, context.maxArrayLength), bytes.length);
    let text = Array.from(bytes.subarray(0, limit), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const rest = bytes.length - limit;
    if (rest > 0) {
        text += ` ... ${rest} more byte${plural(rest)}`;
    }
    return [`${context.stylize("[Uint8Contents]", "special")}: <${text}>`];
}

/** The members of a set. */
export function formatSet(context, members, size, depth) {
    const limit = limitOf(context, size);
    const output = [];
    context.indentation += 2;
    for (const member of members) {
        if (output.length >= limit) {
            break;
        }
        output.push(formatValue(context, member, depth));
    }
    context.indentation -= 2;
    pushRest(output, size - limit);
    return output;
}

/** The entries of a map. */
export function formatMap(context, entries, size, depth) {
    const limit = limitOf(context, size);
    const output = [];
    context.indentation += 2;
    for (const [key, value] of entries) {
        if (output.length >= limit) {
            break;
        }
        output.push(`${formatValue(context, key, depth)} => ${formatValue(context, value, depth)}`);
    }
    context.indentation -= 2;
    pushRest(output, size - limit);
    return output;
}

/** Keys and values in turn, as pairs. */
export function formatPairs(context, flat, depth) {
    const count = flat.length / 2;
    const limit = limitOf(context, count);
    const output = [];
    context.indentation += 2;
    for (let at = 0; at < limit; at++) {
        const pair = [formatValue(context, flat[2 * at], depth), formatValue(context, flat[2 * at + 1], depth)];
        output.push(`[ ${pair.join(", ")} ]`);
    }
    context.indentation -= 2;
    pushRest(output, count - limit);
    return output;
}

/** What a promise holds. */
export function formatPromise(context, value, depth) {
    const [state, result] = promiseState(value);
    if (state === 0) {
        return [context.stylize("<pending>", "special")];
    }
    context.indentation += 2;
    const text = formatValue(context, result, depth);
    context.indentation -= 2;
    return [state === 2 ? `${context.stylize("<rejected>", "special")} ${text}` : text];
}

/** The exports of a module, some of which may not be initialised yet. */
export function formatNamespace(context, value, depth, keys) {
    return keys.map((key) => {
        try {
            return formatProperty(context, value, depth, key, OBJECT);
        } catch (error) {
            if (!(error instanceof ReferenceError)) {
                throw error;
            }
            return `${keyText(context, key, true)}: ${context.stylize("<uninitialized>", "special")}`;
        }
    });
}
