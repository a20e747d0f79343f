/**
 * Everything of `web/` that is on the global object.
 *
 * Invariant: the only list of these names; installing twice does no harm.
 */

import { enabled } from "../flags.js";
import { AbortController, AbortSignal } from "./abort.js";
import { atob, btoa } from "./base64.js";
import { Blob, File } from "./blob.js";
import { Crypto, crypto } from "./crypto/crypto.js";
import { CryptoKey } from "./crypto/key.js";
import { SubtleCrypto } from "./crypto/subtle.js";
import { DOMException } from "./dom-exception.js";
import { TextDecoder, TextEncoder } from "./encoding.js";
import { Event, EventTarget, followFlags } from "./event.js";
import {
    CloseEvent, CustomEvent, ErrorEvent, ExtendableEvent, MessageEvent, PromiseRejectionEvent,
} from "./event-types.js";
import { FormData } from "./form-data.js";
import { install as installScope, installFlags } from "./global-scope.js";
import { install as installNavigator, Navigator } from "./navigator.js";
import { install as installPerformance, performance } from "./performance.js";
import { reportError } from "./report-error.js";
import { declareInterfaces, structuredClone } from "./structured-clone.js";
import { URL } from "./url.js";
import { URLPattern } from "./url-pattern.js";
import { URLSearchParams } from "./url-search-params.js";
import { defineGlobals } from "./webidl.js";

const GLOBALS = {
    AbortController, AbortSignal, Blob, CloseEvent, Crypto, CryptoKey, CustomEvent, DOMException, ErrorEvent, Event,
    EventTarget, ExtendableEvent, File, FormData, MessageEvent, Navigator, PromiseRejectionEvent, SubtleCrypto,
    TextDecoder, TextEncoder, URL, URLPattern, URLSearchParams, atob, btoa, crypto, performance, reportError,
    structuredClone,
};

/** Installs what every worker has; called once, when all interfaces are defined, before the engine is frozen. */
export function install(global) {
    declareInterfaces();
    installScope(global);
    defineGlobals(global, GLOBALS);
}

/** Installs what depends on the worker's flags; called once they are known, before the worker's modules. */
export function installFlagged(global) {
    followFlags();
    installFlags(global);
    installNavigator(global);
    installPerformance(global);
    if (!enabled("enable_weak_ref")) {
        delete global.WeakRef;
        delete global.FinalizationRegistry;
    }
}
