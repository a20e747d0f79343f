/**
 * The modules that a worker can import without having them: `cloudflare:*` always, Node's where the flags ask for them.
 *
 * A namespace is made when it is first asked for and is the same ever after.
 *
 * Invariant: a module's own file does not know its specifier.
 */

import { activation, adopt } from "./async-context.js";
import { console } from "./console/console.js";
import { enabled } from "./flags.js";
import * as assert from "./node/assert.js";
import * as asyncHooks from "./node/async-hooks.js";
import * as buffer from "./node/buffer.js";
import { constants } from "./node/constants.js";
import * as crypto from "./node/crypto.js";
import * as diagnosticsChannel from "./node/diagnostics-channel.js";
import * as events from "./node/events.js";
import * as module from "./node/module.js";
import * as os from "./node/os.js";
import * as path from "./node/path.js";
import { populateEnvironment, process } from "./node/process.js";
import * as punycode from "./node/punycode.js";
import * as querystring from "./node/querystring.js";
import * as stream from "./node/stream.js";
import * as stringDecoder from "./node/string-decoder.js";
import * as stubs from "./node/stubs.js";
import * as timers from "./node/timers.js";
import * as url from "./node/url.js";
import * as util from "./node/util.js";
import { types } from "./node/util-types.js";
import { installNodeGlobals } from "./node/globals.js";
import { cloudflareWorkers } from "./platform/cloudflare-workers.js";
import { env } from "./platform/env.js";
import { internals } from "./platform/internals.js";

/** The members of an object as exports, and the object itself as the default one. */
function exportsOf(object) {
    return { ...object, default: object };
}

/** A module's namespace with a default export, as imports of CommonJS modules expect. */
function withDefault(namespace) {
    if (namespace.default !== undefined) {
        return { ...namespace };
    }
    return exportsOf({ ...namespace });
}

const WEB_STREAMS = [
    "ReadableStream",
    "ReadableStreamDefaultReader",
    "ReadableStreamBYOBReader",
    "ReadableStreamBYOBRequest",
    "ReadableByteStreamController",
    "ReadableStreamDefaultController",
    "TransformStream",
    "TransformStreamDefaultController",
    "WritableStream",
    "WritableStreamDefaultWriter",
    "WritableStreamDefaultController",
    "ByteLengthQueuingStrategy",
    "CountQueuingStrategy",
    "TextEncoderStream",
    "TextDecoderStream",
    "CompressionStream",
    "DecompressionStream",
];

function webStreams() {
    return exportsOf(Object.fromEntries(WEB_STREAMS.map((name) => [name, globalThis[name]])));
}

/** Node's modules by name. */
const NODE = {
    assert: () => withDefault(assert),
    "assert/strict": () => exportsOf(assert.strict),
    async_hooks: () => withDefault(asyncHooks),
    buffer: () => withDefault(buffer),
    child_process: () => exportsOf(stubs.childProcess),
    cluster: () => exportsOf(stubs.cluster),
    console: () => exportsOf(console),
    constants: () => exportsOf(constants),
    crypto: () => withDefault(crypto),
    dgram: () => exportsOf(stubs.dgram),
    diagnostics_channel: () => withDefault(diagnosticsChannel),
    dns: () => exportsOf(stubs.dns),
    "dns/promises": () => exportsOf(stubs.dnsPromises),
    domain: () => exportsOf(stubs.domain),
    events: () => withDefault(events),
    fs: () => exportsOf(stubs.fs),
    "fs/promises": () => exportsOf(stubs.fsPromises),
    http: () => exportsOf(stubs.nodeHttp),
    http2: () => exportsOf(stubs.http2),
    https: () => exportsOf(stubs.https),
    inspector: () => exportsOf(stubs.inspector),
    module: () => withDefault(module),
    net: () => exportsOf(stubs.net),
    os: () => withDefault(os),
    path: () => withDefault(path),
    "path/posix": () => exportsOf(path.posix),
    "path/win32": () => exportsOf(path.win32),
    perf_hooks: () => exportsOf(stubs.perfHooks),
    process: () => exportsOf(process),
    punycode: () => withDefault(punycode),
    querystring: () => withDefault(querystring),
    readline: () => exportsOf(stubs.readline),
    "readline/promises": () => exportsOf(stubs.readline.promises),
    repl: () => exportsOf(stubs.repl),
    sqlite: () => exportsOf(stubs.sqlite),
    stream: () => withDefault(stream),
    "stream/consumers": () => exportsOf(stream.consumers),
    "stream/promises": () => exportsOf(stream.promises),
    "stream/web": webStreams,
    string_decoder: () => withDefault(stringDecoder),
    sys: () => withDefault(util),
    timers: () => withDefault(timers),
    "timers/promises": () => exportsOf(timers.promises),
    tls: () => exportsOf(stubs.tls),
    trace_events: () => exportsOf(stubs.traceEvents),
    tty: () => exportsOf(stubs.tty),
    url: () => withDefault(url),
    util: () => withDefault(util),
    "util/types": () => exportsOf(types),
    v8: () => exportsOf(stubs.v8),
    vm: () => exportsOf(stubs.vm),
    wasi: () => exportsOf(stubs.wasi),
    worker_threads: () => exportsOf(stubs.workerThreads),
    zlib: () => exportsOf(stubs.zlib),
};

/** The platform's own modules, and what the bundler makes workers import. */
const PLATFORM = {
    "cloudflare:workers": () => exportsOf(cloudflareWorkers),
    "emu:async-context": () => ({ activation, adopt }),
};

/** What tests of a worker may import besides, where the flag `emu_test` says that it is being tested. */
const TESTING = "emu:internals";

/** What `nodejs_als` alone gives. */
const CONTEXT_ONLY = "async_hooks";

/** @type {Map<string, object>} */
const namespaces = new Map();

function cached(key, make) {
    let namespace = namespaces.get(key);
    if (namespace === undefined) {
        namespace = make();
        namespaces.set(key, namespace);
    }
    return namespace;
}

function nodeModule(name) {
    return Object.hasOwn(NODE, name) ? cached(`node:${name}`, NODE[name]) : undefined;
}

/**
 * The namespace of a module that the engine brings along.
 *
 * @param {string} specifier As imported; `node:fs` and, with `nodejs_compat_v2`, `fs`.
 * @returns {object | undefined} Its exports are the own enumerable keys; `undefined` where there is no such module.
 */
export function builtin(specifier) {
    if (Object.hasOwn(PLATFORM, specifier)) {
        return cached(specifier, PLATFORM[specifier]);
    }
    if (specifier === TESTING) {
        return enabled("emu_test") ? cached(specifier, () => ({ ...internals })) : undefined;
    }
    const prefixed = specifier.startsWith("node:");
    const name = prefixed ? specifier.slice(5) : specifier;
    if (enabled("nodejs_compat") && (prefixed || enabled("nodejs_compat_v2"))) {
        return nodeModule(name);
    }
    return name === CONTEXT_ONLY && enabled("nodejs_als") ? nodeModule(name) : undefined;
}

/**
 * Puts Node's globals in place where the flags want them. Called when the flags and `env` are known, before the
 * worker's modules are evaluated.
 *
 * @param {typeof globalThis} global
 */
export function install(global) {
    if (!enabled("nodejs_compat")) {
        return;
    }
    installNodeGlobals(global);
    if (enabled("nodejs_compat_populate_process_env")) {
        populateEnvironment(env);
    }
}

module.provideModules(Object.keys(NODE), (specifier) => nodeModule(specifier.replace(/^node:/, "")));
process.getBuiltinModule = (name) => nodeModule(`${name}`.replace(/^node:/, ""))?.default;
