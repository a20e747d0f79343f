/**
 * The platform's own streams, and the texts of errors of the standard's. Texts are workerd's.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import "./fake-host.js";

const { setFlags } = await import("../flags.js");
const { streamGlobals } = await import("../streams/globals.js");
const { streamOfBytes } = await import("../streams/bytes.js");
const {
    FixedLengthStream,
    IdentityTransformStream,
    ReadableStream,
    TextDecoderStream,
    TextEncoderStream,
    TransformStream,
    WritableStream,
} = streamGlobals();

const LOCKED = "This ReadableStream is currently locked to a reader.";

function bytes(...values) {
    return new Uint8Array(values);
}

async function all(stream) {
    const chunks = [];
    for await (const chunk of stream) {
        chunks.push(typeof chunk === "string" ? chunk : [...chunk]);
    }
    return chunks;
}

function locked(stream = new ReadableStream()) {
    stream.getReader();
    return stream;
}

const THROWS = [
    ["a second reader", () => locked().getReader(), LOCKED],
    ["a tee of a locked stream", () => locked().tee(), "This ReadableStream is currently locked to a reader,"],
    [
        "another mode",
        () => new ReadableStream().getReader({ mode: "foo" }),
        "mode must be undefined or 'byob' in call to getReader().",
    ],
    [
        "buffers for values",
        () => new ReadableStream().getReader({ mode: "byob" }),
        "This ReadableStream does not support BYOB reads.",
    ],
    [
        "a second writer",
        () => {
            const stream = new WritableStream();
            stream.getWriter();
            stream.getWriter();
        },
        "This WritableStream is currently locked to a writer.",
    ],
    [
        "piping through nothing",
        () => new ReadableStream().pipeThrough({}),
        "Incorrect type for the 'readable' field on 'Transform': the provided value is not of type 'ReadableStream'.",
    ],
    [
        "a stream of a number",
        () => ReadableStream.from(5),
        "Failed to execute 'from' on 'ReadableStream': parameter 1 is not of type 'AsyncGenerator'.",
    ],
    [
        "no length",
        () => new FixedLengthStream(),
        "Failed to construct 'FixedLengthStream': constructor parameter 1 is not of type 'bigint'.",
    ],
    [
        "a negative length",
        () => new FixedLengthStream(-1),
        "The value cannot be converted because it is negative and this API expects a positive bigint.",
    ],
    [
        "a length that is no number",
        () => new FixedLengthStream("abc"),
        "The value cannot be converted because it is not an integer.",
    ],
];

for (const [name, run, message] of THROWS) {
    test(`streams refuse ${name}`, () => {
        assert.throws(run, { name: "TypeError", message });
    });
}

const byob = () => streamOfBytes(bytes(1, 2, 3)).getReader({ mode: "byob" });

const REJECTIONS = [
    ["cancelling a locked stream", () => locked().cancel(), LOCKED],
    [
        "piping to nothing",
        () => new ReadableStream().pipeTo({}),
        "Failed to execute 'pipeTo' on 'ReadableStream': parameter 1 is not of type 'WritableStream'.",
    ],
    [
        "a released reader",
        () => {
            const reader = new ReadableStream().getReader();
            reader.releaseLock();
            return reader.read();
        },
        "This ReadableStream reader has been released.",
    ],
    [
        "a read whose reader is released",
        () => {
            const reader = new ReadableStream().getReader();
            const read = reader.read();
            reader.releaseLock();
            return read;
        },
        "This ReadableStream reader has been released.",
    ],
    [
        "a released writer",
        () => {
            const writer = new WritableStream().getWriter();
            writer.releaseLock();
            return writer.write(1);
        },
        "This WritableStream writer has been released.",
    ],
    [
        "at least nothing",
        () => byob().readAtLeast(0, bytes(0)),
        "Requested invalid minimum number of bytes to read (0).",
    ],
    [
        "at least too much",
        () => byob().readAtLeast(6, new Uint8Array(5)),
        "Minimum bytes to read (6) exceeds size of buffer (5).",
    ],
    [
        "at least into nothing",
        () => byob().readAtLeast(6),
        "Failed to execute 'readAtLeast' on 'ReadableStreamBYOBReader': parameter 2 is not of type 'ArrayBufferView'.",
    ],
    [
        "a number in a pipe",
        () => new IdentityTransformStream().writable.getWriter().write(5),
        "This TransformStream is being used as a byte stream, but received an object of non-ArrayBuffer/ArrayBufferView type on its writable side.",
    ],
    [
        "text to be decoded",
        () => {
            const { readable, writable } = new TextDecoderStream();
            readable
                .getReader()
                .read()
                .catch(() => {});
            return writable.getWriter().write("abc");
        },
        "This TransformStream is being used as a byte stream, but received a value that is not a BufferSource.",
    ],
];

for (const [name, run, message] of REJECTIONS) {
    test(`${name} is rejected`, async () => {
        await assert.rejects(run, { name: "TypeError", message });
    });
}

test("a pipe's write waits for its read, and its close does not", async () => {
    const { readable, writable } = new IdentityTransformStream();
    const writer = writable.getWriter();
    const log = [];
    const written = writer.write(bytes(1, 2)).then(() => log.push("written"));
    await new Promise((resolve) => setImmediate(resolve));
    log.push("read");
    const reader = readable.getReader();
    assert.deepEqual([...(await reader.read()).value], [1, 2]);
    await written;
    assert.deepEqual(log, ["read", "written"]);
    await writer.write(bytes());
    await writer.close();
    assert.equal((await reader.read()).done, true);
});

test("a pipe reads into buffers and is a transform stream", async () => {
    const pipe = new IdentityTransformStream();
    assert.ok(pipe instanceof TransformStream);
    assert.equal(Object.prototype.toString.call(new FixedLengthStream(1)), "[object FixedLengthStream]");
    const writer = pipe.writable.getWriter();
    writer.write(bytes(1, 2, 3).buffer);
    writer.close();
    const reader = pipe.readable.getReader({ mode: "byob" });
    assert.deepEqual([...(await reader.read(new Uint8Array(2))).value], [1, 2]);
    assert.deepEqual([...(await reader.read(new Uint8Array(2))).value], [3]);
    assert.equal((await reader.read(new Uint8Array(2))).done, true);
});

test("a pipe carries errors in both directions", async () => {
    const aborted = new IdentityTransformStream();
    aborted.writable.abort(new RangeError("why"));
    await assert.rejects(aborted.readable.getReader().read(), { name: "RangeError", message: "why" });
    const cancelled = new IdentityTransformStream();
    await cancelled.readable.cancel("reason");
    await assert.rejects(cancelled.writable.getWriter().write(bytes(1)), { message: "reason" });
});

test("a fixed length is held", async () => {
    const long = new FixedLengthStream(2);
    const longWriter = long.writable.getWriter();
    const writing = longWriter.write(bytes(1, 2, 3));
    const message = "Attempt to write too many bytes through a FixedLengthStream.";
    await assert.rejects(long.readable.getReader().read(), { name: "TypeError", message });
    assert.equal(await writing, undefined);
    await assert.rejects(longWriter.write(bytes(1)), { message });
    const short = new FixedLengthStream(2);
    const writer = short.writable.getWriter();
    const reader = short.readable.getReader();
    writer.write(bytes(1));
    await reader.read();
    const early = "FixedLengthStream did not see all expected bytes before close().";
    assert.equal(await writer.close(), undefined);
    await assert.rejects(reader.read(), { name: "TypeError", message: early });
});

test("at least so many bytes are read", async () => {
    const { readable, writable } = new IdentityTransformStream();
    const writer = writable.getWriter();
    for (const value of [1, 2, 3]) {
        writer.write(bytes(value));
    }
    writer.close();
    const reader = readable.getReader({ mode: "byob" });
    assert.deepEqual([...(await reader.readAtLeast(2, new Uint8Array(5))).value], [1, 2]);
    const last = await reader.readAtLeast(2, new Uint8Array(5));
    assert.deepEqual([last.done, [...last.value]], [false, [3]]);
    assert.equal((await reader.readAtLeast(2, new Uint8Array(5))).done, true);
});

test("text is encoded and decoded across chunks", async () => {
    const encoder = new TextEncoderStream();
    const writer = encoder.writable.getWriter();
    for (const chunk of ["a\ud83d", "\ude00b", 5, "\ud83d"]) {
        writer.write(chunk);
    }
    writer.close();
    assert.deepEqual(await all(encoder.readable), [[97], [240, 159, 152, 128, 98], [53], [239, 191, 189]]);
    const decoder = new TextDecoderStream();
    const other = decoder.writable.getWriter();
    other.write(bytes(0xef, 0xbb, 0xbf, 0xe2));
    other.write(bytes(0x82, 0xac));
    other.close();
    assert.deepEqual((await all(decoder.readable)).join(""), "€");
    assert.deepEqual(
        [decoder.encoding, decoder.fatal, decoder.ignoreBOM, encoder.encoding],
        ["utf-8", false, false, "utf-8"],
    );
});

test("wrong bytes are refused by a fatal decoder", async () => {
    const { readable, writable } = new TextDecoderStream("utf-8", { fatal: true });
    writable
        .getWriter()
        .write(bytes(0xff))
        .catch(() => {});
    await assert.rejects(all(readable), { name: "TypeError", message: "Failed to decode input." });
});

test("streams are made of iterables, piped, teed and shown as nothing", async () => {
    const [one, two] = ReadableStream.from(["a", "b"]).tee();
    const seen = [];
    await one.pipeTo(new WritableStream({ write: (chunk) => void seen.push(chunk) }));
    assert.deepEqual(seen, ["a", "b"]);
    assert.deepEqual(await all(two), ["a", "b"]);
    assert.equal(JSON.stringify(new ReadableStream()), "{}");
});

test("classes follow the compatibility flags", () => {
    setFlags("2021-01-01", []);
    const old = streamGlobals();
    const refused = /^Error: To use the new ReadableStream\(\) constructor, enable the /u;
    assert.throws(() => new old.ReadableStream(), refused);
    assert.equal(old.ReadableStream.from, ReadableStream.from);
    assert.ok(streamOfBytes(bytes(1)) instanceof old.ReadableStream);
    assert.ok(new old.TransformStream() instanceof IdentityTransformStream);
});

/** What a controller of a new stream throws when `use` is called with it. */
function thrownBy(use, source = {}) {
    let thrown;
    new ReadableStream({
        ...source,
        start(controller) {
            try {
                use(controller);
            } catch (error) {
                thrown = error;
            }
        },
    });
    return thrown?.message;
}

