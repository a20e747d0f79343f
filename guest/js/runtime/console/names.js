/**
 * What inspection calls an object: its class, its tag, a missing prototype.
 *
 * Invariant: reads `constructor` and `name` as data only; a getter is not called.
 */

function instanceOf(value, constructor) {
    try {
        return value instanceof constructor;
    } catch {
        return false;
    }
}

/** `Class(size) [tag] `, or what stands for it where there is no class. */
export function prefixOf(constructorName, tag, fallback, size = "") {
    if (constructorName === null) {
        const shownTag = tag !== "" && fallback !== tag ? `[${tag}] ` : "";
        return `[${fallback}${size}: null prototype] ${shownTag}`;
    }
    return tag !== "" && constructorName !== tag ? `${constructorName}${size} [${tag}] ` : `${constructorName}${size} `;
}

/**
 * The name of the class of `value`, or `null` where its prototype is `null`.
 *
 * @param {object} value
 * @param {(prototype: object) => string} describe Text for a prototype that has no class either.
 */
export function constructorNameOf(value, describe) {
    let holder = value;
    let firstPrototype;
    while (holder !== null) {
        const descriptor = Object.getOwnPropertyDescriptor(holder, "constructor");
        const constructor = descriptor?.value;
        if (typeof constructor === "function" && constructor.name !== "" && instanceOf(value, constructor)) {
            return String(constructor.name);
        }
        holder = Object.getPrototypeOf(holder);
        if (firstPrototype === undefined) {
            firstPrototype = holder;
        }
    }
    if (firstPrototype === null) {
        return null;
    }
    const own = Object.prototype.toString.call(value).slice(8, -1);
    return `${own === "" ? "Object" : own} <${describe(firstPrototype)}>`;
}

/** The tag of an object, where it says more than the class. */
export function tagOf(value, showHidden) {
    const tag = value[Symbol.toStringTag];
    if (typeof tag !== "string" || tag === "") {
        return "";
    }
    const own = showHidden
        ? Object.hasOwn(value, Symbol.toStringTag)
        : Object.prototype.propertyIsEnumerable.call(value, Symbol.toStringTag);
    return own ? "" : tag;
}
