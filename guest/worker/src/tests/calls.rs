//! Calls, background work and cancellation.

use super::{deliver, empty, fetch, request, run, settled_empty, worker};
use crate::wasm_bindgen_futures::spawn_local;
use crate::{AbortController, Delay, Fetch, Response};
use emu_abi::{Call, Event, Failure, Invoke, Op, Outcome, Target};
use futures_util::future::{Either, select};
use std::time::Duration;

fn sleep(call: u32, invocation: u32, ms: f64) -> Op {
    Op::Call { call, invocation, section: 0, what: Call::Sleep { ms } }
}

fn complete(call: u32) -> Event {
    Event::Complete { call, result: Ok(Outcome::Done) }
}

#[test]
fn a_timer_resumes_the_handler() {
    let ops = run(|_, _| async {
        Delay::from(Duration::from_millis(5)).await;
        empty()
    });
    assert_eq!(ops, [sleep(1, 1, 5.0)]);
    assert_eq!(deliver(complete(1)), [settled_empty()]);
}

#[test]
fn a_future_that_is_dropped_cancels_its_call() {
    let ops = run(|_, _| async {
        let (slow, fast) = (Delay::from(Duration::from_secs(9)), Delay::from(Duration::from_secs(1)));
        assert!(matches!(select(slow, fast).await, Either::Right(_)));
        empty()
    });
    assert_eq!(ops, [sleep(1, 1, 9000.0), sleep(2, 1, 1000.0)]);
    assert_eq!(deliver(complete(2)), [Op::Cancel { call: 1 }, settled_empty()]);
    // The host may have sent the end before it heard of the cancellation.
    assert_eq!(deliver(complete(1)), []);
}

#[test]
fn wait_until_holds_the_invocation_open_and_spawned_work_does_not() {
    let ops = run(|_, context| async move {
        context.wait_until(async {
            Delay::from(Duration::from_millis(1)).await;
            Delay::from(Duration::from_millis(2)).await;
        });
        spawn_local(async {
            Delay::from(Duration::from_millis(3)).await;
            Delay::from(Duration::from_millis(4)).await;
        });
        empty()
    });
    let begin = Op::WaitUntilBegin { invocation: 1 };
    assert_eq!(ops, [begin, settled_empty(), sleep(1, 1, 1.0), sleep(2, 1, 3.0)]);
    assert_eq!(deliver(complete(1)), [sleep(3, 1, 2.0)]);
    assert_eq!(deliver(complete(3)), [Op::WaitUntilEnd { invocation: 1, failure: None }]);
    // The host may use the number 1 for somebody else now.
    assert_eq!(deliver(complete(2)), [sleep(4, 0, 4.0)]);
}

#[test]
fn a_client_that_goes_away_ends_the_handler() {
    run(|_, context| async move {
        context.wait_until(async { Delay::from(Duration::from_millis(1)).await });
        Delay::from(Duration::from_millis(2)).await;
        empty()
    });
    let ops = deliver(Event::Cancelled { invocation: 1 });
    assert_eq!(ops[0], Op::Cancel { call: 1 });
    assert!(matches!(ops[1], Op::Settle { invocation: 1, result: Err(_) }));
    assert_eq!(ops.len(), 2);
    assert_eq!(deliver(complete(2)), [Op::WaitUntilEnd { invocation: 1, failure: None }]);
}

#[test]
fn a_fetch_carries_the_request_and_brings_the_response() {
    let ops = run(|_, _| async {
        let mut response = Fetch::Url("http://example.com/x".parse().expect("a URL")).send().await.expect("a response");
        Response::ok(format!("{} {}", response.status_code(), response.text().await.expect("a body"))).expect("text")
    });
    let what = Call::Fetch {
        target: Target::Internet,
        request: emu_abi::Request { url: "http://example.com/x".into(), ..request() },
    };
    assert_eq!(ops, [Op::Call { call: 1, invocation: 1, section: 0, what }]);
    let body = emu_abi::Body::Bytes(b"hi".to_vec().into());
    let response = emu_abi::Response { status: 203, body, ..emu_abi::Response::default() };
    let ops = deliver(Event::Complete { call: 1, result: Ok(Outcome::Response(response)) });
    let Op::Settle { result: Ok(emu_abi::Settled::Response(response)), .. } = &ops[0] else { panic!("{ops:?}") };
    assert_eq!(response.body, emu_abi::Body::Bytes(b"203 hi".to_vec().into()));
}