const BYTES = { type: "bytes" };
const CONTROLLERS = [
    ["a chunk after the end", (c) => (c.close(), c.enqueue(1)), {}, "Unable to enqueue"],
    ["a second end", (c) => (c.close(), c.close()), {}, "This ReadableStream is closed."],
    ["a second end of bytes", (c) => (c.close(), c.close()), BYTES, "This ReadableStream is closed."],
    [
        "bytes after the end",
        (c) => (c.close(), c.enqueue(bytes(1))),
        BYTES,
        "This ReadableByteStreamController is closed.",
    ],
    ["no bytes", (c) => c.enqueue(bytes()), BYTES, "Cannot enqueue a zero-length ArrayBuffer."],
    [
        "text for bytes",
        (c) => c.enqueue("text"),
        BYTES,
        "Failed to execute 'enqueue' on 'ReadableByteStreamController': parameter 1 is not of type 'BufferSource'.",
    ],
    ["nothing of a buffer", (c) => c.enqueue(new ArrayBuffer(1)), BYTES, undefined],
];

for (const [name, use, source, message] of CONTROLLERS) {
    test(`controllers refuse ${name}`, () => assert.equal(thrownBy(use, source), message));
}

const CONSTRUCTED = [
    [() => ReadableStream(), /^Failed to construct 'ReadableStream': Please use the 'new' operator, /u],
    [() => new ReadableStream({ type: "x" }), '"x" is not a valid type of ReadableStream.'],
    [
        () => new ReadableStream(1),
        "Failed to construct 'ReadableStream': constructor parameter 1 is not of type 'UnderlyingSource'.",
    ],
    [
        () => new ReadableStream({ pull: 1 }),
        "Incorrect type for the 'pull' field on 'UnderlyingSource': the provided value is not of type 'function'.",
    ],
    [
        () => new WritableStream({}, { highWaterMark: -1 }),
        "The value cannot be converted because it is negative and this API expects a positive bigint.",
    ],
    [() => new TransformStream({ readableType: "x" }), "transformer.readableType must be undefined."],
];

