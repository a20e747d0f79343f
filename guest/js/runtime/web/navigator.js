/**
 * `navigator` (reference §2.3).
 *
 * Invariant: says the same on every machine.
 */

import { enabled } from "../flags.js";
import {
    defineGlobals, defineInterface, illegalConstructor, illegalInvocation, parameterError, string,
} from "./webidl.js";

const permit = {};

/** Given by `fetch/`. */
let sendRequest;

/**
 * Sets how a beacon is sent.
 *
 * @param {(url: string, body: unknown) => void} send Sends a POST request whose answer nobody awaits.
 */
export function provideBeacon(send) {
    sendRequest = send;
}

/** https://html.spec.whatwg.org/multipage/system-state.html#the-navigator-object */
export class Navigator {
    #brand = true;

    constructor(token) {
        if (token !== permit) {
            throw illegalConstructor();
        }
    }

    /** Sends a request that nobody awaits. */
    sendBeacon(url, body = undefined) {
        if (!(#brand in this)) {
            throw illegalInvocation();
        }
        if (arguments.length === 0) {
            throw parameterError("sendBeacon", "Navigator", 1, "string");
        }
        sendRequest(string(url), body);
        return true;
    }
}

defineInterface(Navigator);

/** As on the platform, what `navigator` says are properties of its own. */
function createNavigator() {
    const navigator = new Navigator(permit);
    const language = enabled("enable_navigator_language") ? { languages: Object.freeze(["en"]), language: "en" } : {};
    const members = { ...language, platform: "", hardwareConcurrency: 1, userAgent: "Cloudflare-Workers" };
    for (const [key, value] of Object.entries(members)) {
        Object.defineProperty(navigator, key, { value, enumerable: true, configurable: true });
    }
    return navigator;
}

/** Puts what depends on flags on the global object. */
export function install(global) {
    delete global.navigator;
    if (enabled("global_navigator")) {
        defineGlobals(global, { navigator: createNavigator() });
    }
}
