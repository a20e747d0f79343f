/**
 * `CryptoKey`: what may be done with a key. The key itself is for the file of its family only.
 *
 * Invariant: scripts cannot construct a key or reach its material.
 */

import { defineInterface, illegalConstructor, illegalInvocation } from "../webidl.js";

const permit = {};

let materialOf;
let isKey;

/** https://w3c.github.io/webcrypto/#cryptokey-interface */
export class CryptoKey {
    #type;
    #extractable;
    #algorithm;
    #usages;
    #material;

    constructor(token, { type, extractable, algorithm, usages, material } = {}) {
        if (token !== permit) {
            throw illegalConstructor();
        }
        this.#type = type;
        this.#extractable = extractable;
        this.#algorithm = algorithm;
        this.#usages = usages;
        this.#material = material;
    }

    static {
        materialOf = (key) => key.#material;
        isKey = (value) => typeof value === "object" && value !== null && #material in value;
    }

    /** `secret`, `private` or `public`. */
    get type() {
        if (!(#type in this)) {
            throw illegalInvocation();
        }
        return this.#type;
    }

    get extractable() {
        if (!(#extractable in this)) {
            throw illegalInvocation();
        }
        return this.#extractable;
    }

    get algorithm() {
        if (!(#algorithm in this)) {
            throw illegalInvocation();
        }
        return this.#algorithm;
    }

    get usages() {
        if (!(#usages in this)) {
            throw illegalInvocation();
        }
        return this.#usages;
    }
}

defineInterface(CryptoKey);

/**
 * A new key.
 *
 * @param {{type: string, extractable: boolean, algorithm: object, usages: string[], material: unknown}} members What
 *     scripts see, and `material` for the key's family.
 */
export function createKey(members) {
    return new CryptoKey(permit, members);
}

/** What `createKey()` got as `material`. */
export function keyMaterial(key) {
    return materialOf(key);
}

/** Whether a value is a `CryptoKey`. */
export function isCryptoKey(value) {
    return isKey(value);
}