for (const [construct, message] of CONSTRUCTED) {
    test(`constructors say ${message}`, () => assert.throws(construct, { name: "TypeError", message }));
}

test("what start() throws fails the stream", async () => {
    const start = () => {
        throw new RangeError("start");
    };
    const expected = { name: "RangeError", message: "start" };
    await assert.rejects(new ReadableStream({ start }).getReader().read(), expected);
    await assert.rejects(new WritableStream({ start }).getWriter().write(1), expected);
    await assert.rejects(new TransformStream({ start }).readable.getReader().read(), expected);
});

test("callbacks have their object as `this`, and classes can be extended", async () => {
    class Source {
        #chunk = "seven";
        pull(controller) {
            controller.enqueue(this.#chunk);
            controller.close();
        }
    }
    class Mine extends ReadableStream {}
    const mine = new Mine(new Source());
    assert.deepEqual([mine instanceof Mine, mine.constructor, new ReadableStream().constructor], [
        true,
        Mine,
        ReadableStream,
    ]);
    assert.deepEqual(await all(mine), ["seven"]);
});

test("objects of streams have no properties", () => {
    const readable = new ReadableStream();
    const writable = new WritableStream();
    const objects = [readable, readable.values(), writable, writable.getWriter(), new TransformStream()];
    assert.deepEqual(objects.flatMap((object) => Object.getOwnPropertyNames(object)), []);
    assert.equal("toJSON" in readable, false);
});

test("writers and readers that have ended say so", async () => {
    const writer = new WritableStream().getWriter();
    await writer.close();
    const closed = { name: "TypeError", message: "This WritableStream has been closed." };
    await assert.rejects(writer.write(1), closed);
    await assert.rejects(writer.close(), closed);
    const { closed: pending } = writer;
    await pending;
    writer.releaseLock();
    const released = { name: "TypeError", message: "This WritableStream writer has been released." };
    await assert.rejects(writer.ready, released);
    assert.throws(() => writer.desiredSize, released);
    const reader = new ReadableStream().getReader();
    const ending = assert.rejects(reader.closed, { message: "This ReadableStream reader has been released." });
    reader.releaseLock();
    await ending;
});
