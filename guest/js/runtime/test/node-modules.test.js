/** The built-in modules are there, and what they export works as in Node. */

import assert from "node:assert/strict";
import nodeCrypto from "node:crypto";
import nodePunycode from "node:punycode";
import nodeQuerystring from "node:querystring";
import { StringDecoder as NodeStringDecoder } from "node:string_decoder";
import { test } from "node:test";
import nodeUrl from "node:url";
import "./engine-host.js";

const { setFlags } = await import("../flags.js");
const { builtin } = await import("../modules.js");
setFlags("2026-01-01", ["nodejs_compat", "nodejs_compat_v2"]);

function outcome(run) {
    try {
        return { value: run() };
    } catch (error) {
        return { name: error.name, code: error.code };
    }
}

test("modules depend on the flags", () => {
    assert.equal(builtin("node:fs").default, builtin("fs").default);
    assert.equal(builtin("fs").readFileSync.name, "readFileSync");
    assert.equal(builtin("nothing"), undefined);
    assert.equal(builtin("node:constructor"), undefined);
    assert.ok("DurableObject" in builtin("cloudflare:workers"));
    setFlags("2026-01-01", ["nodejs_als"]);
    assert.equal(builtin("node:buffer"), undefined);
    assert.equal(typeof builtin("node:async_hooks").AsyncLocalStorage, "function");
    setFlags("2026-01-01", ["nodejs_compat"]);
    assert.equal(builtin("buffer"), undefined);
    assert.equal(typeof builtin("node:buffer").Buffer, "function");
    setFlags("2026-01-01", ["nodejs_compat", "nodejs_compat_v2"]);
});

test("each module has a default export with its own names", () => {
    for (const name of builtin("module").builtinModules) {
        const namespace = builtin(`node:${name}`);
        assert.ok(namespace.default !== undefined, name);
        assert.equal(builtin(name), namespace, name);
    }
    assert.equal(typeof builtin("node:events").default.EventEmitter, "function");
    assert.equal(builtin("assert").default.strict, builtin("assert/strict").default);
    assert.equal(builtin("module").createRequire("/a/b.js")("node:path").sep, "/");
    assert.throws(() => builtin("module").createRequire("/a/b.js")("./x"), { message: 'No such module "a/x".' });
});

test("what is not implemented says so", () => {
    assert.throws(() => builtin("child_process").exec("x"), {
        code: "ERR_METHOD_NOT_IMPLEMENTED",
        message: "The child_process.exec method is not implemented",
    });
    assert.throws(() => new (builtin("net").Server)(), { code: "ERR_METHOD_NOT_IMPLEMENTED" });
    assert.equal(builtin("fs").existsSync("/x"), false);
    for (const [text, version] of [
        ["127.0.0.1", 4],
        ["::1", 6],
        ["1::2:3", 6],
        ["1:2", 0],
        ["256.1.1.1", 0],
        ["::ffff:1.2.3.4", 6],
        ["fe80::1%eth0", 6],
        ["1:2:3:4:5:6:7:8", 6],
        ["1:2:3:4:5:6:7::", 6],
        ["", 0],
    ]) {
        assert.equal(builtin("net").isIP(text), version, text);
    }
});

test("querystring", () => {
    const { parse, stringify, escape, unescape } = builtin("querystring");
    for (const text of [
        "a=1&b=2",
        "a=1&a=2&a=3",
        "a",
        "=x",
        "a=%20b+c",
        "a=%zz",
        "a=%E6%BC%A2",
        "&&a=1&",
        "__proto__=1",
        "a==b",
        "",
    ]) {
        assert.deepEqual({ ...parse(text) }, { ...nodeQuerystring.parse(text) }, text);
    }
    for (const object of [{ a: 1, b: [2, "x"], c: true, d: null, e: 5n, f: NaN, "g h": "ä&=" }, {}, null, { a: "" }]) {
        assert.equal(stringify(object), nodeQuerystring.stringify(object));
        assert.equal(stringify(object, ";", ":"), nodeQuerystring.stringify(object, ";", ":"));
    }
    assert.equal(escape("a b/漢"), nodeQuerystring.escape("a b/漢"));
    assert.equal(unescape("%41%zz"), nodeQuerystring.unescape("%41%zz"));
});

const URLS = [
    "http://user:pa%20ss@Example.com:8080/p/a/t/h?query=string&x=1#hash",
    "/a/b?c=d",
    "//host/path",
    "mailto:a@b.c",
    "http://a.com",
    "javascript:alert(1)",
    "https://[::1]:3000/x",
    "http://x.y/a b{c}",
    "x",
    "?q=1",
    "#h",
    "file:///etc/passwd",
    "http://a.com:80?x",
    "HTTP://A.com/B",
];

