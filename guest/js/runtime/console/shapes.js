/**
 * What each sort of object looks like: its braces, what stands before them, its entries and the keys that follow.
 *
 * Invariant: decides, and leaves the text of entries to `entries.js`.
 */

import { isShown } from "../web/webidl.js";
import {
    formatArray,
    formatArrayBuffer,
    formatMap,
    formatNamespace,
    formatPair,
    formatPairs,
    formatPromise,
    formatSet,
    formatTypedArray,
} from "./entries.js";
import { formatError } from "./inspect-error.js";
import {
    classOf,
    isAsyncFunction,
    isClass,
    isError,
    isGeneratorFunction,
    iteratorEntries,
    typedArrayName,
} from "./kinds.js";
import { ARRAY_WITH_EXTRAS, OBJECT } from "./layout.js";
import { prefixOf } from "./names.js";
import { withoutColor } from "./options.js";
import { platformEntries, platformMembers } from "./platform-objects.js";
import { formatNumber, formatPrimitive } from "./primitives.js";

function keysOf(value, showHidden) {
    const symbols = Object.getOwnPropertySymbols(value).filter(isShown);
    if (showHidden) {
        return symbols.length === 0
            ? Object.getOwnPropertyNames(value)
            : [...Object.getOwnPropertyNames(value), ...symbols];
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
 * @property {unknown[]} [values] The elements, to align numbers.
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
    const items =
        type === "Map" || isSet
            ? [...Reflect.apply((isSet ? Set : Map).prototype.entries, value, [])]
            : platformEntries(value);
    if (items === undefined) {
        return undefined;
    }
    const prefix = prefixOf(name, tag, isSet ? "Set" : "Map", `(${items.length})`);
    const keys = keysOf(value, context.showHidden);
    if (items.length === 0 && keys.length === 0) {
        return { text: `${prefix}{}` };
    }
    const entries = isSet
        ? (depth) =>
              formatSet(
                  context,
                  items.map((item) => item[0]),
                  items.length,
                  depth,
              )
        : (depth) => formatMap(context, items, items.length, depth);
    return { keys, braces: [`${prefix}{`, "}"], entries };
}

/** Iterators of maps and sets, where the engine tells what they will give. */
function shapeOfIterator(context, value, type, keys) {
    const found = iteratorEntries(value);
    if (found === undefined) {
        return undefined;
    }
    const [items, pairs] = found;
    const name = pairs ? type.replace("Iterator", "Entries") : type;
    const entries = (depth) =>
        pairs ? formatPairs(context, items, depth) : formatSet(context, items, items.length, depth);
    return { keys, braces: [`[${name}] {`, "}"], entries };
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
function shapeOfBase(context, value, name, tag, type, keys, depth) {
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
    const tooDeep = type === "RegExp" && context.depth !== null && depth > context.depth;
    return keys.length === 0 || tooDeep ? { text: context.stylize(base, type.toLowerCase()) } : { keys, base };
}

function shapeOfPlain(context, value, name, tag, type, keys) {
    const members = platformMembers(value);
    if (members !== undefined && members.length > 0) {
        const entries = (depth) => members.map(([key, item]) => formatPair(context, item, depth, key, true, OBJECT));
        return { keys, braces: [`${prefixOf(name, name === tag ? "" : tag, "Object")}{`, "}"], entries };
    }
    if (name === "Object" && tag === "" && type !== "Arguments") {
        return keys.length === 0 ? { text: "{}" } : { keys, braces: ["{", "}"] };
    }
    const prefix = type === "Arguments" ? "[Arguments] " : prefixOf(name, tag, "Object");
    return keys.length === 0 ? { text: `${prefix}{}` } : { keys, braces: [`${prefix}{`, "}"] };
}

/** How `value` is shown; `name` is its class, `tag` its tag. */
export function shapeOf(context, value, name, tag, depth, inTypedArray) {
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
            return {
                keys,
                braces: [`${prefixOf(name, tag, type)}{`, "}"],
                entries: (depth) => formatPromise(context, value, depth),
            };
        case "WeakSet":
        case "WeakMap":
            return { keys, braces: [`${prefixOf(name, tag, type)}{`, "}"], entries: () => weakEntries(context) };
        case "Map Iterator":
        case "Set Iterator":
            return shapeOfIterator(context, value, type, keys) ?? shapeOfPlain(context, value, name, tag, type, keys);
        case "Module":
            return {
                keys: [],
                braces: [`${prefixOf(name, tag, "Module")}{`, "}"],
                entries: (depth) => formatNamespace(context, value, depth, keys),
            };
        default:
            return (
                shapeOfBase(context, value, name, tag, type, keys, depth) ??
                shapeOfPlain(context, value, name, tag, type, keys)
            );
    }
}
