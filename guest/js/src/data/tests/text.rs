//! UTF-8, decoders, Latin-1, hexadecimal, base64, forms.

use super::check;

#[test]
fn utf8_goes_both_ways() {
    check(&[
        (r#"hex(host.utf8Encode("a\u00e9\u20ac\u{1f600}"))"#, "\"61c3a9e282acf09f9880\""),
        (r#"hex(host.utf8Encode(""))"#, "\"\""),
        // A lone surrogate is encoded as U+FFFD.
        (r#"hex(host.utf8Encode("a\ud800b\udc00"))"#, "\"61efbfbd62efbfbd\""),
        (r#"host.utf8Length("\u20ac\ud800x")"#, "7"),
        (r#"host.utf8Encode("x".repeat(100000)).byteLength"#, "100000"),
        (r#"host.utf8Decode(u8(0x61, 0xe2, 0x82, 0xac))"#, "\"a\u{20ac}\""),
        // The byte order mark stays.
        (r#"host.utf8Decode(u8(0xef, 0xbb, 0xbf, 0x61)).length"#, "2"),
        // One replacement character for each maximal part of a sequence.
        (
            r#"host.utf8Decode(u8(0x61, 0xf0, 0x9f, 0x98, 0x62, 0xff, 0xed, 0xa0, 0x80))"#,
            "\"a\u{fffd}b\u{fffd}\u{fffd}\u{fffd}\u{fffd}\"",
        ),
        (r#"host.utf8DecodeFatal(u8(0x61, 0xff))"#, "undefined"),
        (r#"host.utf8DecodeFatal(u8(0xc3, 0xa9))"#, "\"\u{e9}\""),
        (r#"host.utf8Encode(5)"#, "TypeError: a string is expected"),
    ]);
}

#[test]
fn encoding_into_stops_before_a_character_that_does_not_fit() {
    check(&[
        (
            r#"{ const t = new Uint8Array(4); return [host.utf8EncodeInto("a\u20acb", t), t.join()] }"#,
            "[[2,4],\"97,226,130,172\"]",
        ),
        (
            r#"{ const t = new Uint8Array(3); return [host.utf8EncodeInto("a\u20acb", t), t.join()] }"#,
            "[[1,1],\"97,0,0\"]",
        ),
        (
            r#"{ const t = new Uint8Array(8); return [host.utf8EncodeInto("\u{1f600}", t.subarray(2, 7)), t.join()] }"#,
            "[[2,4],\"0,0,240,159,152,128,0,0\"]",
        ),
        (r#"host.utf8EncodeInto("\ud800", new Uint8Array(3))"#, "[1,3]"),
        (r#"host.utf8EncodeInto("a", new Uint8Array(0))"#, "[0,0]"),
    ]);
}

#[test]
fn bytes_come_from_every_buffer_and_view() {
    check(&[
        ("hex(u8(1, 2, 3, 4).subarray(1, 3))", "\"0203\""),
        ("hex(new DataView(u8(1, 2, 3, 4).buffer, 1, 2))", "\"0203\""),
        ("hex(new Float16Array([1]))", "\"003c\""),
        ("hex(new Uint16Array([1, 2]).subarray(1))", "\"0200\""),
        ("hex(new BigInt64Array([-1n]))", "\"ffffffffffffffff\""),
        ("hex(new SharedArrayBuffer(2))", "\"0000\""),
        ("hex(new Uint8Array(0))", "\"\""),
        // A view that follows a resizable buffer's length, and one that does not.
        (
            "{ const b = new ArrayBuffer(2, { maxByteLength: 4 }); const v = new Uint8Array(b); b.resize(4); v[3] = 7; return hex(v) }",
            "\"00000007\"",
        ),
        (
            "{ const b = new ArrayBuffer(2, { maxByteLength: 4 }); const v = new Uint8Array(b, 1); b.resize(4); b.resize(3); return hex(v) }",
            "\"0000\"",
        ),
        (
            "{ const b = new ArrayBuffer(2, { maxByteLength: 4 }); const v = new Uint8Array(b, 0, 2); b.resize(4); return hex(v) }",
            "\"0000\"",
        ),
        (
            "{ const b = new ArrayBuffer(4, { maxByteLength: 4 }); const v = new Uint8Array(b, 0, 4); b.resize(2); return hex(v) }",
            "TypeError: ArrayBuffer is detached or resized",
        ),
        ("{ const v = u8(1); v.buffer.transfer(); return hex(v) }", "TypeError: ArrayBuffer is detached or resized"),
        ("{ const b = new ArrayBuffer(1); b.transfer(); return hex(b) }", "TypeError: ArrayBuffer is detached"),
        ("hex([1])", "TypeError: ArrayBuffer object expected"),
        ("hex(5)", "TypeError: ArrayBuffer object expected"),
    ]);
}

#[test]
fn decoders_know_the_standards_encodings() {
    check(&[
        (
            r#"["utf8", " UTF-8 ", "latin1", "sjis", "utf-16", "x-user-defined"].map(host.encodingName)"#,
            r#"["utf-8","utf-8","windows-1252","shift_jis","utf-16le","x-user-defined"]"#,
        ),
        (
            r#"["nope", "", "replacement", "iso-2022-kr"].map(host.encodingName)"#,
            "[undefined,undefined,undefined,undefined]",
        ),
        (
            r#"host.decoderNew("shift_jis", false, false).decode(u8(0x93, 0xfa, 0x96, 0x7b), false)"#,
            "\"\u{65e5}\u{672c}\"",
        ),
        (r#"host.decoderNew("utf-16le", false, false).decode(u8(0xff, 0xfe, 0x61, 0), false)"#, "\"a\""),
        (r#"host.decoderNew("utf-8", false, true).decode(u8(0xef, 0xbb, 0xbf, 0x61), false).length"#, "2"),
        // Another encoding's mark is text.
        (r#"host.decoderNew("utf-8", false, false).decode(u8(0xff, 0xfe), false)"#, "\"\u{fffd}\u{fffd}\""),
        (r#"host.decoderNew("utf-8", true, false).decode(u8(0xff), false)"#, "TypeError: Failed to decode input."),
        (r#"host.decoderNew("nope", true, false)"#, "RangeError: the encoding is unknown"),
    ]);
}

#[test]
fn a_decoder_keeps_half_a_character_and_begins_anew_after_the_end() {
    check(&[
        (
            r#"{ const d = host.decoderNew("utf-8", false, false);
              return [d.decode(u8(0xe2, 0x82), true), d.decode(u8(0xac), true), d.decode(u8(0xe2), true), d.decode(u8(), false), d.decode(u8(0x61), false)] }"#,
            "[\"\",\"\u{20ac}\",\"\",\"\u{fffd}\",\"a\"]",
        ),
        // The mark is taken from the beginning of every text.
        (
            r#"{ const d = host.decoderNew("utf-8", false, false); const t = u8(0xef, 0xbb, 0xbf, 0x61); return [d.decode(t, false), d.decode(t, false)] }"#,
            "[\"a\",\"a\"]",
        ),
        (
            r#"{ const d = host.decoderNew("utf-8", true, false); try { d.decode(u8(0xe2, 0x61), true) } catch (e) { return [e.name, d.decode(u8(0x62), false)] } }"#,
            "[\"TypeError\",\"b\"]",
        ),
    ]);
}

#[test]
fn latin1_and_hexadecimal() {
    check(&[
        (r#"host.latin1Decode(u8(0x61, 0xe9, 0x80))"#, "\"a\u{e9}\u{80}\""),
        (r#"hex(host.latin1Encode("a\u00e9\u20ac"))"#, "\"61e9ac\""),
        (r#"host.hexDecode("00fFa")"#, "undefined"),
        (r#"host.hexDecode("00fF")"#, "<00ff>"),
        (r#"host.hexDecode("0g")"#, "undefined"),
        (r#"host.hexDecode("\u00e9")"#, "undefined"),
    ]);
}

#[test]
fn base64_is_encoded_in_both_alphabets() {
    check(&[
        (
            "[[false, false], [false, true], [true, false], [true, true]].map((o) => host.base64Encode(u8(255, 239, 1, 2), ...o))",
            r#"["/+8BAg==","/+8BAg","_-8BAg==","_-8BAg"]"#,
        ),
        (r#"host.btoa("a\u00e9")"#, "\"Yek=\""),
        (r#"host.btoa("\u20ac")"#, "undefined"),
        (r#"host.btoa("")"#, "\"\""),
    ]);
}

#[test]
fn forgiving_base64_forgives_what_the_standard_says() {
    check(&[
        (
            r#"["YQ==", "YQ", " Y\tQ\n=\f=\r", "YR==", "", "YWI=", "YWI", "6Q=="].map(host.atob)"#,
            "[\"a\",\"a\",\"a\",\"a\",\"\",\"ab\",\"ab\",\"\u{e9}\"]",
        ),
        (
            r#"["Y", "YQ=", "YQ===", "=", "YWI==", "Y=Q=", "Y-Q=", "\u00e9\u00e9", "YQ\u00a0", "===="].map(host.atob)"#,
            "[undefined,undefined,undefined,undefined,undefined,undefined,undefined,undefined,undefined,undefined]",
        ),
    ]);
}

#[test]
fn from_base64_handles_the_last_group_as_told() {
    check(&[
        (
            r#"["YWJj", "YWJjZA==", "YWJjZA", "YWJjZB==", "YWJjZ", " YW Jj "].map((t) => host.base64Decode(t, false, "loose"))"#,
            "[[<616263>,4],[<61626364>,8],[<61626364>,6],[<61626364>,8],undefined,[<616263>,7]]",
        ),
        (
            r#"["YWJj", "YWJjZA==", "YWJjZA", "YWJjZB==", "YWJjZGU=", "YWJjZGV="].map((t) => host.base64Decode(t, false, "strict"))"#,
            "[[<616263>,4],[<61626364>,8],undefined,undefined,[<6162636465>,8],undefined]",
        ),
        (
            r#"["YWJj", "YWJjZA==", "YWJjZA", "YWJjZA=", "YWJj Z", "YWJjZ="].map((t) => host.base64Decode(t, false, "stop-before-partial"))"#,
            "[[<616263>,4],[<61626364>,8],[<616263>,4],[<616263>,4],[<616263>,4],undefined]",
        ),
        (
            r#"[["-_8=", true], ["-_8=", false], ["+/8=", true], ["+/8=", false]].map(([t, u]) => host.base64Decode(t, u, "loose"))"#,
            "[[<fbff>,4],undefined,undefined,[<fbff>,4]]",
        ),
        (
            r#"["=", "YQ==YQ==", "YQ= =", "YQ==\n", "YQ==x", "YQ=x", "\u00e9"].map((t) => host.base64Decode(t, false, "loose"))"#,
            "[undefined,undefined,[<61>,5],[<61>,5],undefined,undefined,undefined]",
        ),
    ]);
}

#[test]
fn forms_are_parsed_and_serialised() {
    check(&[
        (
            r#"host.formParse("a=1&b=x+y%20z&a=%E2%82%AC&=&c&%zz=%ff")"#,
            "[\"a\",\"1\",\"b\",\"x y z\",\"a\",\"\u{20ac}\",\"\",\"\",\"c\",\"\",\"%zz\",\"\u{fffd}\"]",
        ),
        (r#"host.formParse("")"#, "[]"),
        (r#"host.formParse("?a=1")"#, "[\"?a\",\"1\"]"),
        (r#"host.formSerialize(["a b", "\u20ac&=", "*-._~", ""])"#, "\"a+b=%E2%82%AC%26%3D&*-._%7E=\""),
        (r#"host.formSerialize(["a", "\ud800"])"#, "\"a=%EF%BF%BD\""),
        (r#"host.formSerialize([])"#, "\"\""),
    ]);
}
