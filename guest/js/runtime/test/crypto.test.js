/** `crypto` and `crypto.subtle`. Invariant: needs no engine. */

import { host } from "./fake-host.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { crypto } from "../web/crypto/crypto.js";
import { CryptoKey } from "../web/crypto/key.js";

const { subtle } = crypto;
const bytes = (...values) => new Uint8Array(values);
const HMAC = { name: "HMAC", hash: "SHA-256" };
const hex = (buffer) => Buffer.from(buffer).toString("hex");

test("no random values outside of handlers", async () => {
    host.inGlobalScope = () => true;
    const disallowed = /^Disallowed operation called within global scope\. /u;
    assert.throws(() => crypto.randomUUID(), { message: disallowed });
    assert.throws(() => crypto.getRandomValues(bytes(0)), { message: disallowed });
    await assert.rejects(subtle.generateKey(HMAC, true, ["sign"]), { message: disallowed });
    host.inGlobalScope = () => false;
});

test("randomUUID", () => {
    const uuids = Array.from({ length: 100 }, () => crypto.randomUUID());
    for (const uuid of uuids) {
        assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/u);
    }
    assert.equal(new Set(uuids).size, 100);
});

test("getRandomValues fills the view it is given", () => {
    const { random } = host;
    host.random = (length) => new Uint8Array(length).fill(7).buffer;
    const buffer = new ArrayBuffer(4);
    const view = new Uint16Array(buffer, 2, 1);
    assert.equal(crypto.getRandomValues(view), view);
    assert.equal(hex(buffer), "00000707");
    assert.equal(crypto.getRandomValues(new BigInt64Array(1))[0], 0x0707070707070707n);
    host.random = random;
});

const GET_REFUSALS = [
    [
        undefined, "TypeError",
        "Failed to execute 'getRandomValues' on 'Crypto': parameter 1 is not of type 'ArrayBufferView'.",
    ],
    [
        new Float32Array(1), "TypeMismatchError",
        "ArrayBufferView argument to getRandomValues() must be an integer-typed view.",
    ],
    [
        new DataView(new ArrayBuffer(1)), "TypeMismatchError",
        "ArrayBufferView argument to getRandomValues() must be an integer-typed view.",
    ],
    [
        new Uint8Array(65_537), "QuotaExceededError",
        "getRandomValues() only accepts buffers of size <= 64K but provided 65537 bytes.",
    ],
];

for (const [view, name, message] of GET_REFUSALS) {
    test(`getRandomValues refuses ${Object.prototype.toString.call(view)}`, () => {
        assert.throws(() => crypto.getRandomValues(view), { name, message });
    });
}

