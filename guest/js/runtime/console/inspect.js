/**
 * `util.inspect`: any value as text, in the format people know from Node.
 *
 * Invariant: never changes the value, and calls code of its author only through `[nodejs.util.inspect.custom]` and, where
 * asked for, getters.
 */

import {
    formatArray, formatArrayBuffer, formatMap, formatNamespace, formatPair, formatPromise, formatProperty, formatSet,
    formatTypedArray,
} from "./entries.js";
import { formatError } from "./inspect-error.js";
import { classOf, isAsyncFunction, isClass, isError, isGeneratorFunction, proxyParts, typedArrayName } from "./kinds.js";
import { ARRAY_WITH_EXTRAS, layOut, OBJECT } from "./layout.js";
import { constructorNameOf, prefixOf, tagOf } from "./names.js";
import { platformEntries, platformMembers } from "./platform-objects.js";
import { quote } from "./text.js";

/** Objects say how they want to be shown by a method of this name. */
export const customInspect = Symbol.for("nodejs.util.inspect.custom");

const DEFAULTS = {
    showHidden: false,
    depth: 2,
    colors: false,
    customInspect: true,
    showProxy: false,
    maxArrayLength: 100,
    maxStringLength: 10000,
    breakLength: 128,
    compact: 3,
    sorted: false,
    getters: false,
    numericSeparator: false,
};
/** `inspect()` breaks lines here, `console.log()` at the wider 128 columns of `DEFAULTS`… as a terminal would. */
const INSPECT_BREAK_LENGTH = 80;

const COLORS = {
    __proto__: null,
    reset: [0, 0], bold: [1, 22], dim: [2, 22], italic: [3, 23], underline: [4, 24], blink: [5, 25], inverse: [7, 27],
    hidden: [8, 28], strikethrough: [9, 29], doubleunderline: [21, 24],
    black: [30, 39], red: [31, 39], green: [32, 39], yellow: [33, 39], blue: [34, 39], magenta: [35, 39],
    cyan: [36, 39], white: [37, 39],
    bgBlack: [40, 49], bgRed: [41, 49], bgGreen: [42, 49], bgYellow: [43, 49], bgBlue: [44, 49], bgMagenta: [45, 49],
    bgCyan: [46, 49], bgWhite: [47, 49], framed: [51, 54], overlined: [53, 55],
    gray: [90, 39], grey: [90, 39], blackBright: [90, 39], redBright: [91, 39], greenBright: [92, 39],
    yellowBright: [93, 39], blueBright: [94, 39], magentaBright: [95, 39], cyanBright: [96, 39], whiteBright: [97, 39],
    bgGray: [100, 49], bgGrey: [100, 49], bgBlackBright: [100, 49], bgRedBright: [101, 49], bgGreenBright: [102, 49],
    bgYellowBright: [103, 49], bgBlueBright: [104, 49], bgMagentaBright: [105, 49], bgCyanBright: [106, 49],
    bgWhiteBright: [107, 49],
};
const STYLES = {
    __proto__: null,
    special: "cyan",
    number: "yellow",
    bigint: "yellow",
    boolean: "yellow",
    undefined: "grey",
    null: "bold",
    string: "green",
    symbol: "green",
    date: "magenta",
    regexp: "red",
    module: "underline",
};

function withColor(text, style) {
    const color = COLORS[STYLES[style]];
    return color === undefined ? text : `\u001b[${color[0]}m${text}\u001b[${color[1]}m`;
}

function withoutColor(text) {
    return text;
}

function contextOf(options, breakLength) {
    const context = {
        ...DEFAULTS,
        breakLength,
        stylize: withoutColor,
        indentation: 0,
        currentDepth: 0,
        seen: [],
        circular: undefined,
        budget: 0,
        userOptions: options,
    };
    if (options !== undefined && options !== null) {
        for (const key of Object.keys(options)) {
            if (Object.hasOwn(DEFAULTS, key) || key === "stylize") {
                context[key] = options[key];
            }
        }
    }
    if (context.colors && context.stylize === withoutColor) {
        context.stylize = withColor;
    }
    if (context.maxArrayLength === null) {
        context.maxArrayLength = Infinity;
    }
    if (context.maxStringLength === null) {
        context.maxStringLength = Infinity;
    }
    return context;
}

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
    return formatValue(contextOf(options, INSPECT_BREAK_LENGTH), value, 0);
}
inspect.custom = customInspect;
inspect.colors = COLORS;
inspect.styles = STYLES;
inspect.defaultOptions = { ...DEFAULTS, breakLength: INSPECT_BREAK_LENGTH };