#[test]
fn a_signal_cancels_a_fetch() {
    let ops = run(|_, _| async {
        let controller = AbortController::default();
        let signal = controller.signal();
        spawn_local(async {
            Delay::from(Duration::from_millis(1)).await;
            controller.abort();
        });
        let fetch = Fetch::Url("http://example.com/".parse().expect("a URL"));
        let error = fetch.send_with_signal(&signal).await.expect_err("it is aborted");
        Response::ok(error.to_string()).expect("text")
    });
    assert_eq!(ops.len(), 2);
    let ops = deliver(complete(2));
    assert_eq!(ops[0], Op::Cancel { call: 1 });
    assert!(matches!(&ops[1], Op::Settle { result: Ok(_), .. }), "{ops:?}");
}

#[test]
fn a_signal_cancels_the_body_of_a_response() {
    run(|_, _| async {
        let controller = AbortController::default();
        let signal = controller.signal();
        spawn_local(async {
            Delay::from(Duration::from_millis(1)).await;
            controller.abort();
        });
        let fetch = Fetch::Url("http://example.com/".parse().expect("a URL"));
        let mut response = fetch.send_with_signal(&signal).await.expect("a response");
        let error = response.text().await.expect_err("it is aborted");
        Response::ok(error.to_string()).expect("text")
    });
    let body = emu_abi::Body::Stream { id: 4, length: None };
    let response = emu_abi::Response { status: 200, body, ..emu_abi::Response::default() };
    let ops = deliver(Event::Complete { call: 1, result: Ok(Outcome::Response(response)) });
    assert_eq!(ops, [Op::BodyPull { body: 4, section: 0 }]);
    let ops = deliver(complete(2));
    assert_eq!(ops[0], Op::BodyCancel { body: 4 });
    assert!(matches!(&ops[1], Op::Settle { result: Ok(_), .. }), "{ops:?}");
}

#[test]
fn a_response_that_comes_too_late_is_given_back() {
    worker(|_, _| async {
        let fetch = Fetch::Url("http://example.com/".parse().expect("a URL"));
        let timer = Delay::from(Duration::from_millis(1));
        drop(select(Box::pin(fetch.send()), timer).await);
        empty()
    });
    deliver(fetch(request()));
    deliver(complete(2));
    let response = emu_abi::Response {
        status: 200,
        body: emu_abi::Body::Stream { id: 4, length: None },
        socket: Some(5),
        ..emu_abi::Response::default()
    };
    let ops = deliver(Event::Complete { call: 1, result: Ok(Outcome::Response(response)) });
    assert_eq!(ops, [Op::BodyCancel { body: 4 }, Op::SocketDrop { socket: 5 }]);
}

#[test]
fn an_error_of_the_platform_keeps_its_flags() {
    let failure = Failure { retryable: true, remote: true, ..Failure::error("Network connection lost.") };
    let sent = failure.clone();
    run(|_, _| async move {
        let fetch = Fetch::Url("http://example.com/".parse().expect("a URL"));
        let error = fetch.send().await.expect_err("it fails");
        assert_eq!(error.to_string(), "Error: Network connection lost.");
        assert_eq!(error.to_failure(), sent);
        empty()
    });
    assert_eq!(deliver(Event::Complete { call: 1, result: Err(failure) }), [settled_empty()]);
}

#[test]
fn props_are_those_of_the_binding() {
    #[derive(serde::Deserialize)]
    struct Props {
        rights: Option<Vec<String>>,
    }
    for (props, expected) in [("", None), (r#"{"rights":["read"]}"#, Some(vec!["read".to_owned()]))] {
        worker(move |_, context| async move {
            assert_eq!(context.props::<Props>().expect("props").rights, expected);
            assert!(context.props::<String>().is_err(), "they are an object");
            empty()
        });
        let what = Invoke::Fetch(request());
        let event = Event::Invoke { invocation: 1, object: 0, entrypoint: String::new(), props: props.into(), what };
        assert_eq!(deliver(event), [settled_empty()]);
    }
}