test("the old parser of URLs", () => {
    const url = builtin("url");
    for (const text of URLS) {
        assert.deepEqual({ ...url.parse(text) }, { ...nodeUrl.parse(text) }, text);
        assert.equal(url.format(url.parse(text)), nodeUrl.format(nodeUrl.parse(text)), text);
        assert.deepEqual({ ...url.parse(text, true).query }, { ...nodeUrl.parse(text, true).query }, text);
    }
    for (const [from, to] of [
        ["/one/two/three", "four"],
        ["http://example.com/", "/one"],
        ["http://example.com/one", "/two"],
        ["http://a.com/b/c/d", "../e"],
        ["http://a.com/b?x", "?y"],
        ["http://a.com/b", "//c.com/d"],
        ["http://a.com/b", "https://x.y/"],
        ["/a/b/../c", "./d"],
        ["http://a.com/b#c", "#d"],
    ]) {
        assert.equal(url.resolve(from, to), nodeUrl.resolve(from, to), `${from} ${to}`);
    }
    for (const object of [
        { protocol: "http", host: "a.com", pathname: "x", query: { a: 1 } },
        { hostname: "a", port: 5, hash: "h" },
        { pathname: "/a?b" },
    ]) {
        assert.equal(url.format(object), nodeUrl.format(object));
    }
});

test("file URLs", () => {
    const url = builtin("url");
    assert.equal(url.fileURLToPath("file:///a/b%20c"), "/a/b c");
    assert.equal(url.pathToFileURL("/a b/#c?").href, nodeUrl.pathToFileURL("/a b/#c?").href);
    assert.deepEqual(
        outcome(() => url.fileURLToPath("http://x")),
        outcome(() => nodeUrl.fileURLToPath("http://x")),
    );
    assert.equal(url.domainToUnicode("xn--mnchen-3ya.de"), "münchen.de");
});

test("punycode", () => {
    const ours = builtin("punycode");
    for (const text of ["mañana.com", "☃-⌘.com", "例え.テスト", "plain", "a@bücher.de", "💩"]) {
        assert.equal(ours.toASCII(text), nodePunycode.toASCII(text), text);
        assert.equal(ours.toUnicode(ours.toASCII(text)), text);
    }
});

test("string_decoder", () => {
    const { StringDecoder } = builtin("string_decoder");
    const bytes = Buffer.from("aé漢😀\u0301z\ud83d", "utf8");
    const odd = [
        bytes,
        Buffer.from([0xe2, 0x28, 0xa1, 0xf0, 0x90, 0x28, 0xbc, 0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0xf0, 0x9f]),
        Buffer.from("hi 😀 漢", "utf16le"),
        Buffer.from([1, 2, 3, 4, 5]),
    ];
    for (const encoding of ["utf8", "utf16le", "base64", "hex", "latin1", "base64url"]) {
        for (const data of odd) {
            for (const size of [1, 2, 3, 5]) {
                const [ours, theirs] = [new StringDecoder(encoding), new NodeStringDecoder(encoding)];
                const texts = [ours, theirs].map((decoder) => {
                    let text = "";
                    for (let at = 0; at < data.length; at += size) {
                        text += decoder.write(data.subarray(at, at + size));
                    }
                    return text + decoder.end();
                });
                assert.equal(texts[0], texts[1], `${encoding} ${data.toString("hex")} ${size}`);
            }
        }
    }
});

test("crypto", async () => {
    const crypto = builtin("crypto");
    for (const algorithm of ["md5", "sha1", "SHA256", "sha384", "sha512"]) {
        for (const encoding of ["hex", "base64", "base64url"]) {
            assert.equal(
                crypto.createHash(algorithm).update("a").update(Buffer.from("b")).digest(encoding),
                nodeCrypto.createHash(algorithm).update("ab").digest(encoding),
            );
            assert.equal(
                crypto.createHmac(algorithm, "key").update("ab").digest(encoding),
                nodeCrypto.createHmac(algorithm, "key").update("ab").digest(encoding),
            );
        }
    }
    assert.equal(
        crypto.pbkdf2Sync("p", "salt", 5, 40, "sha256").toString("hex"),
        nodeCrypto.pbkdf2Sync("p", "salt", 5, 40, "sha256").toString("hex"),
    );
    assert.deepEqual(
        new Uint8Array(crypto.hkdfSync("sha256", "k", "s", "i", 50)),
        new Uint8Array(nodeCrypto.hkdfSync("sha256", "k", "s", "i", 50)),
    );
    const hash = crypto.createHash("sha1");
    const copy = hash.update("a").copy();
    assert.equal(hash.update("b").digest("hex"), nodeCrypto.createHash("sha1").update("ab").digest("hex"));
    assert.equal(copy.digest("hex"), nodeCrypto.createHash("sha1").update("a").digest("hex"));
    assert.throws(() => hash.update("c"), { code: "ERR_CRYPTO_HASH_FINALIZED" });
    assert.throws(() => crypto.createHash("nope"), { message: "Digest method not supported" });
    assert.equal(crypto.randomBytes(100_000).length, 100_000);
    assert.ok(Array.from({ length: 100 }, () => crypto.randomInt(3, 6)).every((value) => value >= 3 && value < 6));
    assert.throws(() => crypto.randomInt(3, 1), { code: "ERR_OUT_OF_RANGE" });
    assert.equal(crypto.timingSafeEqual(Buffer.from("a"), Buffer.from("a")), true);
    assert.throws(() => crypto.timingSafeEqual(Buffer.from("a"), Buffer.from("ab")), {
        message: "Input buffers must have the same byte length.",
    });
    const digests = [];
    for await (const chunk of builtin("stream")
        .Readable.from([Buffer.from("a"), Buffer.from("b")])
        .pipe(crypto.createHash("md5"))) {
        digests.push(chunk.toString("hex"));
    }
    assert.deepEqual(digests, [nodeCrypto.createHash("md5").update("ab").digest("hex")]);
});