/** `1_234_567` where `numericSeparator` is on. */
function separate(text, separator) {
    if (!separator || !/^-?\d+(\.\d+)?$/.test(text)) {
        return text;
    }
    const [whole, fraction] = text.split(".");
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, "_");
    return fraction === undefined ? grouped : `${grouped}.${fraction.replace(/(\d{3})(?=\d)/g, "$1_")}`;
}

/** A number as text. */
export function formatNumber(context, value) {
    const text = Object.is(value, -0) ? "-0" : separate(String(value), context.numericSeparator);
    return context.stylize(text, "number");
}

/** A big integer as text. */
export function formatBigInt(context, value) {
    return context.stylize(`${separate(String(value), context.numericSeparator)}n`, "bigint");
}

function formatString(context, value) {
    let trailer = "";
    if (value.length > context.maxStringLength) {
        const rest = value.length - context.maxStringLength;
        value = value.slice(0, context.maxStringLength);
        trailer = `... ${rest} more character${rest > 1 ? "s" : ""}`;
    }
    const room = context.breakLength - context.indentation - 4;
    if (context.compact !== true && value.length > 16 && value.length > room && value.includes("\n")) {
        const lines = value.split(/(?<=\n)/).map((line) => context.stylize(quote(line), "string"));
        return lines.join(` +\n${" ".repeat(context.indentation + 2)}`) + trailer;
    }
    return context.stylize(quote(value), "string") + trailer;
}

/** A primitive value as text. */
export function formatPrimitive(context, value) {
    switch (typeof value) {
        case "string":
            return formatString(context, value);
        case "number":
            return formatNumber(context, value);
        case "bigint":
            return formatBigInt(context, value);
        case "boolean":
            return context.stylize(`${value}`, "boolean");
        case "undefined":
            return context.stylize("undefined", "undefined");
        default:
            return context.stylize(value.toString(), "symbol");
    }
}

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
    const isProxy = parts !== undefined;
    if (isProxy && context.showProxy) {
        return formatProxy(context, parts, depth);
    }
    while (parts !== undefined) {
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
    return formatObject(context, value, depth, inTypedArray);
}

function keysOf(value, showHidden) {
    const symbols = Object.getOwnPropertySymbols(value);
    if (showHidden) {
        return symbols.length === 0 ? Object.getOwnPropertyNames(value) : [...Object.getOwnPropertyNames(value), ...symbols];
    }
    let keys;
    try {
        keys = Object.keys(value);
    } catch {
        keys = Object.getOwnPropertyNames(value); // A module whose exports are not initialised.
    }
    for (const symbol of symbols) {
        if (Object.prototype.propertyIsEnumerable.call(value, symbol)) {
            keys.push(symbol);
        }
    }
    return keys;
}

const ARRAY_INDEX = /^(0|[1-9][0-9]{0,9})$/;

function keysBesideElements(value, showHidden) {
    return keysOf(value, showHidden).filter((key) => typeof key === "symbol" || !ARRAY_INDEX.test(key));
}

function functionBase(value, constructorName, tag) {
    if (isClass(value)) {
        return classBase(value, constructorName, tag);
    }
    let type = "Function";
    if (isGeneratorFunction(value)) {
        type = `Generator${type}`;
    }
    if (isAsyncFunction(value)) {
        type = `Async${type}`;
    }
    let base = `[${type}`;
    if (constructorName === null) {
        base += " (null prototype)";
    }
    base += value.name === "" ? " (anonymous)]" : `: ${String(value.name)}]`;
    if (constructorName !== type && constructorName !== null) {
        base += ` ${constructorName}`;
    }
    return tag !== "" && constructorName !== tag ? `${base} [${tag}]` : base;
}

