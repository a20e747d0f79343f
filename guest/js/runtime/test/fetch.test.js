/**
 * Requests, responses and `fetch()`, over a network in one process. Texts of errors are workerd's.
 */

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { operations } from "./fake-host.js";

const { inHandler, quiet, serve, traffic, violations } = await import("./fake-host-fetch.js");
const { fetch, fetchVia } = await import("../fetch/fetch.js");
const { Request, requestFromHost } = await import("../fetch/request.js");
const { Response } = await import("../fetch/response.js");
const { FixedLengthStream } = await import("../streams/identity.js");
const { ReadableStream, TransformStream } = await import("../streams/standard.js");
const { Blob } = await import("../web/blob.js");
const { AbortController, AbortSignal } = await import("../web/abort.js");

const SERVICE = 7;

afterEach(() => assert.deepEqual(violations, []));

function call(input, init) {
    return inHandler(() => fetchVia(SERVICE, input, init));
}

async function echo(request) {
    return new Response(request.body, { headers: { "x-method": request.method, "x-url": request.url } });
}

function ticks(count, size, seen) {
    let left = count;
    return new ReadableStream(
        {
            pull(controller) {
                left -= 1;
                seen?.(left);
                controller.enqueue(new Uint8Array(size).fill(left));
                if (left === 0) {
                    controller.close();
                }
            },
        },
        { highWaterMark: 0 },
    );
}

test("a request reaches a service, and its answer comes back", async () => {
    serve(SERVICE, async (request) => {
        assert.throws(() => request.headers.set("a", "b"), { message: "Can't modify immutable headers." });
        const text = await request.text();
        return new Response(`${request.method} ${request.url} ${request.headers.get("a")} ${text}`, { status: 201 });
    });
    const response = await call("http://x/y?z#f", { method: "POST", headers: { A: "b" }, body: "content" });
    assert.equal(response.status, 201);
    assert.equal(response.statusText, "Created");
    assert.equal(response.url, "http://x/y?z");
    assert.equal(response.redirected, false);
    assert.throws(() => response.headers.delete("a"), { message: "Can't modify immutable headers." });
    assert.equal(await response.text(), "POST http://x/y?z b content");
});

test("a call is given to the host before fetch returns", async () => {
    serve(SERVICE, () => new Response());
    const { host } = await import("./fake-host.js");
    const { callFetch } = host;
    const targets = [];
    host.callFetch = (...args) => {
        targets.push(args[4], args[5]);
        callFetch(...args);
    };
    const both = inHandler(() => [fetchVia(SERVICE, "http://x/1"), fetchVia(SERVICE, new Request("http://x/2"))]);
    assert.deepEqual(targets, ["GET", "http://x/1", "GET", "http://x/2"]);
    host.callFetch = callFetch;
    await Promise.all(both);
});

test("content that nobody has read is passed on by the host", async () => {
    const { host } = await import("./fake-host.js");
    const { callFetch } = host;
    let sent;
    host.callFetch = (...args) => {
        sent = args[7];
        callFetch(...args);
    };
    serve(SERVICE, echo);
    serve(8, (request) => fetchVia(SERVICE, request));
    serve(9, (request) => fetchVia(SERVICE, new Request(request, { headers: { a: "b" } })));
    serve(10, async (request) => {
        const response = await fetchVia(SERVICE, request.url, { method: "POST", body: request.body });
        return new Response(response.body, response);
    });
    for (const target of [8, 9, 10]) {
        const response = await inHandler(() =>
            fetchVia(target, "http://x/", { method: "POST", body: ticks(4, 40_000) }),
        );
        assert.equal(typeof sent.forward, "number");
        assert.equal((await response.arrayBuffer()).byteLength, 160_000);
    }
    host.callFetch = callFetch;
});

test("much content passes a worker that looks at it, in little memory", async () => {
    const chunk = 100_000;
    const count = 400;
    let checked = 0;
    serve(SERVICE, (request) => {
        const look = new TransformStream({
            transform(bytes, controller) {
                checked += bytes.length;
                controller.enqueue(bytes);
            },
        });
        return new Response(request.body.pipeThrough(look));
    });
    traffic.mostBytes = 0;
    const response = await call("http://x/", { method: "POST", body: ticks(count, chunk) });
    let length = 0;
    for await (const bytes of response.body) {
        length += bytes.length;
    }
    assert.equal(length, chunk * count);
    assert.equal(checked, chunk * count);
    assert.ok(traffic.mostBytes <= 65_536, `${traffic.mostBytes} bytes were on the way at once`);
});