test("digest", async () => {
    for (const [algorithm, expected] of [
        ["md5", "93b885adfe0da089cdf634904fd59f71"],
        [{ name: "sha-1" }, "5ba93c9db0cff93f52b521d7420e43f6eda2784f"],
        ["SHA-256", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"],
    ]) {
        assert.equal(hex(await subtle.digest(algorithm, bytes(0))), expected);
    }
});

test("a signature is verified", async () => {
    // RFC 4231, test case 2.
    const key = await subtle.importKey("raw", Buffer.from("Jefe"), HMAC, false, ["verify", "sign", "sign"]);
    const data = Buffer.from("what do ya want for nothing?");
    const signature = await subtle.sign("hmac", key, data);
    assert.equal(hex(signature), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert.equal(await subtle.verify({ name: "HMAC" }, key, signature, data), true);
    assert.equal(await subtle.verify("HMAC", key, signature, bytes(1)), false);
    assert.equal(await subtle.verify("HMAC", key, bytes(1), data), false);
    assert.deepEqual(
        [key.type, key.extractable, key.algorithm, key.usages],
        ["secret", false, { name: "HMAC", hash: { name: "SHA-256" }, length: 32 }, ["sign", "verify"]],
    );
});

test("keys are generated, exported and imported", async () => {
    const lengths = [["SHA-1", 512], ["SHA-256", 512], ["SHA-384", 1024], ["SHA-512", 1024]];
    for (const [hash, length] of lengths) {
        const key = await subtle.generateKey({ name: "HMAC", hash }, true, ["sign"]);
        assert.equal(key.algorithm.length, length);
        const jwk = await subtle.exportKey("jwk", key);
        assert.deepEqual(Object.keys(JSON.parse(JSON.stringify(jwk))), ["kty", "key_ops", "alg", "ext", "k"]);
        assert.ok("crv" in jwk);
        const again = await subtle.importKey("jwk", jwk, { name: "HMAC", hash }, true, ["verify"]);
        assert.equal(hex(await subtle.exportKey("raw", again)), hex(await subtle.exportKey("raw", key)));
    }
    const short = await subtle.importKey("raw", bytes(255, 255, 255), { ...HMAC, length: 20 }, true, ["sign"]);
    assert.equal(hex(await subtle.exportKey("raw", short)), "fffff0");
    assert.equal((await subtle.generateKey({ ...HMAC, length: 12 }, true, ["sign"])).algorithm.length, 12);
});

const importing = (format, data, algorithm, extractable = true, usages = ["sign"]) =>
    () => subtle.importKey(format, data, algorithm, extractable, usages);
const generating = (algorithm, usages = ["sign"], extractable = true) =>
    () => subtle.generateKey(algorithm, extractable, usages);
const using = (usages, use, extractable = true) =>
    async () => use(await subtle.generateKey(HMAC, extractable, usages));

const REFUSALS = [
    [
        () => subtle.digest(), "TypeError",
        "Failed to execute 'digest' on 'SubtleCrypto': parameter 1 is not of type 'string or HashAlgorithm'.",
    ],
    [
        () => subtle.digest("SHA-1", "x"), "TypeError",
        "Failed to execute 'digest' on 'SubtleCrypto': parameter 2 is not of type 'BufferSource'.",
    ],
    [() => subtle.digest({}, bytes()), "NotSupportedError",
        "Unrecognized or unimplemented digest algorithm requested."],
    [importing("raw", bytes(1), "FOO"), "NotSupportedError", 'Unrecognized key import algorithm "FOO" requested.'],
    [importing("raw", bytes(1), "HMAC"), "TypeError", 'Missing field "hash" in "algorithm".'],
    [importing("spki", bytes(1), HMAC), "NotSupportedError", 'Unrecognized key import format "spki".'],
    [
        importing("jwk", bytes(1), HMAC), "TypeError",
        'Import data provided for "jwk" import format must be a JsonWebKey.',
    ],
    [
        importing("raw", {}, HMAC), "TypeError",
        "Import data provided for buffer-based import formats must be a buffer source.",
    ],
    [
        importing("raw", "x", HMAC), "TypeError",
        "Failed to execute 'importKey' on 'SubtleCrypto': parameter 2 is not of type 'BufferSource or JsonWebKey'.",
    ],
    [
        importing("raw", bytes(), HMAC), "DataError",
        "Imported HMAC key length (0) must be a non-zero value up to 7 bits less than, and no greater than, the bit " +
        "length of the raw key data (0).",
    ],
    [importing("raw", bytes(1, 2), { ...HMAC, length: 8 }), "DataError",
        /^Imported HMAC key length \(8\) .* \(16\)\.$/u],
    [
        importing("jwk", { kty: "RSA" }, HMAC), "DataError",
        'HMAC "jwk" key import requires a JSON Web Key with Key Type parameter ("kty") equal to "oct" ' +
        '(encountered "RSA").',
    ],
    [
        importing("jwk", { kty: "oct", k: "!!" }, HMAC), "DataError",
        'HMAC "jwk" key import requires a base64Url encoding of the key',
    ],
    [
        importing("jwk", { kty: "oct", k: "AAAA", alg: "HS1" }, HMAC), "DataError",
        'HMAC "jwk" key import specifies "alg" that is incompatible with the hash name (encountered "HS1", expected ' +
        '"HS256").',
    ],
    [
        importing("jwk", { kty: "oct", k: "AAAA", ext: false }, HMAC), "DataError",
        'JWK ext field for "HMAC" is set to false but extractable is true',
    ],
    [
        importing("raw", bytes(1), HMAC, true, []), "SyntaxError",
        "Secret/private CryptoKeys must have at least one usage.",
    ],
    [
        importing("raw", bytes(1), HMAC, true, ["encrypt"]), "SyntaxError",
        'Attempt to import secret HMAC key with invalid usage "encrypt".',
    ],
    [generating("FOO"), "NotSupportedError", 'Unrecognized key generation algorithm "FOO" requested.'],
    [generating(HMAC, ["foo"]), "SyntaxError", 'Attempt to generate HMAC key with invalid usage "foo".'],
    [generating(HMAC, []), "SyntaxError", "Secret/private CryptoKeys must have at least one usage."],
    [
        generating({ ...HMAC, length: 0 }), "OperationError",
        "HMAC key length must be a non-zero unsigned long integer (requested 0).",
    ],
    [
        using(["sign"], (key) => subtle.verify("HMAC", key, bytes(), bytes())), "InvalidAccessError",
        'Requested key usage "verify" does not match any usage listed in this CryptoKey.',
    ],
    [
        using(["sign"], (key) => subtle.sign("ECDSA", key, bytes())), "InvalidAccessError",
        'Requested algorithm "ECDSA" does not match this CryptoKey\'s algorithm "HMAC".',
    ],
    [
        using(["sign"], (key) => subtle.encrypt("HMAC", key, bytes())), "InvalidAccessError",
        'Requested key usage "encrypt" does not match any usage listed in this CryptoKey.',
    ],
    [
        using(["sign"], (key) => subtle.exportKey("raw", key), false), "InvalidAccessError",
        "Attempt to export non-extractable HMAC key.",
    ],
    [
        using(["sign"], (key) => subtle.exportKey("pkcs8", key)), "NotSupportedError",
        'Unimplemented key export format "pkcs8".',
    ],
    [
        () => subtle.sign("HMAC", {}, bytes()), "TypeError",
        "Failed to execute 'sign' on 'SubtleCrypto': parameter 2 is not of type 'CryptoKey'.",
    ],
    [async () => new CryptoKey(), "TypeError", "Illegal constructor"],
    [
        async () => subtle.timingSafeEqual(bytes(1), bytes(1, 2)), "TypeError",
        "Input buffers must have the same byte length.",
    ],
];

for (const [attempt, name, message] of REFUSALS) {
    test(`refuses with ${name} ${message}`, async () => {
        await assert.rejects(attempt, { name, message });
    });
}

test("timingSafeEqual", () => {
    assert.equal(subtle.timingSafeEqual(bytes(1, 2), bytes(1, 2).buffer), true);
    assert.equal(subtle.timingSafeEqual(bytes(1, 2), bytes(1, 3)), false);
});

test("DigestStream", async () => {
    const stream = new crypto.DigestStream("SHA-256");
    const writer = stream.getWriter();
    const chunk = bytes(98);
    await writer.write("a");
    await writer.write(chunk);
    chunk[0] = 0;
    await writer.close();
    assert.equal(stream.bytesWritten, 2n);
    assert.equal(hex(await stream.digest), hex(await subtle.digest("SHA-256", Buffer.from("ab"))));
    const refusing = new crypto.DigestStream({ name: "md5" });
    await assert.rejects(refusing.getWriter().write(5), {
        name: "TypeError",
        message: /^DigestStream is a byte stream/u,
    });
    await assert.rejects(refusing.digest, { name: "TypeError" });
    assert.throws(() => new crypto.DigestStream("foo"), { name: "NotSupportedError" });
});
