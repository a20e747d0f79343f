/**
 * Sockets. Texts of errors and the order of events are workerd's.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import "./fake-host.js";

const { cut, inHandler, quiet, serve } = await import("./fake-host-fetch.js");
const { setFlags } = await import("../flags.js");
const { fetch } = await import("../fetch/fetch.js");
const { Response } = await import("../fetch/response.js");
const sockets = await import("../fetch/websocket.js");
const { WebSocket, WebSocketPair, WebSocketRequestResponsePair } = sockets;

const FLAGS = ["websocket_standard_binary_type", "web_socket_auto_reply_to_close", "websocket_close_reason_byte_limit"];

function pair() {
    const made = inHandler(() => new WebSocketPair());
    return [made[0], made[1]];
}

function accepted() {
    const [one, two] = pair();
    inHandler(() => {
        one.accept();
        two.accept();
    });
    return [one, two];
}

/** Notes the events of sockets as `[name, type, …]`. */
function listen(log, named) {
    for (const [name, socket] of Object.entries(named)) {
        socket.addEventListener("open", () => log.push([name, "open"]));
        socket.addEventListener("message", ({ data }) => log.push([name, "message", data]));
        socket.addEventListener("error", ({ message }) => log.push([name, "error", message]));
        socket.addEventListener("close", ({ code, reason, wasClean }) =>
            log.push([name, "close", code, reason, wasClean, socket.readyState]),
        );
    }
}

function withFlags(flags, fn) {
    setFlags("2026-08-01", flags);
    try {
        return fn();
    } finally {
        setFlags("2026-08-01", FLAGS);
    }
}

setFlags("2026-08-01", FLAGS);

const NOT_ACCEPTED =
    "You must call one of accept() or state.acceptWebSocket() on this WebSocket before sending messages.";
const CLOSED = "Can't call WebSocket send() after close().";

const ERRORS = [
    ["send before accept", () => pair()[0].send("a"), "TypeError", NOT_ACCEPTED],
    ["close before accept", () => pair()[0].close(), "TypeError", NOT_ACCEPTED],
    [
        "send after close",
        () => {
            const [socket] = accepted();
            socket.close(1000);
            socket.send("a");
        },
        "TypeError",
        CLOSED,
    ],
    [
        "send nothing",
        () => accepted()[0].send(),
        "TypeError",
        "Failed to execute 'send' on 'WebSocket': parameter 1 is not of type 'ArrayBuffer or ArrayBufferView or string'.",
    ],
    [
        "a bad code after close",
        () => {
            const [socket] = accepted();
            socket.close(1000);
            socket.close(5);
        },
        "InvalidAccessError",
        "Invalid WebSocket close code: 5.",
    ],
    [
        "a reason without a code",
        () => accepted()[0].close(undefined, "x"),
        "InvalidAccessError",
        "If you specify a WebSocket close reason, you must also specify a code.",
    ],
    [
        "a long reason",
        () => accepted()[0].close(1000, "é".repeat(62)),
        "SyntaxError",
        "WebSocket close reason must not be longer than 123 bytes when UTF-8 encoded.",
    ],
    [
        "accept after hibernation",
        () => {
            const [, server] = pair();
            sockets.markHibernatable(server);
            server.accept();
        },
        "TypeError",
        "Can't accept() WebSocket after enabling hibernation.",
    ],
    [
        "accept with a number",
        () => pair()[0].accept(5),
        "TypeError",
        "Failed to execute 'accept' on 'WebSocket': parameter 1 is not of type 'AcceptOptions'.",
    ],
    [
        "no attachment",
        () => pair()[0].serializeAttachment(),
        "TypeError",
        "Failed to execute 'serializeAttachment' on 'WebSocket': parameter 1 is not of type 'Value'.",
    ],
    [
        "a status of 200",
        () => new Response(null, { webSocket: pair()[0] }),
        "RangeError",
        "Responses with a WebSocket must have status code 101.",
    ],
    [
        "a clone",
        () => new Response(null, { status: 101, webSocket: pair()[0] }).clone(),
        "TypeError",
        "Cannot clone a response to a WebSocket handshake.",
    ],
    [
        "half a pair of texts",
        () => new WebSocketRequestResponsePair("a"),
        "TypeError",
        "Failed to construct 'WebSocketRequestResponsePair': constructor parameter 2 is not of type 'string'.",
    ],
    [
        "no URL",
        () => new WebSocket(),
        "TypeError",
        "Failed to construct 'WebSocket': constructor parameter 1 is not of type 'string'.",
    ],
    ["a bad URL", () => new WebSocket("abc"), "SyntaxError", "WebSocket Constructor: The url is invalid."],
    [
        "an HTTP URL",
        () => new WebSocket("http://x/"),
        "SyntaxError",
        "WebSocket Constructor: The url scheme must be ws or wss.",
    ],
    [
        "a fragment",
        () => new WebSocket("ws://x/#"),
        "SyntaxError",
        "WebSocket Constructor: The url fragment must be empty.",
    ],
    [
        "protocols twice",
        () => new WebSocket("ws://x/", ["a", "a"]),
        "SyntaxError",
        "WebSocket Constructor: The protocols header cannot have repeating values.",
    ],
    [
        "a bad protocol",
        () => new WebSocket("ws://x/", ["a b"]),
        "SyntaxError",
        "WebSocket Constructor: One of the protocol header tokens is invalid.",
    ],
    [
        "an empty protocol",
        () => new WebSocket("ws://x/", ""),
        "SyntaxError",
        "WebSocket Constructor: The protocol header token is invalid.",
    ],
    ["no socket", () => sockets.socketNumber({}), "TypeError", /^Illegal invocation/u],
];

