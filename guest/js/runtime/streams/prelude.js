/**
 * What the streams library looks up by global name while it is evaluated; it must be there before.
 *
 * Invariant: to be imported before the library, and by nobody else.
 */

import { DOMException } from "../web/dom-exception.js";

globalThis.DOMException ??= DOMException;
