/**
 * What bundled libraries look up by global name while they are evaluated; it must be there before them.
 *
 * Invariant: imported first by `main.js` and by nobody else. Whatever is set here is set again, properly, by the globals.
 */

import { AbortController, AbortSignal } from "./web/abort.js";
import { DOMException } from "./web/dom-exception.js";
import { Event, EventTarget } from "./web/event.js";
import { defineGlobals } from "./web/webidl.js";

defineGlobals(globalThis, { self: globalThis, AbortController, AbortSignal, DOMException, Event, EventTarget });
