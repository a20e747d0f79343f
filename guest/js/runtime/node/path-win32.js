/**
 * `path.win32`: paths with drives and network shares.
 *
 * Invariant: pure; there is no current directory but `C:\`.
 */

import { validateString } from "./errors.js";
import { extensionStart, formatParts, normalizeSegments } from "./path.js";

const isSeparator = (character) => character === "/" || character === "\\";

/** `[root, device, absolute, rest]`: `root` as written, `device` without the separator that may follow it. */
function splitRoot(path) {
    const share = /^[\\/]{2}([^\\/]+)[\\/]+([^\\/]+)[\\/]*/.exec(path);
    if (share !== null && share[1] !== "." && share[1] !== "?") {
        return [share[0], `\\\\${share[1]}\\${share[2]}`, true, path.slice(share[0].length)];
    }
    const drive = /^([a-zA-Z]:)([\\/]*)/.exec(path);
    if (drive !== null) {
        return [drive[1] + drive[2].slice(0, 1), drive[1], drive[2] !== "", path.slice(drive[0].length)];
    }
    const separators = /^[\\/]+/.exec(path);
    return separators === null ? ["", "", false, path] : [path[0], "", true, path.slice(separators[0].length)];
}

function normalize(path) {
    validateString(path, "path");
    if (path === "") {
        return ".";
    }
    const [, device, absolute, rest] = splitRoot(path);
    let tail = normalizeSegments(rest, !absolute, "\\", isSeparator);
    if (tail === "" && !absolute) {
        tail = ".";
    }
    if (tail !== "" && isSeparator(path.at(-1)) && rest !== "") {
        tail += "\\";
    }
    return absolute ? `${device}\\${tail}` : `${device}${tail}`;
}

function join(...paths) {
    paths.forEach((path) => validateString(path, "path"));
    const parts = paths.filter((path) => path !== "");
    if (parts.length === 0) {
        return ".";
    }
    let joined = parts.join("\\");
    if (!/^[\\/]{2}[^\\/]/.test(parts[0])) {
        joined = joined.replace(/^[\\/]{2,}/, "\\"); // Only the first part can begin a network share.
    }
    return normalize(joined);
}

function resolve(...paths) {
    let device = "";
    let tail = "";
    let absolute = false;
    for (let at = paths.length - 1; at >= -1 && !(absolute && device !== ""); at--) {
        const path = at >= 0 ? paths[at] : "C:\\";
        validateString(path, `paths[${at}]`);
        const [, pathDevice, pathAbsolute, rest] = splitRoot(path);
        if (pathDevice !== "" && device !== "" && pathDevice.toLowerCase() !== device.toLowerCase()) {
            continue;
        }
        device = device || pathDevice;
        if (!absolute) {
            tail = `${rest}\\${tail}`;
            absolute = pathAbsolute;
        }
    }
    return `${device}\\${normalizeSegments(tail, false, "\\", isSeparator)}`;
}

function trimEnd(path) {
    const [root] = splitRoot(path);
    let end = path.length;
    while (end > root.length && isSeparator(path[end - 1])) {
        end -= 1;
    }
    return path.slice(0, end);
}

function lastSeparator(path) {
    return Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
}

function basename(path, suffix) {
    validateString(path, "path");
    const rest = trimEnd(path).slice(/^[a-zA-Z]:/.test(path) ? 2 : 0);
    const base = rest.slice(lastSeparator(rest) + 1);
    if (suffix === path && suffix !== undefined) {
        return "";
    }
    return suffix && base !== suffix && base.endsWith(suffix) ? base.slice(0, -suffix.length) : base;
}

function dirname(path) {
    validateString(path, "path");
    const [root] = splitRoot(path);
    const trimmed = trimEnd(path);
    const slash = lastSeparator(trimmed);
    if (slash < root.length) {
        return root || ".";
    }
    return trimmed.slice(0, slash);
}

function relative(from, to) {
    validateString(from, "from");
    validateString(to, "to");
    const source = resolve(from).split("\\").filter(Boolean);
    const target = resolve(to).split("\\").filter(Boolean);
    let common = 0;
    while (
        common < source.length &&
        common < target.length &&
        source[common].toLowerCase() === target[common].toLowerCase()
    ) {
        common += 1;
    }
    if (common === 0) {
        return resolve(to);
    }
    return [...source.slice(common).map(() => ".."), ...target.slice(common)].join("\\");
}

function parse(path) {
    validateString(path, "path");
    const [root] = splitRoot(path);
    const base = path.length === root.length ? "" : basename(path);
    const dir = dirname(path);
    const start = extensionStart(base);
    return {
        root,
        dir: base === "" ? root : dir === "." && !/^\.[\\/]/.test(path) ? "" : dir,
        base,
        ext: base.slice(start),
        name: base.slice(0, start),
    };
}

/** Windows paths. */
export const win32 = {
    sep: "\\",
    delimiter: ";",
    resolve,
    normalize,
    isAbsolute(path) {
        validateString(path, "path");
        return splitRoot(path)[2];
    },
    join,
    relative,
    toNamespacedPath: (path) => path,
    dirname,
    basename,
    extname(path) {
        const base = basename(path);
        return base.slice(extensionStart(base));
    },
    format: (parts) => formatParts("\\", parts),
    parse,
    posix: undefined,
    win32: undefined,
};
