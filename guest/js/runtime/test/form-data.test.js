/** `FormData` and the formats in which it travels. Invariant: needs no engine. */

import "./fake-host.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlags } from "../flags.js";
import { Blob, File } from "../web/blob.js";
import { FormData } from "../web/form-data.js";
import { parseMimeType } from "../web/mime-type.js";
import { parseFormData, serialiseMultipart } from "../web/multipart.js";

const FILES = ["formdata_parser_supports_files"];
const MULTIPART = "multipart/form-data; boundary=a";
const part = (disposition, body = "v") => `--a\r\nContent-Disposition: ${disposition}\r\n\r\n${body}\r\n--a--`;
const parse = (text, type = MULTIPART) => parseFormData(Buffer.from(text), type);

const PARSED = [
    ["one part", part('form-data; name="x"'), MULTIPART, [["x", "v"]]],
    ["no parts", "--a--", MULTIPART, []],
    ["bare line feeds", '--a\nContent-Disposition: form-data; name="x"\n\nv\n--a--\n', MULTIPART, [["x", "v"]]],
    ["a preamble and an epilogue", `pre\r\n${part('form-data; name="x"')}post`, MULTIPART, [["x", "v"]]],
    ["escapes in names", part('form-data; name="a%22\\\\b\\"c\\d"'), MULTIPART, [['a%22\\b"cd', "v"]]],
    ["space around parameters", part('form-data; name = "x" ; q="y"'), MULTIPART, [["x", "v"]]],
    ["a name inside a parameter", part('form-data; q="; name=\\"z\\""; name="y"'), MULTIPART, [["y", "v"]]],
    ["a boundary inside a line", part('form-data; name="x"', "v--a\r\nq"), MULTIPART, [["x", "v--a\r\nq"]]],
    ["an empty value", part('form-data; name="x"', ""), MULTIPART, [["x", ""]]],
    ["an empty file name", part('form-data; name="x"; filename=""'), MULTIPART, [["x", "v"]]],
    ["UTF-8", part('form-data; name="é"', "ü"), "Multipart/Form-Data; Boundary=\"a\"", [["é", "ü"]]],
    ["a query", "a=b&c=d+e%20f&%ff=1", "application/x-www-form-urlencoded; charset=UTF-8", [
        ["a", "b"], ["c", "d e f"], ["\ufffd", "1"],
    ]],
    ["a query that begins with ?", "?a=b", "application/x-www-form-urlencoded", [["?a", "b"]]],
];

for (const [name, text, type, expected] of PARSED) {
    test(`parses ${name}`, () => {
        assert.deepEqual([...parse(text, type)], expected);
    });
}

