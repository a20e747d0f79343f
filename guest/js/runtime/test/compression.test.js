/**
 * Compression streams over a codec that the test makes, and content that is encoded. What the real codec does with
 * damaged data is told by probes, which workerd judges.
 */

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import * as zlib from "node:zlib";
import { host } from "./fake-host.js";

const { inHandler, serve, violations } = await import("./fake-host-fetch.js");
const { setFlags } = await import("../flags.js");
const { fetchVia } = await import("../fetch/fetch.js");
const { Response } = await import("../fetch/response.js");
const { streamGlobals } = await import("../streams/globals.js");
const { CompressionStream, DecompressionStream, ReadableStream } = streamGlobals();

const SERVICE = 9;
const TEXT = "hello ".repeat(50_000);
const { compressorNew, decompressorNew } = host;

afterEach(() => {
    Object.assign(host, { compressorNew, decompressorNew });
    assert.deepEqual(violations, []);
});

async function text(stream) {
    return new Response(stream).text();
}

/** A codec that says these things, one for each pull; `hungry` after them. */
function says(...answers) {
    const pushed = [];
    const push = (bytes, isLast) => pushed.push([bytes.byteLength, isLast]);
    return { pushed, push, pull: () => answers.shift() ?? "hungry" };
}

function decompressing(codec) {
    host.decompressorNew = () => codec;
    return inHandler(() => new DecompressionStream("gzip"));
}

test("what was compressed is decompressed", async () => {
    for (const format of ["gzip", "deflate", "deflate-raw"]) {
        const compress = inHandler(() => new CompressionStream(format));
        const decompress = inHandler(() => new DecompressionStream(format));
        const stream = new Response(TEXT).body.pipeThrough(compress).pipeThrough(decompress);
        assert.equal(await text(stream), TEXT, format);
    }
});

