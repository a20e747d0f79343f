/**
 * `URLPattern`, by the library `urlpattern-polyfill`.
 *
 * Invariant: the library is reached from here only.
 */

import { URLPattern as Pattern } from "urlpattern-polyfill/urlpattern";
import { defineInterface, illegalInvocation } from "./webidl.js";

/** A group of a pattern that is a regular expression of the caller's: `(…)` not escaped. */
const REGEXP_GROUP = /(?<!\\)\((?!\?:)/u;

const COMPONENTS = ["protocol", "username", "password", "hostname", "port", "pathname", "search", "hash"];

let componentOf;

/** https://urlpattern.spec.whatwg.org/#urlpattern-class */
export class URLPattern {
    #pattern;

    /**
     * @param {string | Record<string, string>} [input] A pattern for URLs, or one for each component.
     * @param {string | {ignoreCase?: boolean}} [baseOrOptions] What the pattern is relative to.
     * @param {{ignoreCase?: boolean}} [options] Whether case matters.
     */
    constructor(input = {}, baseOrOptions = undefined, options = undefined) {
        try {
            if (typeof baseOrOptions === "string") {
                this.#pattern = new Pattern(input, baseOrOptions, options);
            } else {
                this.#pattern = new Pattern(input, baseOrOptions ?? options);
            }
        } catch {
            throw new TypeError("Failed to construct URLPattern");
        }
    }

    static {
        componentOf = (pattern, name) => {
            if (!(#pattern in pattern)) {
                throw illegalInvocation();
            }
            return pattern.#pattern[name];
        };
    }

    get hasRegExpGroups() {
        return COMPONENTS.some((name) => REGEXP_GROUP.test(componentOf(this, name)));
    }

    test(input = {}, base = undefined) {
        if (!(#pattern in this)) {
            throw illegalInvocation();
        }
        try {
            return this.#pattern.test(input, base);
        } catch {
            throw new TypeError("Failed to test URLPattern");
        }
    }

    exec(input = {}, base = undefined) {
        if (!(#pattern in this)) {
            throw illegalInvocation();
        }
        try {
            return this.#pattern.exec(input, base) ?? null;
        } catch {
            throw new TypeError("Failed to exec URLPattern");
        }
    }
}

for (const name of COMPONENTS) {
    Object.defineProperty(URLPattern.prototype, name, {
        get() {
            return componentOf(this, name);
        },
        configurable: true,
    });
}

defineInterface(URLPattern);