function classBase(value, constructorName, tag) {
    let base = `class ${(Object.hasOwn(value, "name") && value.name) || "(anonymous)"}`;
    if (constructorName !== "Function" && constructorName !== null) {
        base += ` [${constructorName}]`;
    }
    if (tag !== "" && constructorName !== tag) {
        base += ` [${tag}]`;
    }
    if (constructorName === null) {
        base += " extends null";
    } else {
        const parent = Object.getPrototypeOf(value)?.name;
        if (parent) {
            base += ` extends ${parent}`;
        }
    }
    return `[${base}]`;
}

const UNBOX = {
    __proto__: null,
    Number: Number.prototype.valueOf,
    String: String.prototype.valueOf,
    Boolean: Boolean.prototype.valueOf,
    BigInt: BigInt.prototype.valueOf,
    Symbol: Symbol.prototype.valueOf,
};

function boxedBase(context, value, type, keys, constructorName, tag) {
    if (type === "String") {
        keys.splice(0, value.length);
    }
    let base = `[${type}`;
    if (type !== constructorName) {
        base += constructorName === null ? " (null prototype)" : ` (${constructorName})`;
    }
    const plain = { ...context, stylize: withoutColor };
    base += `: ${formatPrimitive(plain, Reflect.apply(UNBOX[type], value, []))}]`;
    if (tag !== "" && tag !== constructorName) {
        base += ` [${tag}]`;
    }
    return keys.length === 0 ? context.stylize(base, type.toLowerCase()) : base;
}

function weakEntries(context) {
    return [context.stylize("<items unknown>", "special")];
}

function noEntries() {
    return [];
}

/**
 * How an object is shown. Either `text` is all of it, or the rest says how to set its entries.
 *
 * @typedef {object} Shape
 * @property {string} [text]
 * @property {PropertyKey[]} [keys] Properties that follow the entries.
 * @property {string} [base]
 * @property {[string, string]} [braces]
 * @property {number} [kind] Of `layout.js`.
 * @property {(depth: number) => string[]} [entries]
 */

/** Arrays, typed arrays, sets, maps and what looks like them. */
function shapeOfCollection(context, value, name, tag) {
    if (Array.isArray(value)) {
        const prefix = name !== "Array" || tag !== "" ? prefixOf(name, tag, "Array", `(${value.length})`) : "";
        const keys = keysBesideElements(value, context.showHidden);
        if (value.length === 0 && keys.length === 0) {
            return { text: `${prefix}[]` };
        }
        const entries = (depth) => formatArray(context, value, depth);
        return { keys, braces: [`${prefix}[`, "]"], kind: ARRAY_WITH_EXTRAS, entries, values: value };
    }
    const typed = typedArrayName(value);
    if (typed !== undefined) {
        const keys = keysBesideElements(value, context.showHidden);
        const prefix = prefixOf(name, tag, typed, `(${value.length})`);
        if (value.length === 0 && keys.length === 0 && !context.showHidden) {
            return { text: `${prefix}[]` };
        }
        const entries = (depth) => formatTypedArray(context, value, depth);
        return { keys, braces: [`${prefix}[`, "]"], kind: ARRAY_WITH_EXTRAS, entries, values: value };
    }
    return undefined;
}

function shapeOfMapLike(context, value, name, tag, type) {
    const isSet = type === "Set";
    const items = type === "Map" || isSet ? [...Reflect.apply((isSet ? Set : Map).prototype.entries, value, [])] : platformEntries(value);
    if (items === undefined) {
        return undefined;
    }
    const prefix = prefixOf(name, tag, isSet ? "Set" : "Map", `(${items.length})`);
    const keys = keysOf(value, context.showHidden);
    if (items.length === 0 && keys.length === 0) {
        return { text: `${prefix}{}` };
    }
    const entries = isSet
        ? (depth) => formatSet(context, items.map((item) => item[0]), items.length, depth)
        : (depth) => formatMap(context, items, items.length, depth);
    return { keys, braces: [`${prefix}{`, "}"], entries };
}

