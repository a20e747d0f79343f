//! Sockets: their events, and who owns them.

use super::{deliver, empty, run, settled_empty};
use crate::host::answer_with;
use crate::{Response, WebSocket, WebSocketPair, WebsocketEvent};
use emu_abi::{Answer, Ask, Event, Message, Op, Settled, SocketEvent};
use futures_util::StreamExt;

fn answer_pairs() {
    answer_with(|_, ask| match ask {
        Ask::SocketPair => Ok(Answer::Pair(1, 2)),
        Ask::SocketAccept { socket: 2, .. } | Ask::SocketSend { socket: 2, .. } => Ok(Answer::Done),
        other => panic!("{other:?}"),
    });
}

#[test]
fn an_accepted_socket_yields_its_events_up_to_the_close() {
    answer_pairs();
    let ops = run(|_, _| async {
        let pair = WebSocketPair::new().expect("a pair");
        pair.server.accept().expect("a fresh socket");
        let mut events = pair.server.events().expect("events");
        let mut seen = Vec::new();
        while let Some(event) = events.next().await {
            seen.push(match event {
                Ok(WebsocketEvent::Message(message)) => format!("{:?} {:?}", message.text(), message.bytes()),
                Ok(WebsocketEvent::Close(close)) => {
                    format!("{} {} {}", close.code(), close.reason(), close.was_clean())
                }
                Err(error) => error.to_string(),
            });
        }
        Response::ok(seen.join("; ")).expect("text")
    });
    assert_eq!(ops, []);
    let events = [
        SocketEvent::Message(Message::Text("a".into())),
        SocketEvent::Message(Message::Binary(vec![1].into())),
        SocketEvent::Error(emu_abi::Failure::error("broken")),
        SocketEvent::Close { code: 1001, reason: "away".into(), clean: true },
    ];
    let mut ops = Vec::new();
    for event in events {
        ops.extend(deliver(Event::Socket { socket: 2, event }));
    }
    // Nobody took the other end.
    assert_eq!(ops[..1], [Op::SocketDrop { socket: 1 }]);
    let Op::Settle { result: Ok(Settled::Response(response)), .. } = &ops[1] else { panic!("{ops:?}") };
    let text = "Some(\"a\") None; None Some([1]); Error: broken; 1001 away true";
    assert_eq!(response.body, emu_abi::Body::Bytes(text.as_bytes().to_vec().into()));
}

#[test]
fn an_end_that_is_returned_belongs_to_the_host_and_one_that_is_dropped_is_given_back() {
    answer_pairs();
    let ops = run(|_, _| async {
        let pair = WebSocketPair::new().expect("a pair");
        Response::from_websocket(pair.client).expect("a response")
    });
    let response = emu_abi::Response { status: 101, socket: Some(1), ..emu_abi::Response::default() };
    let settle = Op::Settle { invocation: 1, result: Ok(Settled::Response(response)) };
    assert_eq!(ops, [Op::SocketDrop { socket: 2 }, settle]);
}

#[test]
fn clones_are_the_same_socket() {
    answer_pairs();
    let ops = run(|_, _| async {
        let pair = WebSocketPair::new().expect("a pair");
        let clone: WebSocket = pair.server.clone();
        assert!(clone == pair.server && clone != pair.client);
        drop(pair.server);
        clone.accept().expect("a fresh socket");
        clone.send_with_str("x").expect("an open socket");
        drop(pair.client);
        empty()
    });
    assert_eq!(ops, [Op::SocketDrop { socket: 1 }, settled_empty()]);
}
