/**
 * Modules of Node that can be imported and whose functions throw `ERR_METHOD_NOT_IMPLEMENTED`, as many of the
 * platform's do. Where a harmless answer exists (`existsSync`, `isatty`, `isIP`), it is given.
 *
 * Invariant: importing has no effect; nothing here does input or output.
 */

import { performance } from "../web/performance.js";
import { FILES } from "./constants.js";
import { invalidArgType, nodeError, notImplemented } from "./errors.js";
import { METHODS, STATUS_CODES } from "./http-names.js";
import { STUBS } from "./stub-names.js";

function stubFunction(module, name) {
    return {
        [name]() {
            throw notImplemented(`${module}.${name}`);
        },
    }[name];
}

function stubClass(module, name) {
    return {
        [name]: class {
            constructor() {
                throw notImplemented(`${module}.${name}`);
            }
        },
    }[name];
}

/** The namespace of a module: stubs for all its names, and what is known in their place. */
function stubModule(module, known = {}) {
    const namespace = {};
    for (const entry of STUBS[module].split(" ")) {
        const name = entry.replace("!", "");
        namespace[name] = entry.endsWith("!") ? stubClass(module, name) : stubFunction(module, name);
    }
    return Object.assign(namespace, known);
}

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;

function isIPv6(text) {
    const zone = text.indexOf("%");
    const address = zone === -1 ? text : text.slice(0, zone);
    const halves = address.split("::");
    if (halves.length > 2 || address === "") {
        return false;
    }
    const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
    const last = groups.at(-1) ?? "";
    const ipv4 = IPV4.test(last);
    const hex = ipv4 ? groups.slice(0, -1) : groups;
    const count = groups.length + (ipv4 ? 1 : 0);
    return hex.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group)) && (halves.length === 2 ? count < 8 : count === 8);
}

function isIP(value) {
    const text = `${value}`;
    if (IPV4.test(text)) {
        return 4;
    }
    return isIPv6(text) ? 6 : 0;
}

const TOKEN = /^[\^_`a-zA-Z\-0-9!#$%&'*+.|~]+$/;

const http = {
    METHODS,
    STATUS_CODES,
    maxHeaderSize: 16384,
    validateHeaderName(name, label) {
        if (typeof name !== "string" || !TOKEN.test(name)) {
            const what = label ?? "Header name";
            throw nodeError(TypeError, "ERR_INVALID_HTTP_TOKEN", `${what} must be a valid HTTP token ["${name}"]`);
        }
    },
    validateHeaderValue(name, value) {
        if (value === undefined) {
            throw nodeError(
                TypeError,
                "ERR_HTTP_INVALID_HEADER_VALUE",
                `Invalid value "${value}" for header "${name}"`,
            );
        }
        if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) {
            throw nodeError(TypeError, "ERR_INVALID_CHAR", `Invalid character in header content ["${name}"]`);
        }
    },
};

const FILE_PROMISES = new Set(
    (
        "access appendFile chmod chown copyFile cp lchmod lchown link lstat lutimes mkdir mkdtemp open opendir " +
        "readFile readdir " +
        "readlink realpath rename rm rmdir stat statfs symlink truncate unlink utimes watch writeFile"
    ).split(" "),
);

function filePromises() {
    const promises = { constants: FILES };
    for (const name of FILE_PROMISES) {
        promises[name] = async () => {
            throw notImplemented(`fs.promises.${name}`);
        };
    }
    return promises;
}

function missing(call, path) {
    const error = nodeError(Error, "ENOENT", `ENOENT: no such file or directory, ${call} '${path}'`);
    return Object.assign(error, { errno: -2, syscall: call, path });
}

/** `node:fs`: there are no files. */
export const fs = stubModule("fs", {
    constants: FILES,
    F_OK: 0,
    R_OK: 4,
    W_OK: 2,
    X_OK: 1,
    promises: filePromises(),
    existsSync: () => false,
    exists: (path, callback) => queueMicrotask(() => callback(false)),
    readFileSync(path) {
        if (typeof path !== "string" && !(path instanceof URL) && !ArrayBuffer.isView(path)) {
            throw invalidArgType("path", ["string", "Buffer", "URL"], path);
        }
        throw missing("open", path);
    },
    statSync(path, options) {
        if (options?.throwIfNoEntry === false) {
            return undefined;
        }
        throw missing("stat", path);
    },
});
export const fsPromises = fs.promises;

/** `node:net`. */
export const net = stubModule("net", {
    isIP,
    isIPv4: (value) => isIP(value) === 4,
    isIPv6: (value) => isIP(value) === 6,
    getDefaultAutoSelectFamily: () => true,
    getDefaultAutoSelectFamilyAttemptTimeout: () => 250,
});
/** `node:http` and `node:https`. */
export const nodeHttp = stubModule("http", http);
export const https = stubModule("https");
export const http2 = stubModule("http2", { constants: {}, sensitiveHeaders: Symbol("nodejs.http2.sensitiveHeaders") });
export const tls = stubModule("tls", {
    CLIENT_RENEG_LIMIT: 3,
    CLIENT_RENEG_WINDOW: 600,
    DEFAULT_ECDH_CURVE: "auto",
    DEFAULT_MAX_VERSION: "TLSv1.3",
    DEFAULT_MIN_VERSION: "TLSv1.2",
    rootCertificates: [],
});
export const dns = stubModule("dns", { promises: stubModule("dns"), ADDRCONFIG: 32, ALL: 16, V4MAPPED: 8 });
export const dnsPromises = dns.promises;
export const childProcess = stubModule("child_process");
export const cluster = stubModule("cluster", {
    isMaster: true,
    isPrimary: true,
    isWorker: false,
    SCHED_NONE: 1,
    SCHED_RR: 2,
    schedulingPolicy: 2,
    settings: {},
    workers: {},
    fork: stubFunction("cluster", "fork"),
});
export const vm = stubModule("vm", { constants: {}, isContext: () => false });
export const workerThreads = stubModule("worker_threads", {
    SHARE_ENV: Symbol.for("nodejs.worker_threads.SHARE_ENV"),
    isMainThread: true,
    isInternalThread: false,
    parentPort: null,
    resourceLimits: {},
    threadId: 0,
    workerData: null,
    getEnvironmentData: () => undefined,
    setEnvironmentData() {},
});
export const perfHooks = stubModule("perf_hooks", {
    performance,
    constants: {},
    eventLoopUtilization: () => ({ idle: 0, active: 0, utilization: 0 }),
    timerify: (fn) => fn,
});
export const tty = stubModule("tty", { isatty: () => false });
export const readline = stubModule("readline", { promises: {} });
export const v8 = stubModule("v8", { promiseHooks: {}, startupSnapshot: {}, setFlagsFromString() {} });
export const inspector = stubModule("inspector", { Network: {}, url: () => undefined });
export const repl = stubModule("repl", { builtinModules: [] });
export const sqlite = stubModule("sqlite", { constants: {} });
export const dgram = stubModule("dgram");
export const domain = stubModule("domain", { active: null });
export const traceEvents = stubModule("trace_events", { getEnabledCategories: () => "" });
export const wasi = stubModule("wasi");
export const zlib = stubModule("zlib", { constants: {} });
