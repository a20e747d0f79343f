/**
 * `toWeb` and `fromWeb` of Node's streams.
 *
 * Invariant: back-pressure is kept in both directions.
 */

function readableToWeb(readable) {
    const iterator = readable[Symbol.asyncIterator]();
    return new ReadableStream(
        {
            async pull(controller) {
                const { done, value } = await iterator.next();
                if (done) {
                    controller.close();
                } else {
                    controller.enqueue(
                        typeof value === "string" || readable.readableObjectMode
                            ? value
                            : new Uint8Array(value.buffer, value.byteOffset, value.byteLength),
                    );
                }
            },
            async cancel(reason) {
                readable.destroy(reason instanceof Error ? reason : undefined);
                await iterator.return?.();
            },
        },
        { highWaterMark: 0 },
    );
}

function writableToWeb(writable) {
    return new WritableStream({
        write: (chunk) =>
            new Promise((resolve, reject) => {
                writable.write(chunk, (error) => (error ? reject(error) : resolve()));
            }),
        close: () =>
            new Promise((resolve, reject) => {
                writable.once("error", reject);
                writable.end(resolve);
            }),
        abort: (reason) => {
            writable.destroy(reason instanceof Error ? reason : undefined);
        },
    });
}

/** Adds the methods that the package leaves out. */
export function adoptWebStreams({ Readable, Writable, Duplex }) {
    Readable.toWeb = readableToWeb;
    Readable.fromWeb = (stream, options) => {
        const reader = stream.getReader();
        return new Readable({
            ...options,
            read() {
                reader.read().then(
                    ({ done, value }) => this.push(done ? null : value),
                    (error) => this.destroy(error),
                );
            },
            destroy(error, callback) {
                reader.cancel(error).then(
                    () => callback(error),
                    () => callback(error),
                );
            },
        });
    };
    Writable.toWeb = writableToWeb;
    Writable.fromWeb = (stream, options) => {
        const writer = stream.getWriter();
        return new Writable({
            ...options,
            write: (chunk, encoding, callback) => void writer.write(chunk).then(() => callback(), callback),
            final: (callback) => void writer.close().then(() => callback(), callback),
            destroy: (error, callback) =>
                void (error ? writer.abort(error) : Promise.resolve()).then(
                    () => callback(error),
                    () => callback(error),
                ),
        });
    };
    Duplex.toWeb = (duplex) => ({ readable: readableToWeb(duplex), writable: writableToWeb(duplex) });
    Duplex.fromWeb = ({ readable, writable }, options) =>
        Duplex.from({ readable: Readable.fromWeb(readable, options), writable: Writable.fromWeb(writable, options) });
}