for (const [name, run, type, message] of ERRORS) {
    test(`sockets refuse ${name}`, () => {
        assert.throws(run, { name: type, message });
    });
}

for (const code of [0, -1, 999, 1004, 1005, 1006, 1015, 5000, 70_000, NaN, null]) {
    test(`a socket is not closed with ${code}`, () => {
        const shown = Number.isInteger(code) ? code : 0;
        assert.throws(() => accepted()[0].close(code), {
            name: "InvalidAccessError",
            message: `Invalid WebSocket close code: ${shown}.`,
        });
    });
}

test("a pair has two sockets that can be taken in any way", () => {
    const made = inHandler(() => new WebSocketPair());
    assert.deepEqual(Object.keys(made), ["0", "1"]);
    const [client, server] = made;
    assert.deepEqual(Object.values(made), [client, server]);
    assert.ok(client instanceof WebSocket);
    assert.deepEqual([client.readyState, client.url, client.protocol, client.extensions], [1, null, "", ""]);
});

test("messages arrive as they were sent", async () => {
    const [one, two] = accepted();
    const log = [];
    listen(log, { two });
    for (const message of ["a", 5, null, {}]) {
        one.send(message);
    }
    two.binaryType = "arraybuffer";
    one.send(new Uint8Array([1, 2, 3]).subarray(1));
    await quiet();
    assert.deepEqual(
        log.slice(0, 4).map(([, , data]) => data),
        ["a", "5", "null", "[object Object]"],
    );
    assert.deepEqual([...new Uint8Array(log[4][2])], [2, 3]);
});

test("binary messages are blobs since the flag", async () => {
    const [one, two] = accepted();
    const log = [];
    listen(log, { two });
    one.send(new Uint8Array([1]));
    await quiet();
    assert.equal(log[0][2].constructor.name, "Blob");
    const before = withFlags([], () => pair()[0].binaryType);
    assert.equal(before, "arraybuffer");
    two.binaryType = "other";
    assert.equal(two.binaryType, "blob");
});

test("messages wait for accept", async () => {
    const [one, two] = pair();
    const log = [];
    listen(log, { two });
    inHandler(() => one.accept());
    one.send("a");
    one.send("b");
    await quiet();
    assert.deepEqual(log, []);
    inHandler(() => two.accept());
    await quiet();
    assert.deepEqual(log, [
        ["two", "message", "a"],
        ["two", "message", "b"],
    ]);
});

test("a close is answered", async () => {
    const [one, two] = accepted();
    const log = [];
    listen(log, { one, two });
    one.close(4001, "hey");
    assert.equal(one.readyState, 2);
    await quiet();
    assert.deepEqual(log, [
        ["two", "close", 4001, "hey", true, 3],
        ["one", "close", 4001, "hey", true, 3],
    ]);
    assert.throws(() => two.send("late"), { message: CLOSED });
});

test("a half open socket answers itself", async () => {
    const [one, two] = pair();
    inHandler(() => {
        one.accept();
        two.accept({ allowHalfOpen: true });
    });
    const log = [];
    listen(log, { one, two });
    one.close(4001, "x");
    await quiet();
    two.send("late");
    two.close(4002, "y");
    await quiet();
    assert.deepEqual(log, [
        ["two", "close", 4001, "x", true, 2],
        ["one", "message", "late"],
        ["one", "close", 4002, "y", true, 3],
    ]);
});

test("what is sent to a side that vanished is lost silently", async () => {
    const [one, two] = accepted();
    const log = [];
    listen(log, { two });
    cut(sockets.socketNumber(two));
    await quiet();
    assert.deepEqual(log, [["two", "close", 1006, "WebSocket disconnected without sending Close frame.", false, 1]]);
    assert.equal(two.readyState, 2);
    two.send("lost");
    two.close(1000);
    assert.equal(two.readyState, 2);
    assert.ok(one);
});

