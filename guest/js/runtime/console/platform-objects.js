/**
 * The platform's own classes keep their state in private fields; this file knows how to show it: as entries (`Headers`,
 * `FormData`, `URLSearchParams`) or as the getters of the class and of its ancestors.
 *
 * Invariant: code of the worker's author is never called; only interfaces of the platform are looked at.
 */

import { allInterfaces, interfaceOf } from "../web/webidl.js";

/** Interfaces that are shown as maps. */
const MAPS = new Set(["FormData", "Headers", "URLSearchParams"]);

/** @type {Map<object, string[]>} Names of getters by prototype, found when first asked for. */
const getters = new Map();

function gettersOf(prototype) {
    let names = getters.get(prototype);
    if (names === undefined) {
        names = Object.getOwnPropertyNames(prototype).filter((name) => {
            return Object.getOwnPropertyDescriptor(prototype, name).get !== undefined;
        });
        getters.set(prototype, names);
    }
    return names;
}

/**
 * Names by prototype, taken over when first asked for: by then all interfaces are defined.
 *
 * @type {Map<object, string>}
 */
let interfaces;

/** The prototypes of platform interfaces from which `value` inherits, nearest first. */
function interfacesOf(value) {
    interfaces ??= new Map(allInterfaces());
    const found = [];
    for (let proto = Object.getPrototypeOf(value); proto !== null; proto = Object.getPrototypeOf(proto)) {
        if (interfaces.has(proto)) {
            found.push(proto);
        }
    }
    return found;
}

/** The entries of a map-like object of the platform, or `undefined` for anything else. */
export function platformEntries(value) {
    if (interfaceOf(value) === undefined) {
        return undefined;
    }
    const map = interfacesOf(value).find((proto) => MAPS.has(interfaces.get(proto)));
    if (map === undefined) {
        return undefined;
    }
    try {
        return [...Reflect.apply(map.entries, value, [])];
    } catch {
        return undefined; // A prototype, or an object that only pretends.
    }
}

/** The state of an object of the platform as `[name, value]`, or `undefined` for anything else. */
export function platformMembers(value) {
    if (interfaceOf(value) === undefined) {
        return undefined;
    }
    const members = [];
    for (const proto of interfacesOf(value)) {
        for (const name of gettersOf(proto)) {
            try {
                members.push([name, Reflect.get(proto, name, value)]);
            } catch {
                return undefined; // A prototype, or an object that only pretends.
            }
        }
    }
    return members;
}