test("async_hooks", async () => {
    const { AsyncLocalStorage, AsyncResource } = builtin("async_hooks");
    const storage = new AsyncLocalStorage();
    const other = new AsyncLocalStorage({ defaultValue: "d", name: "n" });
    assert.equal(storage.getStore(), undefined);
    assert.deepEqual([other.getStore(), other.name], ["d", "n"]);
    const seen = storage.run(
        1,
        (extra) => {
            const inner = storage.run(2, () => [storage.getStore(), extra]);
            const resource = new AsyncResource("test");
            const snapshot = AsyncLocalStorage.snapshot();
            const bound = AsyncLocalStorage.bind(() => storage.getStore());
            return {
                inner,
                after: storage.getStore(),
                out: storage.exit(() => storage.getStore()),
                resource,
                snapshot,
                bound,
            };
        },
        "x",
    );
    assert.deepEqual([seen.inner, seen.after, seen.out, storage.getStore()], [[2, "x"], 1, undefined, undefined]);
    assert.equal(
        seen.resource.runInAsyncScope(() => storage.getStore()),
        1,
    );
    assert.equal(
        seen.snapshot(() => storage.getStore()),
        1,
    );
    assert.equal(seen.bound(), 1);
    assert.throws(
        () =>
            storage.run(3, () => {
                throw new Error("x");
            }),
        /x/,
    );
    assert.equal(storage.getStore(), undefined);
    const later = await storage.run(4, () => Promise.resolve().then(() => storage.getStore()));
    assert.equal(later, 4);
    assert.equal(storage.getStore(), undefined);
});

test("diagnostics_channel", () => {
    const { channel, subscribe, tracingChannel } = builtin("diagnostics_channel");
    const messages = [];
    assert.equal(channel("c").hasSubscribers, false);
    subscribe("c", (message, name) => messages.push([message, name]));
    channel("c").publish({ a: 1 });
    const tracing = tracingChannel("t");
    tracing.subscribe({
        start: ({ id }) => messages.push(["start", id]),
        end: ({ result }) => messages.push(["end", result]),
    });
    assert.equal(
        tracing.traceSync((a) => a * 2, { id: 7 }, undefined, 21),
        42,
    );
    assert.deepEqual(messages, [
        [{ a: 1 }, "c"],
        ["start", 7],
        ["end", 42],
    ]);
});

test("process", () => {
    const { default: process } = builtin("process");
    process.env.NUMBER = 5;
    assert.equal(process.env.NUMBER, "5");
    assert.deepEqual([process.platform, process.cwd(), process.argv], ["linux", "/bundle", ["workerd"]]);
    assert.throws(() => process.exit(2), /process\.exit\(2\)/);
    assert.ok(process.getBuiltinModule("fs") === builtin("fs").default);
    assert.equal(process.getBuiltinModule("nope"), undefined);
});

test("globals and the environment follow the flags", async () => {
    const { install } = await import("../modules.js");
    const { env } = await import("../platform/env.js");
    Object.assign(env, { TEXT: "t", JSON_OBJECT: { a: 1 }, NAMESPACE: new (class Namespace {})() });
    const bare = {};
    setFlags("2026-01-01", []);
    install(bare);
    assert.deepEqual(Object.getOwnPropertyNames(bare), []);
    setFlags("2026-01-01", ["nodejs_compat", "nodejs_compat_v2", "nodejs_compat_populate_process_env"]);
    install(bare);
    assert.deepEqual(Object.getOwnPropertyNames(bare), [
        "Buffer",
        "process",
        "global",
        "setImmediate",
        "clearImmediate",
    ]);
    assert.deepEqual(
        [bare.process.env.TEXT, bare.process.env.JSON_OBJECT, bare.process.env.NAMESPACE],
        ["t", '{"a":1}', undefined],
    );
});