test("a producer waits for its reader, and hears when the reader leaves", async () => {
    let produced = 0;
    let cancelled = false;
    serve(SERVICE, () => {
        const body = new ReadableStream(
            {
                pull(controller) {
                    produced += 1;
                    controller.enqueue(new Uint8Array(65_536));
                },
                cancel() {
                    cancelled = true;
                },
            },
            { highWaterMark: 0 },
        );
        return new Response(body);
    });
    const response = await call("http://x/");
    const reader = response.body.getReader();
    await reader.read();
    await reader.read();
    await quiet();
    assert.ok(produced <= 4, `${produced} chunks were produced for two that were read`);
    await reader.cancel();
    await quiet();
    assert.equal(cancelled, true);
});

test("content that breaks breaks for its reader", async () => {
    serve(SERVICE, () => {
        const body = new ReadableStream({
            pull(controller) {
                controller.error(new RangeError("broken"));
            },
        });
        return new Response(body);
    });
    await assert.rejects(async () => (await call("http://x/")).text(), { name: "RangeError", message: "broken" });
});

test("a length that is known travels", async () => {
    serve(SERVICE, (request) => new Response(request.headers.get("content-length")));
    const { readable, writable } = new FixedLengthStream(3);
    const writer = writable.getWriter();
    writer.write(new Uint8Array([65, 66, 67]));
    writer.close();
    assert.equal(await (await call("http://x/", { method: "POST", body: readable })).text(), "3");
});

const REDIRECTS = [
    [302, "GET", undefined, "GET http://x/done "],
    [302, "POST", "a", "GET http://x/done "],
    [301, "POST", "a", "GET http://x/done "],
    [303, "PUT", "a", "GET http://x/done "],
    [302, "PUT", "a", "PUT http://x/done a"],
    [307, "POST", "a", "POST http://x/done a"],
    [308, "POST", "a", "POST http://x/done a"],
];

for (const [status, method, body, expected] of REDIRECTS) {
    test(`a ${status} after ${method} is followed`, async () => {
        serve(SERVICE, async (request) => {
            if (request.url.endsWith("/done")) {
                return new Response(`${request.method} ${request.url} ${await request.text()}`);
            }
            return new Response("elsewhere", { status, headers: { location: "/done#part" } });
        });
        const response = await call("http://x/", { method, body });
        assert.equal(await response.text(), expected);
        assert.equal(response.url, "http://x/done");
        assert.equal(response.redirected, true);
    });
}

test("credentials stay with the origin they were for", async () => {
    serve(SERVICE, (request) => {
        if (request.url === "http://x/") {
            return Response.redirect("http://y/", 307);
        }
        return Response.json([...request.headers]);
    });
    const response = await call("http://x/", { headers: { authorization: "secret", cookie: "kept" } });
    assert.deepEqual(await response.json(), [["cookie", "kept"]]);
});

test("redirects that cannot be followed are refused, and can be left alone", async () => {
    const answers = {
        "/loop": "/loop",
        "/bad": "http://",
        "/stream": "/done",
        "/data": "data:,x",
    };
    serve(SERVICE, (request) => {
        const { pathname } = new URL(request.url);
        return new Response(null, { status: 307, headers: { location: answers[pathname] } });
    });
    const stream = { method: "POST", body: ticks(1, 1) };
    await assert.rejects(call("http://x/loop"), { message: "Too many redirects." });
    await assert.rejects(call("http://x/bad"), { message: "Invalid Location header; unable to follow redirect." });
    await assert.rejects(call("http://x/data"), { message: "Invalid Location header; unable to follow redirect." });
    await assert.rejects(call("http://x/stream", stream), /^TypeError: A request with a one-time-use body/u);
    const response = await call("http://x/loop", { redirect: "manual" });
    assert.equal(response.status, 307);
    assert.equal(response.redirected, false);
});

test("a request and its content are aborted", async () => {
    serve(SERVICE, async (request) => {
        if (request.url.endsWith("/never")) {
            await new Promise(() => {});
        }
        return new Response(ticks(1_000_000, 10));
    });
    const reason = new Error("enough");
    await assert.rejects(call("http://x/", { signal: AbortSignal.abort(reason) }), reason);
    const early = new AbortController();
    const pending = call("http://x/never", { signal: early.signal });
    early.abort(reason);
    await assert.rejects(pending, reason);
    const late = new AbortController();
    const response = await call("http://x/", { signal: late.signal });
    const reading = response.text();
    setImmediate(() => late.abort(reason));
    await assert.rejects(reading, reason);
});

