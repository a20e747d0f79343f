//! Critical sections: what is started inside carries their number.

use super::{deliver, empty, run_object, settled_empty};
use crate::host::answer_with;
use crate::{Delay, Response, State};
use emu_abi::{Answer, Ask, Call, Event, Failure, Op, Outcome};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

fn enter(call: u32, section: u32, inside: u32) -> Op {
    let what = Call::EnterCritical { section, object: 7 };
    Op::Call { call, invocation: 1, section: inside, what }
}

fn sleep(call: u32, section: u32) -> Op {
    Op::Call { call, invocation: 1, section, what: Call::Sleep { ms: 1.0 } }
}

fn leave(section: u32, failure: Option<Failure>) -> Op {
    Op::LeaveCritical { section, failure }
}

fn complete(call: u32) -> Event {
    Event::Complete { call, result: Ok(Outcome::Done) }
}

async fn wait() {
    Delay::from(Duration::from_millis(1)).await;
}

#[test]
fn block_concurrency_while_closes_the_gate_at_once_and_nests() {
    let ops = run_object(|state: State| async move {
        let state = Rc::new(state);
        let inner = state.clone();
        let blocked = state.block_concurrency_while(async move {
            wait().await;
            let value = inner.block_concurrency_while(async {
                wait().await;
                Ok(20)
            });
            Ok(value.await? + 1)
        });
        wait().await;
        Response::ok(blocked.await?.to_string())
    });
    assert_eq!(ops, [enter(1, 1, 0), sleep(2, 0)]);
    assert_eq!(deliver(complete(1)), [sleep(3, 1)]);
    assert_eq!(deliver(complete(2)), []);
    assert_eq!(deliver(complete(3)), [enter(4, 2, 1)]);
    assert_eq!(deliver(complete(4)), [sleep(5, 2)]);
    let ops = deliver(complete(5));
    assert_eq!(ops[..2], [leave(2, None), leave(1, None)]);
    assert!(matches!(&ops[2], Op::Settle { result: Ok(_), .. }), "{ops:?}");
}

#[test]
fn a_blocking_future_that_fails_resets_the_object_and_resumes_nobody() {
    run_object(|state: State| async move {
        state.block_concurrency_while(async { Err::<(), _>("no".into()) }).await?;
        Ok(empty())
    });
    assert_eq!(deliver(complete(1)), [leave(1, Some(Failure::error("no")))]);
}

#[test]
fn a_blocking_future_runs_even_if_nobody_awaits_it() {
    let ops = run_object(|state: State| async move {
        drop(state.block_concurrency_while(async {
            wait().await;
            Ok(())
        }));
        Ok(empty())
    });
    assert_eq!(ops, [enter(1, 1, 0), settled_empty()]);
    assert_eq!(deliver(complete(1)).len(), 1);
    assert_eq!(deliver(complete(2)), [leave(1, None)]);
}

/// Runs a transaction and returns the asks it makes and its result.
fn transaction<F>(closure: impl FnOnce(crate::Transaction) -> F + 'static) -> (Vec<Ask>, String)
where
    F: Future<Output = crate::Result<()>> + 'static,
{
    let asks = Rc::new(RefCell::new(Vec::new()));
    let heard = asks.clone();
    answer_with(move |object, ask| {
        assert_eq!(object, 7);
        heard.borrow_mut().push(ask.clone());
        Ok(Answer::Done)
    });
    let result = Rc::new(RefCell::new(String::new()));
    let told = result.clone();
    let ops = run_object(|state: State| async move {
        let outcome = state.storage().transaction(closure).await;
        *told.borrow_mut() = format!("{:?}", outcome.map_err(|error| error.to_string()));
        Ok(empty())
    });
    let Op::Call { call, what: Call::EnterCritical { section, .. }, .. } = ops[0] else { panic!("{ops:?}") };
    assert_eq!(deliver(complete(call)), [leave(section, None), settled_empty()]);
    (asks.take(), result.take())
}

#[test]
fn a_transaction_is_a_savepoint_that_is_kept_or_undone() {
    let begin = Ask::SavepointBegin { explicit: true };
    let put =
        Ask::KvPut { entries: vec![emu_abi::KvEntry { key: "k".into(), value: b"\xff\x0fI\x02".to_vec().into() }] };
    let kept = transaction(|txn| async move { txn.put("k", 1).await });
    assert_eq!(kept, (vec![begin.clone(), put.clone(), Ask::SavepointRelease], "Ok(())".into()));

    let failed = transaction(|txn| async move {
        txn.put("k", 1).await?;
        Err("no".into())
    });
    assert_eq!(failed, (vec![begin.clone(), put.clone(), Ask::SavepointRollback], "Err(\"no\")".into()));

    let rolled_back = transaction(|txn| async move {
        txn.put("k", 1).await?;
        txn.rollback()?;
        txn.put("k", 2).await
    });
    let error = "Err(\"Error: Cannot put() on rolled back transaction\")".to_owned();
    assert_eq!(rolled_back, (vec![begin, put, Ask::SavepointRollback], error));
}

#[test]
fn a_transaction_cannot_be_used_when_it_is_over() {
    let escaped = Rc::new(RefCell::new(None));
    let slot = escaped.clone();
    transaction(|txn| async move {
        *slot.borrow_mut() = Some(txn);
        Ok(())
    });
    let error = escaped.take().expect("it was put there").rollback().expect_err("it is over").to_string();
    let expected = "Error: Cannot call rollback() on transaction that has already committed: did you move `txn` outside of the closure?";
    assert_eq!(error, expected);
}
