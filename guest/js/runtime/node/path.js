/**
 * `node:path`: paths as text, in the two dialects.
 *
 * Invariant: pure, but for `resolve`, whose current directory is always `/bundle` (or `C:\` for `win32`), as the
 * platform's.
 */

import { validateObject, validateString } from "./errors.js";
import { win32 as windows } from "./path-win32.js";

const CURRENT_DIRECTORY = "/bundle";

/**
 * The path without `.`, empty and (where possible) `..` segments.
 *
 * @param {string} path Without root.
 * @param {boolean} allowAboveRoot Whether leading `..` stay.
 * @param {string} separator
 * @param {(character: string) => boolean} isSeparator
 */
export function normalizeSegments(path, allowAboveRoot, separator, isSeparator) {
    const result = [];
    let segment = "";
    const take = () => {
        if (segment === "..") {
            if (result.length > 0 && result.at(-1) !== "..") {
                result.pop();
            } else if (allowAboveRoot) {
                result.push("..");
            }
        } else if (segment !== "" && segment !== ".") {
            result.push(segment);
        }
        segment = "";
    };
    for (const character of path) {
        if (isSeparator(character)) {
            take();
        } else {
            segment += character;
        }
    }
    take();
    return result.join(separator);
}

const isSlash = (character) => character === "/";

function trimEndSlashes(path) {
    let end = path.length;
    while (end > 1 && path[end - 1] === "/") {
        end -= 1;
    }
    return path.slice(0, end);
}

/** Where the extension of a file name begins; its length where there is none. */
export function extensionStart(base) {
    const dot = base.lastIndexOf(".");
    return dot <= 0 || base === ".." ? base.length : dot;
}

/** The text of a parsed path (`parse`'s result or a part of it). */
export function formatParts(separator, parts) {
    validateObject(parts, "pathObject");
    const dir = parts.dir || parts.root;
    const extension = parts.ext ? `${parts.ext[0] === "." ? "" : "."}${parts.ext}` : "";
    const base = parts.base || `${parts.name || ""}${extension}`;
    if (!dir) {
        return base;
    }
    return dir === parts.root ? `${dir}${base}` : `${dir}${separator}${base}`;
}

function normalize(path) {
    validateString(path, "path");
    if (path === "") {
        return ".";
    }
    const absolute = path[0] === "/";
    let result = normalizeSegments(path, !absolute, "/", isSlash);
    if (result === "") {
        if (absolute) {
            return "/";
        }
        return path.endsWith("/") ? "./" : ".";
    }
    if (path.endsWith("/")) {
        result += "/";
    }
    return absolute ? `/${result}` : result;
}

function resolve(...paths) {
    let result = "";
    for (let at = paths.length - 1; at >= -1 && !result.startsWith("/"); at--) {
        const path = at >= 0 ? paths[at] : CURRENT_DIRECTORY;
        validateString(path, `paths[${at}]`);
        if (path !== "") {
            result = `${path}/${result}`;
        }
    }
    return `/${normalizeSegments(result, false, "/", isSlash)}`;
}

function basename(path, suffix) {
    if (suffix !== undefined) {
        validateString(suffix, "suffix");
    }
    validateString(path, "path");
    const trimmed = path === "" ? "" : trimEndSlashes(path);
    const base = trimmed === "/" ? "" : trimmed.slice(trimmed.lastIndexOf("/") + 1);
    if (suffix === path && suffix !== undefined) {
        return "";
    }
    return suffix && base !== suffix && base.endsWith(suffix) ? base.slice(0, -suffix.length) : base;
}

function dirname(path) {
    validateString(path, "path");
    if (path === "") {
        return ".";
    }
    const trimmed = trimEndSlashes(path);
    const slash = trimmed.lastIndexOf("/");
    if (slash === -1) {
        return ".";
    }
    if (slash === 0) {
        return "/";
    }
    return trimmed.slice(0, slash);
}

function relative(from, to) {
    validateString(from, "from");
    validateString(to, "to");
    const source = resolve(from).split("/").filter(Boolean);
    const target = resolve(to).split("/").filter(Boolean);
    let common = 0;
    while (common < source.length && common < target.length && source[common] === target[common]) {
        common += 1;
    }
    return [...source.slice(common).map(() => ".."), ...target.slice(common)].join("/");
}

function parse(path) {
    validateString(path, "path");
    const root = path.startsWith("/") ? "/" : "";
    const base = basename(path);
    const start = extensionStart(base);
    const dir = dirname(path);
    const implicit = dir === "." && !/^\.\/+[^/]/.test(path);
    return {
        root,
        dir: base === "" ? root : implicit ? "" : dir,
        base,
        ext: base.slice(start),
        name: base.slice(0, start),
    };
}

/** POSIX paths; what the module itself is on this platform. */
export const posix = {
    sep: "/",
    delimiter: ":",
    resolve,
    normalize,
    isAbsolute(path) {
        validateString(path, "path");
        return path.startsWith("/");
    },
    join(...paths) {
        paths.forEach((path) => validateString(path, "path"));
        const joined = paths.filter((path) => path !== "").join("/");
        return joined === "" ? "." : normalize(joined);
    },
    relative,
    toNamespacedPath: (path) => path,
    dirname,
    basename,
    extname(path) {
        const base = basename(path);
        return base.slice(extensionStart(base));
    },
    format: (parts) => formatParts("/", parts),
    parse,
    matchesGlob(path, pattern) {
        const source = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*\*\/?|\*|\?/g, (glob) => {
            return glob.startsWith("**") ? ".*" : glob === "*" ? "[^/]*" : "[^/]";
        });
        return new RegExp(`^${source}$`).test(path);
    },
    posix: undefined,
    win32: undefined,
};
posix.posix = posix;
windows.posix = posix;
windows.win32 = windows;
posix.win32 = windows;

export const win32 = windows;
export const { sep, delimiter, isAbsolute, join, toNamespacedPath, extname, format, matchesGlob } = posix;
export { basename, dirname, normalize, parse, relative, resolve };
export default posix;
