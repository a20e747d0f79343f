/**
 * The streams library, evaluated after what it needs; `streams-library.js` adds `privates` to its exports.
 *
 * Invariant: the only file that imports it.
 */

import "./prelude.js";

export * from "web-streams-polyfill";
