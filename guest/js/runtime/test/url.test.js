/** `URL` and `URLSearchParams`. Invariant: needs no engine. */

import "./fake-host.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlags } from "../flags.js";
import { URL } from "../web/url.js";
import { URLSearchParams } from "../web/url-search-params.js";

const PARTS = [
    "href", "origin", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash",
];

const URLS = [
    "http://u:p@h:81/a/b?x=1#f", "https://example.com", "http://u@h/?#", "http://:p@h/#?x", "file:///x", "a:b",
    "mailto:a@b?c#d", "web+x:/.//p", "http://[::1]:8080/", "data:text/plain,hi", "ws://h:80/", "http://h/?q",
];

for (const text of URLS) {
    test(`parts of ${text}`, () => {
        const url = new URL(text);
        const expected = new globalThis.URL(text);
        for (const part of PARTS) {
            assert.equal(url[part], expected[part], part);
        }
        assert.equal(JSON.stringify(url), JSON.stringify(expected));
    });
}

test("construction", () => {
    assert.equal(new URL("/x", "http://h/a").href, "http://h/x");
    assert.equal(new URL(new URL("http://h/y")).href, "http://h/y");
    for (const [attempt, message] of [
        [() => new URL(), "Failed to construct 'URL': constructor parameter 1 is not of type 'USVString'."],
        [() => new URL("x"), "Invalid URL string."],
        [() => new URL("x", null), "Invalid URL string."],
        [() => URL.canParse(), "Failed to execute 'canParse' on 'URL': parameter 1 is not of type 'USVString'."],
        [
            () => { new URL("a:b").href = "zz"; },
            "Failed to set the 'href' property on 'URL': the provided value is not of type 'valid URL string'.",
        ],
    ]) {
        assert.throws(attempt, { name: "TypeError", message });
    }
    assert.deepEqual([URL.parse("x"), URL.parse("a:b").href, URL.canParse("x"), URL.canParse("x", "http://h")], [
        null, "a:b", false, true,
    ]);
});

test("setters", () => {
    const url = new URL("http://h/p?q#f");
    Object.assign(url, { username: "u", password: "p", hostname: "g", port: "81" });
    Object.assign(url, { pathname: "x y", hash: "", search: "z" });
    assert.equal(url.href, "http://u:p@g:81/x%20y?z");
    url.port = "abc";
    assert.equal(url.port, "81");
});

test("searchParams and search change each other", () => {
    const url = new URL("http://h?a=b#x");
    const { searchParams } = url;
    searchParams.append("c", "d e");
    assert.equal(url.href, "http://h/?a=b&c=d+e#x");
    url.search = "?z=1";
    assert.deepEqual([...searchParams], [["z", "1"]]);
    url.href = "http://h/?y=2";
    assert.equal(searchParams.get("y"), "2");
    searchParams.delete("y");
    assert.equal(url.href, "http://h/");
    assert.equal(url.searchParams, searchParams);
});

const INITS = [
    ["a string", "?a=b&c=%zz+x&&=q", "a=b&c=%25zz+x&=q"],
    ["null", null, "null="],
    ["a number", 5, "5="],
    ["nothing", undefined, ""],
    ["an object", { a: 1, b: undefined }, "a=1&b=undefined"],
    ["pairs", [["a", "b"], ["c", "d"]], "a=b&c=d"],
    ["a map", new Map([["a", "b"]]), "a=b"],
    ["a function", () => {}, ""],
    ["its like", new URLSearchParams("a=b&a=c"), "a=b&a=c"],
    ["unusual characters", "a=é~!*()'-._ +%", "a=%C3%A9%7E%21*%28%29%27-._++%25"],
    ["lone surrogates", { a: "\ud800" }, "a=%EF%BF%BD"],
];

for (const [name, init, expected] of INITS) {
    test(`URLSearchParams of ${name}`, () => {
        assert.equal(new URLSearchParams(init).toString(), expected);
    });
}

const REFUSALS = [
    [() => new URLSearchParams([["a"]]), "Invalid URL search params sequence."],
    [() => new URLSearchParams([5]), "Incorrect type: the provided value is not of type 'Sequence'."],
    [
        () => new URLSearchParams().append("a"),
        "Failed to execute 'append' on 'URLSearchParams': parameter 2 is not of type 'USVString'.",
    ],
    [
        () => new URLSearchParams().get(),
        "Failed to execute 'get' on 'URLSearchParams': parameter 1 is not of type 'USVString'.",
    ],
    [
        () => new URLSearchParams().forEach(),
        "Failed to execute 'forEach' on 'URLSearchParams': parameter 1 is not of type 'function'.",
    ],
    [() => URLSearchParams.prototype.get.call({}, "a"), /^Illegal invocation/u],
];

for (const [attempt, message] of REFUSALS) {
    test(`refuses ${attempt}`, () => {
        assert.throws(attempt, { name: "TypeError", message });
    });
}

const CHANGES = [
    ["set replaces the first and drops the rest", (p) => p.set("a", "9"), "a=9&z=8"],
    ["set adds", (p) => p.set("n", "9"), "a=1&z=8&a=2&a=3&n=9"],
    ["delete", (p) => p.delete("a"), "z=8"],
    ["delete by value", (p) => p.delete("a", "2"), "a=1&z=8&a=3"],
    ["delete with undefined", (p) => p.delete("a", undefined), "z=8"],
    ["sort is stable", (p) => { p.append("a", "0"); p.sort(); }, "a=1&a=2&a=3&a=0&z=8"],
];

for (const [name, change, expected] of CHANGES) {
    test(`URLSearchParams: ${name}`, () => {
        const params = new URLSearchParams("a=1&z=8&a=2&a=3");
        change(params);
        assert.equal(params.toString(), expected);
    });
}

test("values are compared only from 2023-07-01 on", () => {
    const params = new URLSearchParams("a=1&a=2");
    assert.equal(params.has("a", "9"), false);
    setFlags("2023-06-30", []);
    assert.equal(params.has("a", "9"), true);
    params.delete("a", "1");
    assert.equal(params.size, 0);
    setFlags("2026-05-01", ["urlsearchparams_delete_has_value_arg"]);
});

test("iteration is live", () => {
    const params = new URLSearchParams("a=1&b=2");
    const seen = [];
    for (const [name] of params) {
        seen.push(name);
        if (name === "a") {
            params.append("c", "3");
        }
    }
    assert.deepEqual(seen, ["a", "b", "c"]);
    assert.equal(Object.prototype.toString.call(params.keys()), "[object KeyIterator]");
    assert.equal(URLSearchParams.prototype[Symbol.iterator], URLSearchParams.prototype.entries);
    assert.deepEqual([...params.values()], ["1", "2", "3"]);
});
