/**
 * The platform's own classes keep their state in private fields; this file knows how to show it: as entries (`Headers`,
 * `FormData`, `URLSearchParams`) or as the getters of the class and of its ancestors.
 *
 * Invariant: code of the worker's author is never called; only classes named to `describePlatformClasses` are looked at.
 */

/** @type {Map<object, string[]>} The names of the getters, by prototype. */
const getters = new Map();
/** @type {Map<object, (value: object) => Iterable<[string, unknown]>>} */
const entryReaders = new Map();

function ownGetters(prototype) {
    const names = [];
    for (const name of Object.getOwnPropertyNames(prototype)) {
        const { get } = Object.getOwnPropertyDescriptor(prototype, name);
        if (get !== undefined && name !== "__proto__") {
            names.push(name);
        }
    }
    return names;
}

/**
 * Names classes of the platform, so that inspection shows what their getters say. Called once, before the freeze.
 *
 * @param {Function[]} classes
 */
export function describePlatformClasses(classes) {
    for (const { prototype } of classes) {
        if (prototype === undefined || prototype instanceof Error) {
            continue;
        }
        getters.set(prototype, ownGetters(prototype));
    }
}

/**
 * Names classes of the platform that are shown as maps.
 *
 * @param {Function[]} classes With an `entries()` method each.
 */
export function describePlatformMaps(classes) {
    for (const { prototype } of classes) {
        entryReaders.set(prototype, prototype.entries);
    }
}

function ancestorIn(table, value) {
    for (let proto = Object.getPrototypeOf(value); proto !== null; proto = Object.getPrototypeOf(proto)) {
        const found = table.get(proto);
        if (found !== undefined) {
            return found;
        }
    }
    return undefined;
}

/** The entries of a map-like object of the platform, or `undefined` for anything else. */
export function platformEntries(value) {
    const read = ancestorIn(entryReaders, value);
    if (read === undefined) {
        return undefined;
    }
    try {
        return [...Reflect.apply(read, value, [])];
    } catch {
        return undefined; // A prototype, or an object that only pretends.
    }
}

/** The state of an object of the platform as `[name, value]`, or `undefined` for anything else. */
export function platformMembers(value) {
    if (ancestorIn(getters, value) === undefined) {
        return undefined;
    }
    const members = [];
    for (let proto = Object.getPrototypeOf(value); proto !== null; proto = Object.getPrototypeOf(proto)) {
        for (const name of getters.get(proto) ?? []) {
            try {
                members.push([name, Reflect.get(proto, name, value)]);
            } catch {
                return undefined;
            }
        }
    }
    return members;
}
