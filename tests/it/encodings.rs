//! Content that is compressed: from a real server, to a real client, and more of it than an isolate's memory holds.
//!
//! Invariant: what damaged data leads to, and what content encodings do between workers, is told beside workerd.

use crate::outgoing::server;
use crate::support::{Emu, Project};
use serde_json::json;

const WORKER: &str = r#"
    const zeros = (count) => new ReadableStream({
        pull(controller) {
            controller.enqueue(new Uint8Array(65536));
            if (--count === 0) controller.close();
        },
    }, { highWaterMark: 0 });
    const length = async (stream) => {
        let length = 0;
        for await (const chunk of stream) length += chunk.length;
        return length;
    };
    export default {
        async fetch(request) {
            const url = new URL(request.url);
            const upstream = () => fetch(url.searchParams.get("url"));
            switch (url.pathname) {
                case "/read":
                    return Response.json([await (await upstream()).text()]);
                case "/pass":
                    return upstream();
                case "/plain":
                    return new Response((await upstream()).body);
                case "/lots": {
                    const stream = zeros(3072).pipeThrough(new CompressionStream("gzip"));
                    return Response.json([await length(stream.pipeThrough(new DecompressionStream("gzip")))]);
                }
                case "/bomb": {
                    const once = new Response(zeros(3072).pipeThrough(new CompressionStream("deflate-raw")));
                    const { readable, writable } = new DecompressionStream("deflate-raw");
                    const writer = writable.getWriter();
                    writer.write(await once.arrayBuffer());
                    writer.close();
                    return Response.json([await length(readable)]);
                }
                case "/gzip":
                    return new Response(zeros(3072), { headers: { "content-encoding": "gzip" } });
            }
        },
    };
"#;

/// `hello hello hello` as gzip.
const GZIP: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x90\0\x80\x88\xf9\xe5\x11\0\0\0";
/// More than an isolate may have.
const LOTS: usize = 3072 * 65_536;

fn serve(project: &Project) -> Emu {
    project.write("src/worker.js", WORKER);
    let config = json!({ "name": "encodings", "main": "src/worker.js", "compatibility_date": "2026-10-01" });
    project.write("wrangler.jsonc", config.to_string());
    project.serve(&[])
}

/// A server that answers with these headers and the compressed text.
fn upstream(headers: &str) -> String {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n{headers}\r\n");
    server([head.as_bytes(), GZIP].concat().leak())
}

#[test]
fn what_another_server_compressed_is_read_decompressed_and_passed_on_as_it_is() {
    let project = Project::empty();
    let emu = serve(&project);
    for headers in ["", &format!("Content-Length: {}\r\n", GZIP.len())] {
        let url = upstream(headers);
        assert_eq!(emu.get(&format!("/read?url={url}")).json(), json!(["hello hello hello"]), "{headers:?}");
        let plain = emu.get(&format!("/plain?url={url}"));
        assert_eq!((plain.header("content-encoding"), plain.body.as_str()), (None, "hello hello hello"));
        let passed = emu.get(&format!("/pass?url={url}"));
        assert_eq!(passed.header("content-encoding"), Some("gzip"));
        assert_eq!(passed.body, String::from_utf8_lossy(GZIP));
    }
}

#[test]
fn more_than_the_memory_holds_is_compressed_and_decompressed() {
    let project = Project::empty();
    let emu = serve(&project);
    for path in ["/lots", "/bomb"] {
        let reply = emu.get(path);
        assert_eq!((reply.status, reply.body), (200, json!([LOTS]).to_string()), "{path}");
    }
    let reply = emu.get("/gzip");
    assert_eq!((reply.status, reply.header("content-length")), (200, None));
    assert!(reply.body.len() < LOTS / 500, "{} bytes", reply.body.len());
}