const REFUSED = [
    ["/a", undefined, "Invalid URL: /a"],
    ["ftp://x/", undefined, "Fetch API cannot load: ftp://x/"],
    ["blob:abc", undefined, "Fetch API cannot load: blob:abc"],
    ["data:abc", undefined, "Fetch API cannot load: data:abc"],
    ["http://x/", { body: "a" }, "Request with a GET or HEAD method cannot have a body."],
    ["http://x/", { method: "FOO" }, "Invalid HTTP method string: FOO"],
    ["http://x/", { redirect: "error" }, /^Invalid redirect value, must be one of "follow" or "manual"/u],
    ["http://x/", { cache: "default" }, "Unsupported cache mode: default"],
    ["http://x/", { integrity: "sha" }, /^Subrequest integrity checking is not implemented\./u],
    [
        "http://x/",
        { headers: null },
        "Incorrect type for the 'headers' field on 'RequestInitializerDict': the provided value is not of type 'Headers or Sequence or object'.",
    ],
    [
        "http://x/",
        { signal: {} },
        "Incorrect type for the 'signal' field on 'RequestInitializerDict': the provided value is not of type 'AbortSignal'.",
    ],
    [
        "http://x/",
        5,
        "Failed to construct 'Request': constructor parameter 2 is not of type 'RequestInitializerDict or Request'.",
    ],
];

for (const [input, init, message] of REFUSED) {
    test(`fetch(${JSON.stringify(input)}, ${JSON.stringify(init)}) is refused`, async () => {
        let result;
        assert.doesNotThrow(() => {
            result = inHandler(() => fetch(input, init));
        });
        await assert.rejects(result, { name: "TypeError", message });
    });
}

test("a request is used by sending it", async () => {
    serve(SERVICE, echo);
    const request = new Request("http://x/", { method: "POST", body: "a" });
    await call(request);
    assert.equal(request.bodyUsed, true);
    await assert.rejects(call(request), { message: "Cannot reconstruct a Request with a used body." });
});

test("data URLs are their own answer", async () => {
    const text = await fetch("data:text/plain;charset=utf-8,hello%20w");
    assert.equal(text.headers.get("content-type"), "text/plain;charset=utf-8");
    assert.deepEqual([text.status, text.statusText, text.url, await text.text()], [200, "OK", "", "hello w"]);
    const base64 = await fetch("data:;base64,aGVsbG8=");
    assert.equal(base64.headers.get("content-type"), "text/plain;charset=US-ASCII");
    assert.equal(await base64.text(), "hello");
});

const HANDLERS = [
    [
        "an error response",
        () => Response.error(),
        "Return value from serve handler must not be an error response (like Response.error())",
    ],
    [
        "used content",
        async () => {
            const response = new Response("a");
            await response.text();
            return response;
        },
        "Body has already been used. It can only be used once. Use tee() first if you need to read it twice.",
    ],
    [
        "locked content",
        () => {
            const response = new Response("a");
            response.body.getReader();
            return response;
        },
        "The ReadableStream has been locked to a reader.",
    ],
];

for (const [name, handler, message] of HANDLERS) {
    test(`a handler cannot return ${name}`, async () => {
        serve(SERVICE, handler);
        await assert.rejects(call("http://x/"), { name: "TypeError", message });
    });
}

