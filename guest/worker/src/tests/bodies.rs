//! Bodies in both directions: who asks for what, when.

use super::{deliver, empty, fetch, request, run, settled_empty, worker};
use crate::{FixedLengthStream, Response, ResponseBody};
use emu_abi::{Body, Event, Failure, MAX_BODY_CHUNK, Op, Settled};
use futures_util::{StreamExt, stream};
use std::cell::Cell;
use std::rc::Rc;

fn post(body: Body) -> Event {
    fetch(emu_abi::Request { method: "POST".into(), body, ..request() })
}

fn incoming() -> Body {
    Body::Stream { id: 9, length: Some(4) }
}

fn chunk(bytes: &[u8]) -> Event {
    Event::BodyChunk { body: 9, bytes: bytes.to_vec().into() }
}

fn pull() -> Op {
    Op::BodyPull { body: 9, section: 0 }
}

fn response_body(op: &Op) -> &Body {
    let Op::Settle { result: Ok(Settled::Response(response)), .. } = op else { panic!("{op:?}") };
    &response.body
}

#[test]
fn a_body_is_pulled_chunk_by_chunk() {
    worker(|mut request, _| async move { Response::ok(request.text().await.expect("text")).expect("text") });
    assert_eq!(deliver(post(incoming())), [pull()]);
    assert_eq!(deliver(chunk(b"ab")), [pull()]);
    assert_eq!(deliver(chunk(b"\xc3\xa9")), [pull()]);
    let ops = deliver(Event::BodyEnd { body: 9 });
    assert_eq!(*response_body(&ops[0]), Body::Bytes("abé".as_bytes().to_vec().into()));
}

#[test]
fn a_body_that_breaks_is_an_error() {
    worker(|mut request, _| async move {
        let error = request.bytes().await.expect_err("it broke");
        Response::ok(error.to_string()).expect("text")
    });
    deliver(post(incoming()));
    let ops = deliver(Event::BodyFailed { body: 9, failure: Failure::error("Network connection lost.") });
    assert_eq!(*response_body(&ops[0]), Body::Bytes(b"Error: Network connection lost.".to_vec().into()));
}

#[test]
fn a_body_nobody_reads_is_given_back() {
    worker(|_, _| async { empty() });
    assert_eq!(deliver(post(incoming())), [Op::BodyCancel { body: 9 }, settled_empty()]);
}

#[test]
fn an_unread_body_passes_through_without_the_guest() {
    worker(
        |mut request, _| async move { Response::from_stream(request.stream().expect("a body")).expect("a response") },
    );
    let ops = deliver(post(incoming()));
    assert_eq!((ops.len(), response_body(&ops[0])), (1, &Body::Forward(9)));
}

#[test]
fn a_body_read_in_part_goes_on_through_the_guest() {
    worker(|mut request, _| async move {
        let mut body = request.stream().expect("a body");
        body.next().await;
        Response::from_stream(body).expect("a response")
    });
    deliver(post(incoming()));
    let ops = deliver(chunk(b"ab"));
    assert_eq!(*response_body(&ops[0]), Body::Stream { id: 1, length: Some(4) });
    assert_eq!(ops[1..], [pull()]);
    let sent = Op::BodyChunk { body: 1, bytes: b"cd".to_vec().into() };
    assert_eq!(deliver(chunk(b"cd")), [sent, pull()]);
    assert_eq!(deliver(Event::BodyEnd { body: 9 }), [Op::BodyEnd { body: 1 }]);
}

