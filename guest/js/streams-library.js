/**
 * The streams library as the runtime uses it: what it keeps on its objects under names that begin with `_` is kept
 * under symbols, so that a worker sees objects without properties. For the bundler a plugin; for Node's tests a hook.
 *
 * Invariant: a name that is met in any other way than was known when this was written ends the build.
 */

import { register } from "node:module";

const LIBRARY = /\/web-streams-polyfill\/dist\/ponyfill\.mjs$/u;

/** Of objects that no worker sees, and of functions. */
const KEPT = new Set([
    "_back", "_chunkSteps", "_closeSteps", "_currentWrite", "_cursor", "_elements", "_errorSteps",
    "_front", "_isFinished", "_iterator", "_next", "_nextSteps", "_ongoingPromise", "_preventCancel", "_promise",
    "_reason", "_reject", "_rejectPromise", "_resolve", "_resolvePromise", "_returnSteps", "_shuttingDown", "_size",
    "_waitForWritesToFinish", "_wasAlreadyErroring",
]);

/** Rewrites the library's source. It exports the symbols by name as `privates`. */
function hidePrivates(source) {
    const names = new Set();
    const hidden = source.replace(/\.(_[a-z]\w{2,})\b|"(_[a-z]\w{2,})"/giu, (match, member, text) => {
        const name = member ?? text;
        if (KEPT.has(name)) {
            return match;
        }
        names.add(name);
        return member === undefined ? `$${name}` : `[$${name}]`;
    });
    for (const name of names) {
        if (new RegExp(`(?<!\\$)\\b${name}\\b`, "u").test(hidden)) {
            throw new Error(`the streams library uses \`${name}\` in a way that streams-library.js does not know`);
        }
    }
    const declared = [...names].map((name) => `$${name} = Symbol("${name.slice(1)}")`);
    const exported = [...names].map((name) => `${name}: $${name}`);
    return `const ${declared.join(", ")};\n${hidden}\nexport const privates = { ${exported.join(", ")} };\n`;
}

/** A plugin for rolldown. */
export const streamsLibrary = {
    name: "streams-library",
    transform: (code, id) => (LIBRARY.test(id) ? { code: hidePrivates(code), map: null } : undefined),
};

/** A hook for Node's module loader. */
export async function load(url, context, nextLoad) {
    const loaded = await nextLoad(url, context);
    return LIBRARY.test(url) ? { ...loaded, source: hidePrivates(String(loaded.source)) } : loaded;
}

/** Makes Node's module loader use the hook. */
export function registerHook() {
    register(import.meta.url);
}
