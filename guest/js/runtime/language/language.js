/**
 * What the engine lacks of the language, and where it speaks differently from V8.
 *
 * Invariant: touches the language's own objects only; those of the web are installed elsewhere.
 */

import { makeBuiltins } from "./builtins.js";
import { installCodeGenerationBan } from "./code-generation.js";
import { installDateText } from "./date-text.js";
import { installErrorStacks } from "./error-stack.js";
import { installIntl } from "./intl/intl.js";
import { installJsonErrors } from "./json-error.js";
import { installRandom } from "./random.js";

/**
 * Puts everything in place. Called once, before the freeze.
 *
 * @param {typeof globalThis} global
 */
export function install(global) {
    installErrorStacks();
    installDateText();
    installJsonErrors();
    installRandom();
    installIntl(global);
    installCodeGenerationBan(global);
    makeBuiltins(global);
}