#[test]
fn a_stream_is_sent_within_its_credit_and_produced_on_demand() {
    let produced = Rc::new(Cell::new(0));
    let count = produced.clone();
    let ops = run(|_, _| async move {
        let chunks = stream::iter(0..3).map(move |_| {
            count.set(count.get() + 1);
            Ok::<_, crate::Error>(vec![0; MAX_BODY_CHUNK * 3 / 2])
        });
        Response::from_stream(chunks).expect("a response")
    });
    let sizes = |ops: &[Op]| {
        let size = |op: &Op| if let Op::BodyChunk { bytes, .. } = op { bytes.0.len() } else { usize::MAX };
        ops.iter().map(size).collect::<Vec<_>>()
    };
    // The initial credit is one chunk.
    assert_eq!(sizes(&ops[1..]), [MAX_BODY_CHUNK]);
    assert_eq!(produced.get(), 1);
    let credit = |bytes: usize| Event::BodyCredit { body: 1, bytes: bytes.try_into().expect("small") };
    assert_eq!(sizes(&deliver(credit(10))), [10]);
    assert_eq!(sizes(&deliver(credit(MAX_BODY_CHUNK / 2 - 10))), [MAX_BODY_CHUNK / 2 - 10]);
    assert_eq!(produced.get(), 1);
    assert_eq!(sizes(&deliver(credit(MAX_BODY_CHUNK * 3 / 2))), [MAX_BODY_CHUNK, MAX_BODY_CHUNK / 2]);
    let ops = deliver(credit(MAX_BODY_CHUNK * 2));
    assert_eq!(sizes(&ops[..2]), [MAX_BODY_CHUNK, MAX_BODY_CHUNK / 2]);
    assert_eq!(ops[2..], [Op::BodyEnd { body: 1 }]);
}

#[test]
fn a_stream_nobody_reads_any_more_is_dropped() {
    struct Dropped(Rc<Cell<bool>>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    let dropped = Rc::new(Cell::new(false));
    let witness = Dropped(dropped.clone());
    run(|_, _| async move {
        let chunks = stream::repeat_with(move || {
            let _ = &witness;
            Ok::<_, crate::Error>(vec![0; MAX_BODY_CHUNK])
        });
        Response::from_stream(chunks).expect("a response")
    });
    assert!(!dropped.get());
    assert_eq!(deliver(Event::BodyCancelled { body: 1 }), []);
    assert!(dropped.get());
}

#[test]
fn a_stream_of_a_promised_length_says_so_and_fails_if_it_lied() {
    let ops = run(|_, _| async {
        let chunks = stream::iter([Ok(b"abc".to_vec())]);
        Response::from_stream(FixedLengthStream::wrap(chunks, 5)).expect("a response")
    });
    assert_eq!(*response_body(&ops[0]), Body::Stream { id: 1, length: Some(5) });
    assert!(matches!(&ops[2], Op::BodyFailed { body: 1, .. }), "{ops:?}");
}

#[test]
fn both_readers_of_a_cloned_body_get_all_of_it() {
    worker(|mut request, _| async move {
        let mut copy = request.clone().expect("unread");
        let (one, other) = futures_util::future::join(request.text(), copy.text()).await;
        Response::ok(format!("{} {}", one.expect("text"), other.expect("text"))).expect("text")
    });
    assert_eq!(deliver(post(incoming())), [pull()]);
    assert_eq!(deliver(chunk(b"ab")), [pull()]);
    assert_eq!(deliver(chunk(b"cd")), [pull()]);
    let ops = deliver(Event::BodyEnd { body: 9 });
    assert_eq!(*response_body(&ops[0]), Body::Bytes(b"abcd abcd".to_vec().into()));
}

#[test]
fn a_body_can_be_read_once() {
    worker(|mut request, _| async move {
        request.text().await.expect("text");
        let again = request.text().await.expect_err("used").to_string();
        let streamed = request.stream().expect_err("used").to_string();
        Response::ok([again, streamed].join(", ")).expect("text")
    });
    let ops = deliver(post(Body::Bytes(b"x".to_vec().into())));
    let expected = "body has already been read, body has already been read";
    assert_eq!(*response_body(&ops[0]), Body::Bytes(expected.as_bytes().to_vec().into()));
}

#[test]
fn a_response_that_cannot_be_one_is_an_error() {
    let cases = [
        (
            199,
            ResponseBody::Empty,
            "RangeError: Responses may only be constructed with status codes in the range 200 to 599, inclusive.",
        ),
        (
            101,
            ResponseBody::Empty,
            "RangeError: Responses may only be constructed with status codes in the range 200 to 599, inclusive.",
        ),
        (
            204,
            ResponseBody::Body(b"x".to_vec()),
            "TypeError: Response with null body status (101, 204, 205, or 304) cannot have a body.",
        ),
    ];
    for (status, body, expected) in cases {
        let ops = run(move |_, _| async move { Response::builder().with_status(status).body(body) });
        let Op::Settle { result: Err(failure), .. } = &ops[0] else { panic!("{ops:?}") };
        assert_eq!(failure.to_string(), expected);
    }
}