test("an exception of a listener ends the connection", async () => {
    const [one, two] = accepted();
    const log = [];
    listen(log, { one });
    two.addEventListener("message", ({ data }) => {
        log.push(["two", data]);
        throw new Error("boom");
    });
    two.addEventListener("error", ({ message }) => log.push(["two", "error", message]));
    one.send("1");
    one.send("2");
    await quiet();
    assert.deepEqual(log, [
        ["two", "1"],
        ["two", "error", "Uncaught Error: boom"],
        ["one", "close", 1006, "WebSocket disconnected without sending Close frame.", false, 1],
    ]);
});

test("attachments are copies", () => {
    const [socket] = pair();
    assert.equal(socket.deserializeAttachment(), null);
    const value = { a: [1] };
    socket.serializeAttachment(value);
    value.a.push(2);
    assert.deepEqual(socket.deserializeAttachment(), { a: [1] });
    assert.notEqual(socket.deserializeAttachment(), socket.deserializeAttachment());
});

function upgrade(request) {
    assert.equal(request.headers.get("upgrade"), "websocket");
    const [client, server] = Object.values(new WebSocketPair());
    server.accept();
    server.addEventListener("message", ({ data }) => (data === "bye" ? server.close(4000, "bye") : server.send(data)));
    return new Response(null, { status: 101, webSocket: client });
}

test("a new socket connects, talks and is closed", async () => {
    serve("internet", upgrade);
    const socket = inHandler(() => new WebSocket("ws://x/y"));
    const log = [];
    listen(log, { socket });
    assert.equal(socket.readyState, 0);
    assert.equal(socket.url, "ws://x/y");
    assert.throws(() => socket.send("a"), { message: NOT_ACCEPTED });
    assert.throws(() => socket.accept(), {
        message: "Websockets obtained from the 'new WebSocket()' constructor cannot call accept",
    });
    await quiet();
    socket.send("hi");
    await quiet();
    socket.send("bye");
    await quiet();
    assert.deepEqual(log, [
        ["socket", "open"],
        ["socket", "message", "hi"],
        ["socket", "close", 4000, "bye", true, 3],
    ]);
});

test("a socket that nobody accepts fails", async () => {
    serve("internet", () => new Response("no"));
    const socket = inHandler(() => new WebSocket("ws://x/"));
    const log = [];
    listen(log, { socket });
    await quiet();
    assert.deepEqual(log, [
        ["socket", "error", "Uncaught Error: Network connection lost."],
        ["socket", "close", 1006, "Failed to establish websocket connection", false, 3],
    ]);
});

test("a socket comes with a response, and goes with one", async () => {
    serve("internet", upgrade);
    serve(5, () => fetch("http://x/", { headers: { Upgrade: "websocket" } }));
    const { fetchVia } = await import("../fetch/fetch.js");
    const response = await inHandler(() => fetchVia(5, "http://y/", { headers: { Upgrade: "websocket" } }));
    assert.equal(response.status, 101);
    const { webSocket } = response;
    const log = [];
    listen(log, { webSocket });
    inHandler(() => webSocket.accept());
    webSocket.send("hi");
    await quiet();
    assert.deepEqual(log, [["webSocket", "message", "hi"]]);
});

test("a socket is not given to a request that did not ask for one", async () => {
    serve("internet", () => {
        const [client, server] = Object.values(new WebSocketPair());
        server.accept();
        return new Response(null, { status: 101, webSocket: client });
    });
    await assert.rejects(
        inHandler(() => fetch("http://x/")),
        {
            name: "TypeError",
            message:
                "Worker tried to return a WebSocket in a response to a request which did not contain the header " +
                '"Upgrade: websocket".',
        },
    );
});

const RETURNED = [
    ["accepted", (socket) => socket.accept(), "Can't return WebSocket in a Response after calling accept()."],
    [
        "hibernatable",
        (socket) => sockets.markHibernatable(socket),
        "Can't return WebSocket in a Response after calling acceptWebSocket().",
    ],
    ["used", (socket) => sockets.passSocket(socket), "Can't return WebSocket that was already used in a response."],
];

for (const [name, use, message] of RETURNED) {
    test(`a socket that is ${name} cannot be returned`, async () => {
        serve("internet", () => {
            const { 0: client } = new WebSocketPair();
            use(client);
            return new Response(null, { status: 101, webSocket: client });
        });
        await assert.rejects(
            inHandler(() => fetch("http://x/", { headers: { upgrade: "websocket" } })),
            { message },
        );
    });
}

test("the wrapper of a hibernatable socket stays the same until its end", () => {
    const socket = sockets.socketFor(90_001);
    assert.equal(sockets.socketFor(90_001), socket);
    sockets.forgetSocket(90_001, false);
    assert.notEqual(sockets.socketFor(90_001), socket);
    socket.send("lost");
});
