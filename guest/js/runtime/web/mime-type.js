/**
 * MIME types as headers carry them: `type/subtype; name=value`.
 *
 * Invariant: pure.
 */

const ESSENCE = /^[\t\n\r ]*([!#$%&'*+.^_`|~\w-]+\/[!#$%&'*+.^_`|~\w-]+)[\t\n\r ]*(?:;|$)/u;
const PARAMETER = /[\t\n\r ]*([^;=]*)(?:=(?:"((?:[^"\\]|\\.)*)"?[^;]*|([^;]*)))?(?:;|$)/uy;
const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/u;

/**
 * Takes a MIME type apart.
 *
 * @param {string} text The header's value.
 * @returns {{essence: string, parameters: Map<string, string>} | undefined} `type/subtype` and the names of the
 *     parameters in lower case; of parameters with the same name, the first. `undefined` when it is no MIME type.
 */
export function parseMimeType(text) {
    const match = ESSENCE.exec(text);
    if (match === null) {
        return undefined;
    }
    const parameters = new Map();
    PARAMETER.lastIndex = match[0].length;
    while (PARAMETER.lastIndex < text.length) {
        const found = PARAMETER.exec(text);
        if (found === null) {
            break;
        }
        const [, rawName, quoted, bare] = found;
        const name = rawName.toLowerCase();
        const value = quoted === undefined ? bare?.replace(/[\t\n\r ]+$/u, "") : quoted.replace(/\\(.)/gu, "$1");
        const isValid = TOKEN.test(name) && value !== undefined && (quoted !== undefined || value !== "");
        if (isValid && !parameters.has(name)) {
            parameters.set(name, value);
        }
    }
    return { essence: match[1].toLowerCase(), parameters };
}