function shapeOfBuffer(context, value, name, tag, type, keys, inTypedArray) {
    const prefix = prefixOf(name, tag, type);
    if (type === "DataView") {
        return { keys: ["byteLength", "byteOffset", "buffer", ...keys], braces: [`${prefix}{`, "}"] };
    }
    if (inTypedArray && keys.length === 0) {
        return { text: `${prefix}{ byteLength: ${formatNumber(context, value.byteLength)} }` };
    }
    const entries = inTypedArray ? noEntries : () => formatArrayBuffer(context, value);
    return { keys: ["byteLength", ...keys], braces: [`${prefix}{`, "}"], entries };
}

/** A text that may stand alone: functions, regular expressions, dates, errors, boxed primitives. */
function shapeOfBase(context, value, name, tag, type, keys) {
    if (typeof value === "function") {
        const base = functionBase(value, name, tag);
        return keys.length === 0 ? { text: context.stylize(base, "special") } : { keys, base };
    }
    if (isError(value)) {
        return { keys, base: formatError(context, value, name, tag, keys) };
    }
    if (type in UNBOX) {
        return { keys, base: boxedBase(context, value, type, keys, name, tag) };
    }
    if (type !== "RegExp" && type !== "Date") {
        return undefined;
    }
    let base;
    if (type === "RegExp") {
        base = RegExp.prototype.toString.call(name === null ? new RegExp(value) : value);
    } else {
        base = Number.isNaN(Date.prototype.getTime.call(value))
            ? Date.prototype.toString.call(value)
            : Date.prototype.toISOString.call(value);
    }
    const prefix = prefixOf(name, tag, type);
    base = prefix === `${type} ` ? base : `${prefix}${base}`;
    return keys.length === 0 ? { text: context.stylize(base, type.toLowerCase()) } : { keys, base };
}

function shapeOfPlain(context, value, name, tag, type, keys) {
    if (type === "Arguments") {
        return { keys: keysBesideElements(value, context.showHidden), braces: ["[Arguments] [", "]"], kind: ARRAY_WITH_EXTRAS, entries: (depth) => formatArray(context, value, depth) };
    }
    const members = platformMembers(value);
    if (members !== undefined && members.length > 0) {
        const entries = (depth) => members.map(([key, item]) => formatPair(context, item, depth, key, true, OBJECT));
        return { keys, braces: [`${prefixOf(name, name === tag ? "" : tag, "Object")}{`, "}"], entries };
    }
    if (name === "Object" && tag === "") {
        return keys.length === 0 ? { text: "{}" } : { keys, braces: ["{", "}"] };
    }
    const prefix = prefixOf(name, tag, "Object");
    return keys.length === 0 ? { text: `${prefix}{}` } : { keys, braces: [`${prefix}{`, "}"] };
}

function shapeOf(context, value, name, tag, inTypedArray) {
    const type = classOf(value);
    const collection = shapeOfCollection(context, value, name, tag) ?? shapeOfMapLike(context, value, name, tag, type);
    if (collection !== undefined) {
        return collection;
    }
    const keys = keysOf(value, context.showHidden);
    switch (type) {
        case "ArrayBuffer":
        case "SharedArrayBuffer":
        case "DataView":
            return shapeOfBuffer(context, value, name, tag, type, keys, inTypedArray);
        case "Promise":
            return { keys, braces: [`${prefixOf(name, tag, type)}{`, "}"], entries: (depth) => formatPromise(context, value, depth) };
        case "WeakSet":
        case "WeakMap":
            return { keys, braces: [`${prefixOf(name, tag, type)}{`, "}"], entries: () => weakEntries(context) };
        case "Module":
            return { keys: [], braces: [`${prefixOf(name, tag, "Module")}{`, "}"], entries: (depth) => formatNamespace(context, value, depth, keys) };
        default:
            return shapeOfBase(context, value, name, tag, type, keys) ?? shapeOfPlain(context, value, name, tag, type, keys);
    }
}

function formatObject(context, value, depth, inTypedArray) {
    const describe = (prototype) => inspectPrototype(context, prototype, depth);
    const name = constructorNameOf(value, describe);
    const tag = tagOf(value, context.showHidden);
    const shape = shapeOf(context, value, name, tag, inTypedArray);
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

/** A context for `format.js`, which inspects the arguments of `console.log`. */
export function inspectWith(value, options) {
    return formatValue(contextOf(options, INSPECT_BREAK_LENGTH), value, 0);
}
