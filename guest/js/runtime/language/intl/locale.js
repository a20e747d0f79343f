/**
 * Language tags: their canonical form, and the one language whose data is here.
 *
 * Invariant: whatever language is asked for, the results are those of `en-US`.
 */

/** The locale of all results. */
export const LOCALE = "en-US";

const LANGUAGE = "(?:[a-z]{2,3}|[a-z]{5,8})";
const TAG = new RegExp(
    `^(?<language>${LANGUAGE})(?:-(?<script>[a-z]{4}))?(?:-(?<region>[a-z]{2}|\\d{3}))?` +
        "(?<variants>(?:-(?:[a-z\\d]{5,8}|\\d[a-z\\d]{3}))*)" +
        "(?<extensions>(?:-[a-wyz\\d](?:-[a-z\\d]{2,8})+)*)(?<private>-x(?:-[a-z\\d]{1,8})+)?$",
    "i",
);
const OLD_LANGUAGES = { iw: "he", in: "id", ji: "yi", jw: "jv", mo: "ro", tl: "fil", sh: "sr-Latn" };

function invalid() {
    return new RangeError("Incorrect locale information provided");
}

/** The parts of a tag, or `undefined` where it is none. */
export function parseTag(tag) {
    return TAG.exec(tag)?.groups;
}

function titleCase(text) {
    return text[0].toUpperCase() + text.slice(1).toLowerCase();
}

function canonicalExtensions(text) {
    const extensions = text
        .toLowerCase()
        .split(/-(?=[a-wyz\d]-)/)
        .filter((part) => part !== "");
    return extensions
        .sort((a, b) => (a[0] < b[0] ? -1 : 1))
        .map((part) => `-${part.replace(/^-/, "")}`)
        .join("")
        .replace(/-true(?=-|$)/g, "");
}

/** The canonical form of a tag. */
export function canonicalTag(tag) {
    const parts = parseTag(tag);
    if (parts === undefined) {
        throw invalid();
    }
    const language = parts.language.toLowerCase();
    let canonical = Object.hasOwn(OLD_LANGUAGES, language) ? OLD_LANGUAGES[language] : language;
    if (parts.script !== undefined) {
        canonical += `-${titleCase(parts.script)}`;
    }
    if (parts.region !== undefined) {
        canonical += `-${parts.region.toUpperCase()}`;
    }
    const variants = parts.variants.toLowerCase().split("-").filter(Boolean).sort();
    canonical += variants.map((variant) => `-${variant}`).join("");
    return canonical + canonicalExtensions(parts.extensions) + (parts.private?.toLowerCase() ?? "");
}

/** The canonical tags of a list, a single tag or a locale. */
export function canonicalList(locales) {
    if (locales === undefined) {
        return [];
    }
    if (locales === null) {
        throw new TypeError("Cannot convert undefined or null to object");
    }
    const list = typeof locales === "string" || isLocale(locales) ? [locales] : Array.from(locales);
    const seen = new Set();
    for (const item of list) {
        if (typeof item !== "string" && (typeof item !== "object" || item === null)) {
            throw new TypeError("Incorrect locale information provided");
        }
        seen.add(canonicalTag(isLocale(item) ? item.toString() : String(item)));
    }
    return [...seen];
}

/** Which of the tags have data: those of English. */
export function supportedLocales(locales, options) {
    if (options !== undefined) {
        const matcher = Object(options).localeMatcher;
        if (matcher !== undefined && matcher !== "lookup" && matcher !== "best fit") {
            throw new RangeError(`Value ${matcher} out of range for Intl options property localeMatcher`);
        }
    }
    return canonicalList(locales).filter((tag) => /^en(?:-|$)/.test(tag));
}

/** Checks what was asked for, and says what is given: `en-US`, whatever it was. */
export function resolveLocale(locales) {
    canonicalList(locales);
    return LOCALE;
}

/** A key of the extension `u`, with its value as the first group. */
function keyword(tag, key) {
    return new RegExp(`-u(?:-[a-z\\d]+)*?-${key}(?:-([a-z\\d]{3,8}(?:-[a-z\\d]{3,8})*))?(?=-|$)`).exec(tag);
}