test("writes wait when a lot is to be read, and go on when it was read", async () => {
    const MIB = 1024 * 1024;
    const { readable, writable } = decompressing(says(...Array.from({ length: 20 }, () => new ArrayBuffer(MIB))));
    const writer = writable.getWriter();
    let isWritten = false;
    const written = writer.write(new Uint8Array(1)).then(() => {
        isWritten = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(isWritten, false);
    const reader = readable.getReader();
    for (let count = 0; count < 20; count += 1) {
        assert.equal((await reader.read()).value.length, MIB);
    }
    await written;
});

test("a write that waits ends when nobody reads any more", async () => {
    const { readable, writable } = decompressing(says(new ArrayBuffer(16 * 1024 * 1024)));
    const writer = writable.getWriter();
    const written = writer.write(new Uint8Array(1));
    await new Promise((resolve) => setImmediate(resolve));
    await readable.cancel(new Error("enough"));
    // It was taken, so it is no failure.
    await written;
    assert.match(await writer.closed.catch((error) => error.message), /enough/u);
});

const PROBLEMS = [
    ["trailing", "Trailing bytes after end of compressed data"],
    ["truncated", "Called close() on a decompression stream with incomplete data"],
    ["corrupt", "Decompression failed."],
];

test("damaged data fails both sides", async () => {
    setFlags("2026-10-01", ["strict_compression_checks"]);
    for (const [problem, message] of PROBLEMS) {
        const { readable, writable } = decompressing(says(problem));
        const writer = writable.getWriter();
        writer.closed.catch(() => {});
        await assert.rejects(writer.write(new Uint8Array(1)), { name: "TypeError", message });
        await assert.rejects(text(readable), { name: "TypeError", message });
    }
});

test("before strict checks, what is missing and what is too much is ignored", async () => {
    setFlags("2023-07-01", []);
    for (const problem of ["trailing", "truncated"]) {
        const codec = says(new Uint8Array([97]).buffer, problem);
        const { readable, writable } = decompressing(codec);
        const writer = writable.getWriter();
        writer.write(new Uint8Array(1));
        writer.write(new Uint8Array(2));
        writer.close();
        assert.equal(await text(readable), "a", problem);
        // Nothing is kept of what follows the end.
        assert.equal(codec.pushed.length, problem === "trailing" ? 1 : 3, problem);
    }
    setFlags("2026-10-01", ["strict_compression_checks"]);
});

/** Asks a service that answers with `respond()`. */
async function ask(respond) {
    serve(SERVICE, respond);
    return inHandler(() => fetchVia(SERVICE, "http://x/"));
}

const GZIP = { headers: { "content-encoding": "gzip" } };
const MANUAL = { ...GZIP, encodeBody: "manual" };
const gzipSync = (text) => new Uint8Array(zlib.gzipSync(text));
const gzipped = () => new Response(gzipSync(TEXT), MANUAL);

function streamed(bytes) {
    return new ReadableStream({
        start(controller) {
            controller.enqueue(bytes.slice(0, 10));
            controller.enqueue(bytes.slice(10));
            controller.close();
        },
    });
}

test("encoded content is decoded when it is read", async () => {
    const answers = [gzipped, () => new Response(streamed(gzipSync(TEXT)), MANUAL), () => new Response(TEXT, GZIP)];
    for (const answer of answers) {
        const response = await ask(answer);
        assert.equal(response.headers.get("content-encoding"), "gzip");
        assert.equal(await response.text(), TEXT);
        assert.equal(await text((await ask(answer)).body), TEXT);
    }
});

test("content that is no gzip fails its readers", async () => {
    host.decompressorNew = () => says("corrupt");
    const failure = { name: "TypeError", message: "Gzip decompression failed." };
    await assert.rejects((await ask(gzipped)).text(), failure);
    await assert.rejects((await ask(() => new Response(streamed(gzipSync("x")), MANUAL))).text(), failure);
    host.decompressorNew = () => says("truncated");
    await assert.rejects((await ask(gzipped)).text(), { message: "Gzip compressed stream ended prematurely." });
});

test("encoded content is passed on as it is, unless the answer is not encoded", async () => {
    let decoders = 0;
    host.decompressorNew = (format) => {
        decoders += 1;
        return decompressorNew(format);
    };
    const upstream = () => ask(() => new Response(streamed(gzipSync(TEXT)), MANUAL));
    const passed = await upstream();
    serve(SERVICE + 1, () => passed);
    assert.equal(await (await inHandler(() => fetchVia(SERVICE + 1, "http://x/"))).text(), TEXT);
    assert.equal(decoders, 1);
    const damaged = await ask(() => new Response("no gzip", MANUAL));
    serve(SERVICE + 1, () => new Response(damaged.body, damaged));
    const again = await inHandler(() => fetchVia(SERVICE + 1, "http://x/"));
    serve(SERVICE, () => again);
    assert.equal((await inHandler(() => fetchVia(SERVICE, "http://x/"))).headers.get("content-encoding"), "gzip");
    assert.equal(decoders, 1);
    const stripped = await upstream();
    serve(SERVICE + 1, () => new Response(stripped.body));
    const plain = await inHandler(() => fetchVia(SERVICE + 1, "http://x/"));
    assert.deepEqual([plain.headers.get("content-encoding"), await plain.text()], [null, TEXT]);
});

test("content is encoded as its header says, and has another length then", async () => {
    const formats = [];
    host.compressorNew = (format) => {
        formats.push(format);
        return compressorNew(format);
    };
    const headers = { "content-encoding": "gzip", "content-length": "5" };
    const encoded = await ask(() => new Response(TEXT, { headers }));
    assert.deepEqual([encoded.headers.get("content-length"), await encoded.text()], [null, TEXT]);
    assert.deepEqual(formats, ["gzip"]);
    for (const other of ["GZIP", "deflate", "identity"]) {
        const response = await ask(() => new Response(TEXT, { headers: { "content-encoding": other } }));
        assert.deepEqual([response.headers.get("content-encoding"), await response.text()], [other, TEXT]);
    }
    // Not known here: the content is sent as it is, so the header goes.
    const brotli = await ask(() => new Response(TEXT, { headers: { "content-encoding": "br" } }));
    assert.deepEqual([brotli.headers.get("content-encoding"), await brotli.text()], [null, TEXT]);
    assert.deepEqual(formats, ["gzip"]);
});
