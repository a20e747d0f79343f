//! What Node's V8 writes is read as what it stands for, and what is written is what V8 would write.

use super::{read, write};
use crate::js::{ErrorValue, JsValue, Value};
use emu_abi::Failure;

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect()
}

fn number(number: f64) -> JsValue {
    JsValue::from(number)
}

fn text(text: &str) -> JsValue {
    JsValue::from(text)
}

fn array(items: Vec<JsValue>) -> JsValue {
    JsValue(Value::Array(items))
}

fn object(fields: Vec<(&str, JsValue)>) -> JsValue {
    JsValue(Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
}

fn big(integer: i128) -> JsValue {
    JsValue(Value::BigInt(integer))
}

fn view(bytes: &[u8]) -> JsValue {
    JsValue(Value::Bytes(bytes.to_vec()))
}

fn buffer(bytes: &[u8]) -> JsValue {
    JsValue(Value::Buffer(bytes.to_vec()))
}

/// Node's `v8.Serializer` wrote these for the values beside them.
fn both_ways() -> Vec<(&'static str, JsValue)> {
    vec![
        ("ff0f5f", JsValue::UNDEFINED),
        ("ff0f30", JsValue::NULL),
        ("ff0f54", JsValue::TRUE),
        ("ff0f46", JsValue::FALSE),
        ("ff0f4900", number(0.0)),
        ("ff0f4901", number(-1.0)),
        ("ff0f4954", number(42.0)),
        ("ff0f49feffffff0f", number(2_147_483_647.0)),
        ("ff0f49ffffffff0f", number(-2_147_483_648.0)),
        ("ff0f4e000000000000e041", number(2_147_483_648.0)),
        ("ff0f4e000000000000f83f", number(1.5)),
        ("ff0f4e9c7500883ce4377e", number(1e300)),
        ("ff0f2200", text("")),
        ("ff0f2203616263", text("abc")),
        ("ff0f2202e9ff", text("éÿ")),
        ("ff0f631a6800e9006c006c006f002000922120007700f60072006c006400", text("héllo → wörld")),
        ("ff0f6304e5652c67", text("日本")),
        ("ff0f63043dd800de", text("😀")),
        ("ff0f41016302e565240001", array(vec![text("日")])),
        ("ff0f4102220161006302e565240002", array(vec![text("a"), text("日")])),
        ("ff0f5a00", big(0)),
        ("ff0f5a110100000000000000", big(-1)),
        ("ff0f5a20d20a3f4eeee073c3f60fe98e01000000", big(123_456_789_012_345_678_901_234_567_890)),
        ("ff0f4100240000", array(vec![])),
        ("ff0f4103490222016130240003", array(vec![number(1.0), text("a"), JsValue::NULL])),
        ("ff0f41024101490224000141014904240001240002", array(vec![array(vec![number(1.0)]), array(vec![number(2.0)])])),
        ("ff0f6f7b00", object(vec![])),
        (
            "ff0f6f22016149022201f622017822016e6f22016d4101542400017b017b03",
            object(vec![("a", number(1.0)), ("ö", text("x")), ("n", object(vec![("m", array(vec![JsValue::TRUE]))]))]),
        ),
        (
            "ff0f3b22016b490249042201763a04",
            JsValue(Value::Map(vec![(text("k"), number(1.0)), (number(2.0), text("v"))])),
        ),
        ("ff0f2749022201612c02", JsValue(Value::Set(vec![number(1.0), text("a")]))),
        ("ff0f4400b04cb01ff77142", JsValue(Value::Date(1_234_567_890_123.0))),
        ("ff0f4203000000", buffer(&[0, 0, 0])),
        ("ff0f42030102035642000300", view(&[1, 2, 3])),
        ("ff0f42005642000000", view(&[])),
    ]
}

#[test]
fn what_v8_writes_is_read_and_written_alike() {
    for (hex, value) in both_ways() {
        assert_eq!(read(&bytes(hex)).expect(hex), value, "reading {hex}");
        assert_eq!(write(&value).expect(hex), bytes(hex), "writing {value:?}");
    }
}

#[test]
fn what_only_v8_writes_is_read() {
    let cases = [
        ("ff0f61034900490249044906400203", array(vec![number(1.0), JsValue::UNDEFINED, number(3.0)])),
        ("ff0f6f490222036f6e6522016249047b02", object(vec![("1", text("one")), ("b", number(2.0))])),
        ("ff0f4210000000000000f83f00000000000000c05646001000", array(vec![number(1.5), number(-2.0)])),
        ("ff0f4204ffff2c015677000400", array(vec![number(-1.0), number(300.0)])),
        ("ff0f79", JsValue::TRUE),
        ("ff0f6e0000000000001c40", number(7.0)),
        ("ff0f73220173", text("s")),
        ("ff0f7a100500000000000000", big(5)),
        ("ff0f4102410149022400015e01240002", array(vec![array(vec![number(1.0)]), array(vec![number(1.0)])])),
        ("ff0f410149022201784904240101", array(vec![number(1.0)])),
        (
            "ff0f6f2201624204000000002201765e0156420102007b02",
            object(vec![("b", buffer(&[0; 4])), ("v", view(&[0, 0]))]),
        ),
    ];
    for (hex, value) in cases {
        assert_eq!(read(&bytes(hex)).expect(hex), value, "reading {hex}");
    }
    let minus_zero = read(&bytes("ff0f4e0000000000000080")).expect("-0").as_f64().expect("a number");
    assert!(minus_zero == 0.0 && minus_zero.is_sign_negative());
    assert!(read(&bytes("ff0f4e000000000000f87f")).expect("NaN").as_f64().expect("a number").is_nan());
}

#[test]
fn an_error_keeps_its_name_message_and_stack() {
    let failure = Failure { stack: Some("st".into()), ..Failure::type_error("bad") };
    let error = JsValue(Value::Error(Box::new(ErrorValue(failure))));
    let hex = "ff0f72546d220362616473220273742e";
    assert_eq!(read(&bytes(hex)).expect(hex), error);
    assert_eq!(write(&error).expect(hex), bytes(hex));
}

#[test]
fn every_cut_and_every_flipped_byte_is_an_error_or_a_value_but_no_panic() {
    for (hex, _) in both_ways() {
        let good = bytes(hex);
        for end in 0..good.len() {
            // What is left of a view may be its buffer.
            let cut = read(&good[..end]);
            assert!(matches!(cut, Err(_) | Ok(JsValue(Value::Buffer(_)))), "{hex} cut at {end}");
        }
        for at in 0..good.len() {
            for byte in 0..=255 {
                let mut bad = good.clone();
                bad[at] = byte;
                read(&bad).ok();
            }
        }
    }
}

#[test]
fn hostile_values_are_refused() {
    let cases = [
        ("a cycle", bytes("ff0f6f22026d655e007b01")),
        ("an unknown version", bytes("ff1054")),
        ("a sparse array of four billion holes", bytes("ff0f61ffffffff0f4000ffffffff0f")),
        ("a dense array longer than its bytes", bytes("ff0f41ffffffff0f")),
        ("a string longer than its bytes", bytes("ff0f22ffffffff7f41")),
        ("a view beyond its buffer", bytes("ff0f42030102035642010300")),
        ("deep nesting", [b"\xff\x0f".as_slice(), &b"A\x01".repeat(100_000)].concat()),
    ];
    for (what, bytes) in cases {
        assert_eq!(read(&bytes).expect_err(what).name, "DataCloneError", "{what}");
    }
    // Each level refers to the one before twice: small to write, huge to expand.
    let mut bomb = b"\xff\x0fA\x1eA\x00$\x00\x00".to_vec();
    for level in 1..30 {
        bomb.extend([b'A', 2, b'^', level, b'^', level, b'$', 0, 2]);
    }
    assert!(read(&bomb).is_err());
}

#[test]
fn a_value_nested_too_deeply_is_not_written() {
    let deep = (0..300).fold(JsValue::NULL, |inner, _| array(vec![inner]));
    assert_eq!(write(&deep).expect_err("too deep").name, "DataCloneError");
}
