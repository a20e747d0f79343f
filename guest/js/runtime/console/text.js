/**
 * Strings as inspection shows them: quoting, escapes, colours, and how wide a terminal draws them.
 *
 * Invariant: pure; knows nothing of objects.
 */

const ESCAPES = new Map([
    [8, "\\b"],
    [9, "\\t"],
    [10, "\\n"],
    [12, "\\f"],
    [13, "\\r"],
    [92, "\\\\"],
]);
const NEEDS_ESCAPE =
    /[\x00-\x1f\x27\x5c\x7f-\x9f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const TO_ESCAPE = new RegExp(NEEDS_ESCAPE.source, "g");
const TO_ESCAPE_BUT_QUOTES = new RegExp(NEEDS_ESCAPE.source.replace("\\x27", ""), "g");
const PLAIN_KEY = /^[a-zA-Z_][a-zA-Z_0-9]*$/;

function escapeOf(character) {
    const code = character.charCodeAt(0);
    if (code === 39) {
        return "\\'";
    }
    const digits = code.toString(16);
    return ESCAPES.get(code) ?? (code < 256 ? `\\x${digits.toUpperCase().padStart(2, "0")}` : `\\u${digits}`);
}

function preferredQuote(text) {
    if (!text.includes("'")) {
        return "'";
    }
    if (!text.includes('"')) {
        return '"';
    }
    return text.includes("`") || text.includes("${") ? "'" : "`";
}

/** The string literal for `text`, in the quotes that need the least escapes. */
export function quote(text) {
    if (!NEEDS_ESCAPE.test(text)) {
        return `'${text}'`;
    }
    const mark = preferredQuote(text);
    const pattern = mark === "'" ? TO_ESCAPE : TO_ESCAPE_BUT_QUOTES;
    return mark + text.replace(pattern, escapeOf) + mark;
}

/** `text` without the characters that would disturb a terminal; not quoted. */
export function escapeControls(text) {
    return text.replace(TO_ESCAPE_BUT_QUOTES, escapeOf);
}

/** Whether `name` can be written as a key without quotes. */
export function isPlainKey(name) {
    return PLAIN_KEY.test(name);
}

const CONTROL_SEQUENCES = new RegExp(
    "[\\u001B\\u009B][[\\]()#;?]*" +
        "(?:(?:(?:(?:;[-a-zA-Z\\d\\/\\#&.:=?%@~_]+)*|[a-zA-Z\\d]+(?:;[-a-zA-Z\\d\\/\\#&.:=?%@~_]*)*)?" +
        "(?:\\u0007|\\u001B\\u005C|\\u009C))|(?:(?:\\d{1,4}(?:;\\d{0,4})*)?[\\dA-PR-TZcf-nq-uy=><~]))",
    "g",
);

/** `text` without the sequences that set colours and move cursors. */
export function stripControlSequences(text) {
    return text.includes("\u001b") || text.includes("\u009b") ? text.replace(CONTROL_SEQUENCES, "") : text;
}

const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
const MARKS = /^[\p{Mn}\p{Me}\p{Cf}]$/u;

function isFullWidth(code) {
    return (
        code >= 0x1100 &&
        (code <= 0x115f ||
            code === 0x2329 ||
            code === 0x232a ||
            (code >= 0x2e80 && code <= 0x3247 && code !== 0x303f) ||
            (code >= 0x3250 && code <= 0x4dbf) ||
            (code >= 0x4e00 && code <= 0xa4c6) ||
            (code >= 0xa960 && code <= 0xa97c) ||
            (code >= 0xac00 && code <= 0xd7a3) ||
            (code >= 0xf900 && code <= 0xfaff) ||
            (code >= 0xfe10 && code <= 0xfe19) ||
            (code >= 0xfe30 && code <= 0xfe6b) ||
            (code >= 0xff01 && code <= 0xff60) ||
            (code >= 0xffe0 && code <= 0xffe6) ||
            (code >= 0x1b000 && code <= 0x1b001) ||
            (code >= 0x1f200 && code <= 0x1f251) ||
            (code >= 0x1f300 && code <= 0x1f64f) ||
            (code >= 0x1f680 && code <= 0x1f6ff) ||
            (code >= 0x1f900 && code <= 0x1f9ff) ||
            (code >= 0x20000 && code <= 0x3fffd))
    );
}

function isInvisible(character, code) {
    return code <= 0x1f || (code >= 0x7f && code <= 0x9f) || (code >= 0x300 && MARKS.test(character));
}

/** How many columns a terminal needs for `text`. */
export function displayWidth(text) {
    if (PRINTABLE_ASCII.test(text)) {
        return text.length;
    }
    let columns = 0;
    for (const character of stripControlSequences(text).normalize("NFC")) {
        const code = character.codePointAt(0);
        if (isFullWidth(code)) {
            columns += 2;
        } else if (!isInvisible(character, code)) {
            columns += 1;
        }
    }
    return columns;
}