const STATUS = "Responses may only be constructed with status codes in the range 200 to 599, inclusive.";
const NO_BODY = "Response with null body status (101, 204, 205, or 304) cannot have a body.";
const RESPONSES = [
    ["a status of 199", () => new Response(null, { status: 199 }), RangeError, STATUS],
    ["a status of 101", () => new Response(null, { status: 101 }), RangeError, STATUS],
    ["no number as status", () => new Response(null, { status: "abc" }), RangeError, STATUS],
    ["null as status", () => new Response(null, { status: null }), RangeError, STATUS],
    ["content with 204", () => new Response("a", { status: 204 }), TypeError, NO_BODY],
    ["a stream with 204", () => new Response(new ReadableStream(), { status: 204 }), TypeError, NO_BODY],
    [
        "no object as cf",
        () => new Response("", { cf: null }),
        TypeError,
        "Incorrect type for the 'cf' field on 'InitializerDict': the provided value is not of type 'Object'.",
    ],
    ["JSON with 304", () => Response.json({}, { status: 304 }), TypeError, NO_BODY],
    ["a line break as text", () => new Response("", { statusText: "a\nb" }), TypeError, "Invalid statusText"],
    [
        "a number",
        () => new Response("", 5),
        TypeError,
        "Failed to construct 'Response': constructor parameter 2 is not of type 'InitializerDict or Response'.",
    ],
    ["another encoding", () => new Response("", { encodeBody: "x" }), TypeError, "encodeBody: unexpected value: x"],
    ["a relative redirect", () => Response.redirect("/a"), TypeError, "Unable to parse URL: /a"],
    [
        "a redirect of 200",
        () => Response.redirect("http://x/", 200),
        RangeError,
        "200 is not a redirect status code. It must be one of: 301, 302, 303, 307, or 308.",
    ],
    [
        "no JSON",
        () => Response.json(),
        TypeError,
        "Failed to execute 'json' on 'Response': parameter 1 is not of type 'Value'.",
    ],
    [
        "no socket",
        () => new Response(null, { webSocket: {} }),
        TypeError,
        "Incorrect type for the 'webSocket' field on 'InitializerDict': the provided value is not of type 'WebSocket'.",
    ],
];

for (const [name, run, type, message] of RESPONSES) {
    test(`a response cannot be made of ${name}`, () => {
        assert.throws(run, { name: type.name, message });
    });
}

test("responses of every kind have the headers of the platform", () => {
    assert.deepEqual([...new Response("a").headers], [["content-type", "text/plain;charset=UTF-8"]]);
    assert.deepEqual([...new Response("a", { headers: { "Content-Type": "x/y" } }).headers], [["content-type", "x/y"]]);
    assert.deepEqual(
        [...Response.json({}, { headers: { a: "b" } }).headers],
        [
            ["a", "b"],
            ["content-type", "application/json"],
        ],
    );
    const redirect = Response.redirect("http://x/ é", 307);
    assert.deepEqual([...redirect.headers], [["location", "http://x/%20%C3%A9"]]);
    assert.throws(() => redirect.headers.set("a", "b"), { message: "Can't modify immutable headers." });
    const made = new Response("a", { status: 203, statusText: "q", headers: { a: "b" } });
    const copy = new Response(made.body, made);
    assert.deepEqual([copy.status, copy.statusText, copy.headers.get("a")], [203, "q", "b"]);
});

test("a request keeps what it was made of", async () => {
    const init = { method: "post", body: "abc", headers: { a: "b" }, cf: { z: 1 }, redirect: "manual" };
    const request = new Request("HTTP://Ex.com:80/a/../b?x#frag", init);
    assert.equal(request.url, "http://ex.com/b?x#frag");
    const copy = new Request(request);
    assert.deepEqual([copy.method, copy.redirect, copy.cf.z, copy.headers.get("a")], ["POST", "manual", 1, "b"]);
    assert.equal(request.bodyUsed, true);
    assert.equal(await copy.text(), "abc");
    const { signal } = new AbortController();
    assert.equal(new Request(new Request("http://x/", { signal })).signal, signal);
});

test("a request from outside shows what came, and can be copied to be changed", () => {
    const request = requestFromHost("GET", "http://x/", ["a", "b"], null, '{"colo":"DFW"}');
    assert.deepEqual([request.redirect, request.body, request.cf.colo], ["manual", null, "DFW"]);
    assert.equal(request.cf, request.cf);
    assert.equal(request.headers, request.headers);
    const copy = new Request(request);
    copy.headers.set("a", "c");
    assert.equal(request.headers.get("a"), "b");
});

test("nothing is asked of the host for content that nobody reads", () => {
    operations.length = 0;
    requestFromHost("POST", "http://x/", [], { stream: 5, length: undefined }, undefined).body;
    assert.deepEqual(operations, []);
});

for (const [name, body] of [["text", ""], ["bytes", new Uint8Array(0)], ["blob", new Blob([])]]) {
    test(`an empty ${name} is no content where none may be`, () => {
        const response = new Response(body, { status: 204 });
        assert.deepEqual([response.body, response.headers.get("content-type"), response.cf], [null, null, undefined]);
    });
}