const UNPARSED = [
    ["x", null, "Parsing a Body as FormData requires a Content-Type header."],
    ["x", "text/plain", /^Unrecognized Content-Type header value\. .*: multipart\/form-data, application\/x-www-/u],
    ["x", "multipart/form-data, text/plain", /^Unrecognized Content-Type header value\./u],
    ["x", "application/x-www-form-urlencodedfoo", /^Unrecognized Content-Type header value\./u],
    ["x", "multipart/form-data", /^No boundary string in Content-Type header\. .*"abcd"'\. See RFC 7578, sect/u],
    ["x", MULTIPART, "No initial boundary string (or you have a truncated message)."],
    ["", MULTIPART, "No initial boundary string (or you have a truncated message)."],
    ["--a\r\n", MULTIPART, "No multipart message header termination found."],
    ["--a  \r\n", MULTIPART, "Boundary string was not succeeded by CRLF, LF, or '--'."],
    ["--ab--", MULTIPART, "Boundary string was not succeeded by CRLF, LF, or '--'."],
    ['--a\r\nContent-Disposition: form-data; name="x"\r\n\r\nv', MULTIPART,
        "No subsequent boundary string after multipart message."],
    ['--a\r\nContent-Disposition: form-data; name="x"\r\n\r\n--a--', MULTIPART,
        "No subsequent boundary string after multipart message."],
    ["--a\r\n\r\nFoo: bar\r\n\r\nv\r\n--a--", MULTIPART, "FormData part had invalid headers."],
    ["--a\r\nFoo: bar\r\n\r\nv\r\n--a--", MULTIPART, "No valid Content-Disposition header found in FormData part."],
    [part("form-data; name=x"), MULTIPART, "Content-Disposition header in FormData part is missing a name."],
    [part('form-data; NAME="x"'), MULTIPART, "Content-Disposition header in FormData part is missing a name."],
    [part('attachment; name="x"'), MULTIPART,
        'Content-Disposition header for FormData part must have the value "form-data", possibly followed by ' +
        'parameters. Got: "attachment"'],
    ["a=b", "application/x-www-form-urlencoded; charset=latin1", "Non-utf-8 application/x-www-form-urlencoded body."],
];

for (const [text, type, message] of UNPARSED) {
    test(`does not parse ${JSON.stringify(text)} as ${type}`, () => {
        assert.throws(() => parse(text, type), { name: "TypeError", message });
    });
}

test("files keep name, type and bytes", async () => {
    const body = Buffer.concat([
        Buffer.from('--a\r\nContent-Disposition: form-data; filename="f"; name="x"\r\n'),
        Buffer.from("Content-Type: Text/Plain; q=X\r\n\r\n"),
        Buffer.from([0, 255, 13, 10]),
        Buffer.from("\r\n--a--"),
    ]);
    const file = parseFormData(body, MULTIPART).get("x");
    assert.deepEqual([file.name, file.type, [...(await file.bytes())]], ["f", "Text/Plain; q=X", [0, 255, 13, 10]]);
    setFlags("2021-11-02", []);
    assert.equal(parse(part('form-data; name="x"; filename="f"')).get("x"), "v");
    setFlags("2026-05-01", FILES);
});

test("what is written is read again", async () => {
    const form = new FormData();
    form.append('a"\\b\n', "x\r\ny");
    form.append("f", new File([new Uint8Array([1, 2])], "ü", { type: "x/y" }));
    form.append("g", new Blob(["z"]));
    const { bytes, contentType } = serialiseMultipart(form);
    const again = parseFormData(bytes, contentType);
    assert.deepEqual([...again.keys()], ['a%22\\b%0A', "f", "g"]);
    assert.equal(again.get('a%22\\b%0A'), "x\r\ny");
    assert.deepEqual([again.get("f").name, again.get("f").type, again.get("f").size], ["ü", "x/y", 2]);
    assert.deepEqual([again.get("g").name, again.get("g").type], ["g", "application/octet-stream"]);
    assert.match(Buffer.from(bytes).toString(), /^--[0-9a-f]{32}\r\n[^]*\r\n--[0-9a-f]{32}--$/u);
    form.append("x\\", "y");
    assert.throws(() => serialiseMultipart(form), { message: "Name or filename can't end with backslash" });
});

test("entries", () => {
    const form = new FormData();
    const file = new File(["x"], "n", { lastModified: 4 });
    form.append("a", 5);
    form.append("b", file);
    form.append("a", new Blob(["x"]), "q");
    form.append("c", file, "renamed");
    assert.equal(form.get("b"), file);
    assert.deepEqual([form.getAll("a")[0], form.getAll("a")[1].name, form.get("zz")], ["5", "q", null]);
    assert.deepEqual([form.get("c").name, form.get("c").lastModified], ["renamed", 4]);
    form.set("a", 9);
    form.delete("b");
    assert.deepEqual([...form.keys()], ["a", "c"]);
    assert.deepEqual([form.get("a"), form.has("b"), form.has("c")], ["9", false, true]);
    const seen = [];
    form.forEach(function visit(value, name, source) { seen.push(name, source === form, this.q); }, { q: 1 });
    assert.deepEqual(seen, ["a", true, 1, "c", true, 1]);
});

test("refusals of FormData", () => {
    for (const [attempt, message] of [
        [(f) => f.append(), "Failed to execute 'append' on 'FormData': parameter 1 is not of type 'string'."],
        [(f) => f.set("a"),
            "Failed to execute 'set' on 'FormData': parameter 2 is not of type 'File or Blob or string'."],
        [(f) => f.forEach(5), "Failed to execute 'forEach' on 'FormData': parameter 1 is not of type 'function'."],
        [() => FormData.prototype.get.call({}, "a"), /^Illegal invocation/u],
    ]) {
        assert.throws(() => attempt(new FormData()), { name: "TypeError", message });
    }
});

const MIME_TYPES = [
    ["text/HTML;charset=UTF-8", "text/html", { charset: "UTF-8" }],
    ['a/b; X="q;\\"w" ; y= ; z=1 ; x=2', "a/b", { x: 'q;"w', z: "1" }],
    ["a/b", "a/b", {}],
    ["a", undefined],
    ["a/b c", undefined],
];

for (const [text, essence, parameters] of MIME_TYPES) {
    test(`MIME type ${text}`, () => {
        const type = parseMimeType(text);
        assert.equal(type?.essence, essence);
        assert.deepEqual(type && Object.fromEntries(type.parameters), parameters);
    });
}
