/**
 * Content of requests and responses. Texts of errors are workerd's.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import "./fake-host.js";

const { hostStream, hostStreamState, inHandler, violations } = await import("./fake-host-fetch.js");
const { Request, requestFromHost } = await import("../fetch/request.js");
const { Response } = await import("../fetch/response.js");
const { ReadableStream } = await import("../streams/standard.js");
const { Blob } = await import("../web/blob.js");
const { FormData } = await import("../web/form-data.js");
const { URLSearchParams } = await import("../web/url-search-params.js");

const USED = "Body has already been used. It can only be used once. Use tee() first if you need to read it twice.";
const LOCKED = "This ReadableStream is currently locked to a reader.";

function bytes(text) {
    return new TextEncoder().encode(text);
}

function streamOf(...chunks) {
    return new ReadableStream({
        start(controller) {
            chunks.forEach((chunk) => controller.enqueue(chunk));
            controller.close();
        },
    });
}

const CONTENTS = [
    ["a string", () => "añ", "text/plain;charset=UTF-8"],
    ["bytes", () => bytes("xañx").subarray(1, 4), null],
    ["a buffer", () => bytes("añ").buffer, null],
    ["a blob", () => new Blob(["añ"], { type: "text/x" }), "text/x"],
    ["a stream", () => streamOf(bytes("a"), bytes("ñ")), null],
    ["a stream of buffers", () => streamOf(bytes("añ").buffer), null],
    ["chunks", () => [bytes("a"), bytes("ñ")], null],
    ["an object", () => ({ toString: () => "añ" }), "text/plain;charset=UTF-8"],
];

const READERS = {
    text: async (body) => body.text(),
    arrayBuffer: async (body) => new TextDecoder().decode(await body.arrayBuffer()),
    bytes: async (body) => new TextDecoder().decode(await body.bytes()),
    blob: async (body) => (await body.blob()).text(),
    "a reader": async (body) => {
        let text = "";
        const decoder = new TextDecoder();
        for await (const chunk of body.body) {
            assert.ok(ArrayBuffer.isView(chunk) || chunk instanceof ArrayBuffer);
            text += decoder.decode(chunk, { stream: true });
        }
        return text;
    },
    "text() after a look at the stream": async (body) => {
        assert.equal(body.body, body.body);
        return body.text();
    },
    "text() of a clone": async (body) => {
        const clone = body.clone();
        const [one, two] = await Promise.all([body.text(), clone.text()]);
        assert.equal(one, two);
        return one;
    },
    "another response": async (body) => new Response(body.body, body).text(),
};

for (const [name, make, type] of CONTENTS) {
    for (const [by, read] of Object.entries(READERS)) {
        test(`content that is ${name} is read by ${by}`, async () => {
            const response = new Response(make());
            assert.equal(response.headers.get("content-type"), type);
            assert.equal(response.bodyUsed, false);
            assert.equal(await read(response), "añ");
            assert.equal(response.bodyUsed, true);
            await assert.rejects(response.text(), { name: "TypeError", message: USED });
        });
    }
}

for (const [by, read] of Object.entries(READERS)) {
    test(`a stream of the host is read by ${by}`, async () => {
        await inHandler(async () => {
            const body = hostStream(["a", "ñ"]);
            const request = requestFromHost("POST", "http://x/", [], body, undefined);
            assert.equal(await read(by === "another response" ? { body: request.body } : request), "añ");
            assert.equal(request.bodyUsed, true);
            assert.deepEqual(violations, []);
        });
    });
}

test("a stream of the host that breaks rejects", async () => {
    await inHandler(async () => {
        const failure = ["Error", "Network connection lost.", undefined, false, true, false, false];
        const make = () => requestFromHost("POST", "http://x/", [], hostStream(["a"], failure), undefined);
        await assert.rejects(make().text(), { message: "Network connection lost.", retryable: true });
        const reader = make().body.getReader();
        assert.equal((await reader.read()).done, false);
        await assert.rejects(reader.read(), { message: "Network connection lost." });
    });
});

test("a stream of the host is cancelled when its reader cancels", async () => {
    await inHandler(async () => {
        const body = hostStream(["a", "b"]);
        const request = requestFromHost("POST", "http://x/", [], body, undefined);
        const reader = request.body.getReader();
        await reader.read();
        await reader.cancel("enough");
        assert.equal(hostStreamState(body).cancelled, true);
    });
});

test("no content can be read as often as one likes", async () => {
    const response = new Response(null);
    assert.equal(response.body, null);
    assert.equal(await response.text(), "");
    assert.equal(await response.text(), "");
    assert.equal(response.bodyUsed, false);
    assert.equal((await response.arrayBuffer()).byteLength, 0);
});

test("a change of the buffer does not change the content", async () => {
    const buffer = bytes("abc");
    const response = new Response(buffer);
    buffer[0] = 0x78;
    assert.equal(await response.text(), "abc");
});

test("what a reader gets is its own", async () => {
    const blob = new Blob(["abc"]);
    const all = await new Response(blob).bytes();
    all[0] = 0x78;
    assert.equal(await blob.text(), "abc");
    const response = new Response("abc");
    const clone = response.clone();
    (await response.bytes())[0] = 0x78;
    assert.equal(await clone.text(), "abc");
});

const REJECTIONS = [
    ["a locked stream", (response) => (response.body.getReader(), response.text()), LOCKED],
    [
        "a stream read from",
        async (response) => {
            const reader = response.body.getReader();
            await reader.read();
            reader.releaseLock();
            return response.text();
        },
        USED,
    ],
    ["a string in a stream", () => new Response(streamOf("a")).text(), "This ReadableStream did not return bytes."],
    ["a number in chunks", () => new Response([1]).text(), "This ReadableStream did not return bytes."],
    ["no form", () => new Response("a").formData(), /^Unrecognized Content-Type header value/u],
    [
        "a form without a type",
        () => new Response(bytes("a")).formData(),
        "Parsing a Body as FormData requires a Content-Type header.",
    ],
    ["another receiver", () => Response.prototype.text.call({}), /^Illegal invocation/u],
];

for (const [name, run, message] of REJECTIONS) {
    test(`reading ${name} is rejected`, async () => {
        await assert.rejects(async () => run(new Response("abc")), { name: "TypeError", message });
    });
}

const THROWS = [
    [
        "a locked stream",
        () => {
            const stream = streamOf();
            stream.getReader();
            return new Response(stream);
        },
        "This ReadableStream is locked to a reader, and cannot be used as a body.",
    ],
    [
        "a stream that was read",
        () => {
            const stream = streamOf();
            stream.cancel();
            return new Response(stream);
        },
        "This ReadableStream is disturbed (has already been read from), and cannot be used as a body.",
    ],
    [
        "a clone of what is locked",
        () => {
            const response = new Response("a");
            response.body.getReader();
            return response.clone();
        },
        "This ReadableStream is currently locked to a reader,",
    ],
    [
        "a copy of what is used",
        () => {
            const request = new Request("http://x/", { method: "POST", body: "a" });
            request.text();
            return new Request(request);
        },
        "Cannot reconstruct a Request with a used body.",
    ],
];

for (const [name, run, message] of THROWS) {
    test(`content cannot be ${name}`, () => {
        assert.throws(run, { name: "TypeError", message });
    });
}

test("JSON is parsed, byte order marks are left out", async () => {
    assert.deepEqual(await new Response('\ufeff{"a":[1]}').json(), { a: [1] });
    assert.equal(await new Response("\ufeffa").text(), "a");
    await assert.rejects(new Response("{").json(), SyntaxError);
});

test("forms go out and come in", async () => {
    const form = new FormData();
    form.append("a", "ñ");
    form.append("f", new Blob(["content"], { type: "text/x" }), "name");
    const response = new Response(form);
    const back = await response.formData();
    assert.equal(back.get("a"), "ñ");
    assert.equal(back.get("f").name, "name");
    assert.equal(await back.get("f").text(), "content");
    const params = new Response(new URLSearchParams("a=b&c=d"));
    assert.equal(params.headers.get("content-type"), "application/x-www-form-urlencoded;charset=UTF-8");
    assert.deepEqual(
        [...(await params.formData())],
        [
            ["a", "b"],
            ["c", "d"],
        ],
    );
});

test("a blob has the type of the content", async () => {
    const blob = await new Response("a", { headers: { "content-type": "Text/X; a=B" } }).blob();
    assert.equal(blob.type, "text/x;a=B");
});
