/**
 * `node:process` and the global `process`.
 *
 * Invariant: describes one fixed machine, whatever the real one is; the only state is `env` and the listeners.
 */

import { host } from "../host.js";
import { queueMicrotask } from "../platform/timers.js";
import { EventEmitter } from "./events.js";
import { nodeError, notImplemented, validateFunction } from "./errors.js";

const NODE_VERSION = "22.23.4";
const OTHER_VERSIONS = [
    "v8",
    "modules",
    "zlib",
    "brotli",
    "zstd",
    "ares",
    "napi",
    "llhttp",
    "nghttp2",
    "acorn",
    "ada",
    "simdutf",
    "nbytes",
    "ncrypto",
    "uvwasi",
    "uv",
    "openssl",
    "sqlite",
    "icu",
    "undici",
    "simdjson",
    "unicode",
    "cldr",
    "tz",
    "cjs_module_lexer",
    "amaro",
    "merve",
];
const NOT_IMPLEMENTED = [
    "setegid",
    "setgid",
    "setgroups",
    "seteuid",
    "setuid",
    "initgroups",
    "kill",
    "binding",
    "dlopen",
    "loadEnvFile",
    "send",
    "execve",
    "openStdin",
];

const variables = {};

/** The environment: what is assigned becomes a string. */
const env = new Proxy(variables, {
    set(target, name, value) {
        target[name] = `${value}`;
        return true;
    },
    defineProperty(target, name, descriptor) {
        return Reflect.defineProperty(target, name, { ...descriptor, value: `${descriptor.value}` });
    },
});

/**
 * Fills `process.env` from the worker's bindings: texts as they are, JSON as its text, nothing else.
 *
 * @param {Record<string, unknown>} bindings
 */
export function populateEnvironment(bindings) {
    for (const [name, value] of Object.entries(bindings)) {
        if (typeof value === "string") {
            variables[name] = value;
        } else if (isJson(value)) {
            variables[name] = JSON.stringify(value);
        }
    }
}

function isJson(value) {
    if (typeof value !== "object" || value === null) {
        return true;
    }
    return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}

function exit(code = process.exitCode ?? 0) {
    throw new Error(`The Node.js process.exit(${code}) API was called. Canceling the request.`);
}

function hrtime(previous) {
    const nowMs = host.now();
    let seconds = Math.trunc(nowMs / 1000);
    let nanoseconds = Math.trunc((nowMs % 1000) * 1e6);
    if (previous !== undefined) {
        seconds -= previous[0];
        nanoseconds -= previous[1];
        if (nanoseconds < 0) {
            seconds -= 1;
            nanoseconds += 1e9;
        }
    }
    return [seconds, nanoseconds];
}
hrtime.bigint = () => BigInt(Math.trunc(host.now() * 1e6));

function nextTick(callback, ...args) {
    validateFunction(callback, "callback");
    queueMicrotask(args.length === 0 ? callback : () => callback(...args));
}

function emitWarning(warning, typeOrOptions, code) {
    const options =
        typeof typeOrOptions === "object" && typeOrOptions !== null ? typeOrOptions : { type: typeOrOptions, code };
    let error = warning;
    if (!(error instanceof Error)) {
        error = new Error(String(warning));
        error.name = options.type ?? "Warning";
        if (options.code !== undefined) {
            error.code = options.code;
        }
    }
    process.emit("warning", error);
    host.log(3, `${error.code === undefined ? "" : `[${error.code}] `}${error.name}: ${error.message}`);
}

/** A stream of text to the log: a line is written when it is complete. */
function logStream(fd, level) {
    let rest = "";
    const stream = new EventEmitter();
    return Object.assign(stream, {
        fd,
        isTTY: false,
        writable: true,
        columns: 80,
        write(chunk, encoding, callback) {
            const lines = (rest + (typeof chunk === "string" ? chunk : host.utf8Decode(chunk))).split("\n");
            rest = lines.pop();
            lines.forEach((line) => host.log(level, line));
            const done = typeof encoding === "function" ? encoding : callback;
            if (typeof done === "function") {
                nextTick(done);
            }
            return true;
        },
        end(chunk) {
            if (chunk !== undefined) {
                stream.write(chunk);
            }
            if (rest !== "") {
                host.log(level, rest);
                rest = "";
            }
            return stream;
        },
        getColorDepth: () => 1,
        hasColors: () => false,
        cork() {},
        uncork() {},
    });
}

const notAllowed = Object.fromEntries(
    NOT_IMPLEMENTED.map((name) => [
        name,
        () => {
            throw notImplemented(`process.${name}`);
        },
    ]),
);

/** The process object. */
export const process = Object.assign(Object.create(EventEmitter.prototype), {
    title: "workerd",
    version: `v${NODE_VERSION}`,
    versions: { node: NODE_VERSION, ...Object.fromEntries(OTHER_VERSIONS.map((name) => [name, ""])) },
    argv: ["workerd"],
    argv0: "workerd",
    execArgv: [],
    execPath: "",
    arch: "x64",
    platform: "linux",
    config: { target_defaults: { default_configuration: "Release" }, variables: {} },
    release: { name: "node", lts: true, sourceUrl: "", headersUrl: "" },
    features: {
        cached_builtins: true,
        debug: false,
        inspector: false,
        ipv6: true,
        openssl_is_boringssl: true,
        require_module: false,
        tls: true,
        tls_alpn: true,
        tls_ocsp: true,
        tls_sni: true,
        typescript: false,
        uv: true,
    },
    allowedNodeEnvironmentFlags: new Set(),
    pid: 1,
    ppid: 0,
    exitCode: undefined,
    debugPort: 0,
    connected: false,
    channel: null,
    noDeprecation: false,
    throwDeprecation: false,
    traceDeprecation: false,
    moduleLoadList: [],
    env,
    stdin: Object.assign(new EventEmitter(), {
        fd: 0,
        isTTY: false,
        readable: false,
        read: () => null,
        pause() {},
        resume() {},
    }),
    stdout: logStream(1, 1),
    stderr: logStream(2, 4),
    ...notAllowed,
    getuid: () => 0,
    geteuid: () => 0,
    getgid: () => 0,
    getegid: () => 0,
    getgroups: () => [],
    nextTick,
    emitWarning,
    exit,
    reallyExit: exit,
    abort: () => exit(1),
    cwd: () => "/bundle",
    chdir(path) {
        throw nodeError(Error, "ENOENT", `no such file or directory, chdir '${path}'`);
    },
    umask: () => 0o22,
    uptime: () => 0,
    hrtime,
    memoryUsage: Object.assign(() => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 }), {
        rss: () => 0,
    }),
    cpuUsage: () => ({ user: 0, system: 0 }),
    threadCpuUsage: () => ({ user: 0, system: 0 }),
    resourceUsage: () => ({}),
    constrainedMemory: () => 0,
    availableMemory: () => 0,
    getActiveResourcesInfo: () => [],
    setUncaughtExceptionCaptureCallback() {},
    hasUncaughtExceptionCaptureCallback: () => false,
    setSourceMapsEnabled() {},
    getSourceMapsSupport: () => ({ __proto__: null, enabled: false, nodeModules: false, generatedCode: false }),
    sourceMapsEnabled: false,
    getBuiltinModule: () => undefined,
    finalization: { register() {}, registerBeforeExit() {}, unregister() {} },
    permission: undefined,
    report: undefined,
    domain: null,
    ref() {},
    unref() {},
});
EventEmitter.call(process);
Object.defineProperty(process, Symbol.toStringTag, { value: "process", configurable: true });