/** The value of a key such as `nu` or `hc` in the first tag that was asked for; `true` where it has none. */
export function unicodeExtension(locales, key) {
    const [first] = canonicalList(locales);
    const found = first === undefined ? null : keyword(first, key);
    return found === null ? undefined : (found[1] ?? "true");
}

/** @type {WeakMap<object, string>} */
const tags = new WeakMap();

function isLocale(value) {
    return typeof value === "object" && value !== null && tags.has(value);
}

const EXTENSION_OPTIONS = {
    calendar: "ca",
    collation: "co",
    hourCycle: "hc",
    caseFirst: "kf",
    numeric: "kn",
    numberingSystem: "nu",
};

function withOptions(tag, options) {
    const parts = parseTag(tag);
    const language = options.language ?? parts.language;
    const script = options.script ?? parts.script;
    const region = options.region ?? parts.region;
    const base = [language, script, region].filter((part) => part !== undefined).join("-") + parts.variants;
    const keywords = new Map();
    const unicode = /-u((?:-[a-z\d]{2,8})+)/i.exec(parts.extensions);
    for (const [, key, value] of (unicode?.[1] ?? "").matchAll(
        /-([a-z\d]{2})((?:-[a-z\d]{3,8})*)(?=-[a-z\d]{2}(?:-|$)|$)/gi,
    )) {
        keywords.set(key.toLowerCase(), value.slice(1));
    }
    for (const [name, key] of Object.entries(EXTENSION_OPTIONS)) {
        if (options[name] !== undefined) {
            keywords.set(key, `${options[name]}`);
        }
    }
    const others = parts.extensions.replace(unicode?.[0] ?? "", "");
    const shown = [...keywords]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, value]) => (value === "" || value === "true" ? `-${key}` : `-${key}-${value}`));
    return canonicalTag(base + others + (shown.length > 0 ? `-u${shown.join("")}` : "") + (parts.private ?? ""));
}

/** `Intl.Locale`. */
export class Locale {
    constructor(tag, options = undefined) {
        if (typeof tag !== "string" && (typeof tag !== "object" || tag === null)) {
            throw new TypeError("First argument to Intl.Locale constructor can't be empty or missing");
        }
        const canonical = canonicalTag(isLocale(tag) ? tags.get(tag) : String(tag));
        tags.set(this, options === undefined ? canonical : withOptions(canonical, Object(options)));
    }

    #part(name) {
        return parseTag(tags.get(this))[name];
    }

    #keyword(key) {
        return keyword(tags.get(this), key);
    }

    get baseName() {
        return tags.get(this).replace(/-(?:[a-wyz\d]-|x-).*$/, "");
    }
    get language() {
        return this.#part("language");
    }
    get script() {
        return this.#part("script");
    }
    get region() {
        return this.#part("region");
    }
    get calendar() {
        return this.#keyword("ca")?.[1];
    }
    get collation() {
        return this.#keyword("co")?.[1];
    }
    get hourCycle() {
        return this.#keyword("hc")?.[1];
    }
    get caseFirst() {
        return this.#keyword("kf")?.[1];
    }
    get numeric() {
        const found = this.#keyword("kn");
        return found !== null && found[1] !== "false";
    }
    get numberingSystem() {
        return this.#keyword("nu")?.[1];
    }
    maximize() {
        return new Locale(tags.get(this));
    }
    minimize() {
        return new Locale(tags.get(this));
    }
    getCalendars() {
        return ["gregory"];
    }
    getCollations() {
        return ["emoji", "eor"];
    }
    getHourCycles() {
        return ["h12"];
    }
    getNumberingSystems() {
        return ["latn"];
    }
    getTextInfo() {
        return { direction: /^(?:ar|he|fa|ur|yi|dv|ps|sd|ug)(?:-|$)/.test(tags.get(this)) ? "rtl" : "ltr" };
    }
    getTimeZones() {
        return undefined;
    }
    getWeekInfo() {
        return { firstDay: 7, weekend: [6, 7] };
    }
    toString() {
        return tags.get(this);
    }
}
Object.defineProperty(Locale.prototype, Symbol.toStringTag, { value: "Intl.Locale", configurable: true });
