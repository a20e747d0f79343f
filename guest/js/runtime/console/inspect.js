/**
 * `util.inspect`: any value as text, in the format people know from Node.
 *
 * Invariant: never changes the value, and calls code of its author only through `[nodejs.util.inspect.custom]` and,
 * where asked for, getters.
 */

import { formatProperty } from "./entries.js";
import { proxyParts } from "./kinds.js";
import { ARRAY_WITH_EXTRAS, layOut, OBJECT } from "./layout.js";
import { constructorNameOf, prefixOf, tagOf } from "./names.js";
import { COLORS, contextOf, DEFAULTS, STYLES } from "./options.js";
import { formatPrimitive } from "./primitives.js";
import { shapeOf } from "./shapes.js";

/** Objects say how they want to be shown by a method of this name. */
export const customInspect = Symbol.for("nodejs.util.inspect.custom");

/**
 * The text of a value.
 *
 * @param {unknown} value
 * @param {object | boolean} [options] Node's options; the old positional arguments are understood too.
 * @returns {string}
 */
export function inspect(value, options, ...legacy) {
    if (typeof options !== "object" || options === null) {
        const given = options;
        options = {};
        if (given !== undefined) {
            options.showHidden = given;
        }
        if (legacy[0] !== undefined) {
            options.depth = legacy[0];
        }
        if (legacy[1] !== undefined) {
            options.colors = legacy[1];
        }
    }
    return formatValue(contextOf(options), value, 0);
}
inspect.custom = customInspect;
inspect.colors = COLORS;
inspect.styles = STYLES;
inspect.defaultOptions = DEFAULTS;

function optionsForCustom(context) {
    const options = { stylize: context.stylize };
    for (const key of Object.keys(DEFAULTS)) {
        options[key] = context[key];
    }
    return { ...options, ...context.userOptions, stylize: context.stylize };
}

/** What the value's own method says; `undefined` where it has none. */
function formatCustom(context, value, receiver, depth) {
    const custom = value[customInspect];
    if (typeof custom !== "function" || custom === inspect) {
        return undefined;
    }
    const { constructor } = value;
    if (typeof constructor === "function" && constructor.prototype === value) {
        return undefined;
    }
    const left = context.depth === null ? null : context.depth - depth;
    const options = optionsForCustom(context);
    options.depth = left;
    const result = Reflect.apply(custom, receiver, [left, options, inspect]);
    if (result === receiver) {
        return undefined;
    }
    if (typeof result !== "object" || result === null) {
        return String(result).replaceAll("\n", `\n${" ".repeat(context.indentation)}`);
    }
    return formatValue(context, result, depth);
}

function formatCircular(context, value) {
    context.circular ??= new Map();
    let index = context.circular.get(value);
    if (index === undefined) {
        index = context.circular.size + 1;
        context.circular.set(value, index);
    }
    return context.stylize(`[Circular *${index}]`, "special");
}

function formatProxy(context, [target, handler], depth) {
    if (depth > context.depth && context.depth !== null) {
        return context.stylize("Proxy [Array]", "special");
    }
    context.indentation += 2;
    const parts = [formatValue(context, target, depth + 1), formatValue(context, handler, depth + 1)];
    context.indentation -= 2;
    return layOut(context, parts, "", ["Proxy [", "]"], ARRAY_WITH_EXTRAS, depth + 1, undefined);
}

/**
 * The text of a value inside of an inspection.
 *
 * @param {object} context
 * @param {unknown} value
 * @param {number} depth How deep the value lies.
 * @param {boolean} [inTypedArray] The value is the buffer of a typed array that is being shown.
 */
export function formatValue(context, value, depth, inTypedArray) {
    if ((typeof value !== "object" && typeof value !== "function") || value === null) {
        return value === null ? context.stylize("null", "null") : formatPrimitive(context, value);
    }
    const receiver = value;
    let parts = proxyParts(value);
    if (parts !== undefined && context.showProxy) {
        return formatProxy(context, parts, depth);
    }
    let proxies = 0;
    while (parts !== undefined) {
        proxies += 1;
        value = parts[0];
        if (value === null || value === undefined) {
            return context.stylize("<Revoked Proxy>", "special");
        }
        parts = proxyParts(value);
    }
    if (context.customInspect) {
        const custom = formatCustom(context, value, receiver, depth);
        if (custom !== undefined) {
            return custom;
        }
    }
    if (context.seen.includes(value)) {
        return formatCircular(context, value);
    }
    const text = formatObject(context, value, depth, inTypedArray);
    return proxies === 0 ? text : "Proxy(".repeat(proxies) + text + ")".repeat(proxies);
}

function formatObject(context, value, depth, inTypedArray) {
    const describe = (prototype) => inspectPrototype(context, prototype, depth);
    const name = constructorNameOf(value, describe);
    const tag = tagOf(value, context.showHidden);
    const shape = shapeOf(context, value, name, tag, depth, inTypedArray);
    if (shape.text !== undefined) {
        return shape.text;
    }
    const keys = shape.keys;
    let base = shape.base ?? "";
    if (shape.base !== undefined && keys.length === 0) {
        return base;
    }
    if (depth > context.depth && context.depth !== null) {
        const short = prefixOf(name, tag, Array.isArray(value) ? "Array" : "Object").slice(0, -1);
        return context.stylize(`[${short}]`, "special");
    }
    const inner = depth + 1;
    context.seen.push(value);
    context.currentDepth = inner;
    const output = shape.entries === undefined ? [] : shape.entries(inner);
    for (const key of keys) {
        output.push(formatProperty(context, value, inner, key, shape.kind ?? OBJECT));
    }
    context.seen.pop();
    const braces = shape.braces ?? ["{", "}"];
    const index = context.circular?.get(value);
    if (index !== undefined) {
        const reference = context.stylize(`<ref *${index}>`, "special");
        if (context.compact === true) {
            braces[0] = `${reference} ${braces[0]}`;
        } else {
            base = base === "" ? reference : `${reference} ${base}`;
        }
    }
    sortEntries(context, output, shape.kind === ARRAY_WITH_EXTRAS ? output.length - keys.length : 0);
    const text = layOut(context, output, base, braces, shape.kind ?? OBJECT, inner, shape.values);
    context.budget += text.length;
    if (context.budget > 2 ** 27) {
        context.depth = -1; // The text is growing beyond measure: show nothing deeper.
    }
    return text;
}

function sortEntries(context, output, start) {
    if (!context.sorted) {
        return;
    }
    const compare = context.sorted === true ? undefined : context.sorted;
    const sorted = output.slice(start).sort(compare);
    output.splice(start, sorted.length, ...sorted);
}

function inspectPrototype(context, prototype, depth) {
    const name = constructorNameOf(prototype, (next) => inspectPrototype(context, next, depth + 1));
    if (name !== null) {
        return name;
    }
    return inspect(prototype, { depth: -1, customInspect: false });
}
