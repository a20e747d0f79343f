//! What somebody types, what goes over the wire, and what they read: whole commands against a server of the test's own.

use super::*;
use crate::error::{Kind, report};
use crate::world::Seed;
use crate::world::driver::Calm;
use crate::world::simulated::{Keep, SimulatedWorld};
use clap::{CommandFactory, Parser};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// 2026-08-01T12:00:00Z.
const NOW_MS: f64 = 1_785_585_600_000.0;

#[derive(Debug, Parser)]
#[command(name = "emu do")]
struct CommandLine {
    #[command(flatten)]
    args: ObjectsArgs,
}

/// A world that stands still.
fn noon() -> SimulatedWorld {
    let world = SimulatedWorld::new(Seed(0), Box::new(Calm), Keep::default());
    world.advance_to(NOW_MS);
    world
}

/// Reads one request; returns its first line, its Host and its body.
async fn read_request(stream: &mut TcpStream) -> (String, String, String) {
    let mut bytes = Vec::new();
    loop {
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "the request ended early");
        let text = String::from_utf8(bytes.clone()).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let header = |name: &str| {
            head.lines().find_map(|line| line.split_once(": ").filter(|(key, _)| key.eq_ignore_ascii_case(name)))
        };
        let length: usize = header("content-length").map_or(0, |(_, length)| length.parse().unwrap());
        if body.len() == length {
            let host = header("host").unwrap().1.to_owned();
            return (head.lines().next().unwrap().to_owned(), host, body.to_owned());
        }
    }
}

/// Runs a command against a server that gives `response`. Returns what the server got and what the reader sees.
fn run_against(words: &[&str], response: &str) -> ((String, String, String), Result<String>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let words = [&["emu do", "--url", &url], words].concat();
        let args = CommandLine::try_parse_from(words).unwrap().args;
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let request = read_request(&mut stream).await;
            stream.write_all(response.as_bytes()).await.unwrap();
            request
        };
        let world = noon();
        tokio::join!(serve, perform(&args, Path::new("/nonexistent"), &world))
    })
}

fn http(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}\n", body.len() + 1)
}

#[test]
fn the_command_line_is_consistent() {
    CommandLine::command().debug_assert();
}

#[test]
fn commands_are_requests() {
    let done = r#"{"object":"Room/lobby"}"#;
    let alarm = r#"{"object":"Room/lobby","alarm":null,"running":false,"retryCount":0,"retryAt":null}"#;
    for (words, answer, expected) in [
        (&["evict", "Room/lobby"][..], done, r#""verb":"evict","closeSockets":false,"now":false"#),
        (
            &["evict", "Room", "lobby", "--sockets=close", "--now"],
            done,
            r#""verb":"evict","closeSockets":true,"now":true"#,
        ),
        (&["hibernate", "--now", "Room/lobby"], done, r#""verb":"hibernate","now":true"#),
        (&["abort", "Room/lobby"], done, r#""verb":"abort""#),
        (&["abort", "Room/lobby", "--reason", "a \"b\""], done, r#""verb":"abort","reason":"a \"b\"""#),
        (&["crash", "Room/lobby"], done, r#""verb":"crash""#),
        (&["alarm", "show", "Room/lobby"], alarm, r#""verb":"alarm-show""#),
        (&["alarm", "delete", "Room", "lobby"], alarm, r#""verb":"alarm-delete""#),
        (&["alarm", "set", "Room/lobby", "+10s"], alarm, r#""verb":"alarm-set","in":10000.0"#),
        (&["sql", "Room/lobby", "-- x\nselect 1", "--json"], "{}", r#""verb":"sql","query":"-- x\nselect 1""#),
        (&["--json", "why", "Room/lobby"], "{}", r#""verb":"why""#),
    ] {
        let ((line, host, body), result) = run_against(words, &http("200 OK", answer));
        result.unwrap_or_else(|error| panic!("{words:?}: {}", report(&error)));
        assert_eq!((line.as_str(), host.as_str()), ("POST /cdn-cgi/local/do HTTP/1.1", "localhost"));
        assert_eq!(body, format!(r#"{{"class":"Room","object":"lobby",{expected}}}"#), "{words:?}");
    }
    let ((line, _, body), _) = run_against(&["list"], &http("200 OK", "[]"));
    assert_eq!((line.as_str(), body.as_str()), ("GET /cdn-cgi/local/do HTTP/1.1", ""));
}

const LIST: &str = r#"[
    {"worker":"app","class":"Room","id":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","name":null,
     "state":"inactive","sockets":0,"constructed":1,"evicted":1,"alarm":1785585599000.0,"lane":0},
    {"worker":"app","class":"Room","id":"aa","name":"lob\u001bby","state":"hibernated","sockets":12,"constructed":3,
     "evicted":2,"alarm":1785585725000,"lane":0},
    {"worker":"app","class":"Timer","id":"bb","name":"t","state":"active","sockets":0,"constructed":1,"evicted":0,
     "alarm":null,"lane":1}]"#;

#[test]
fn the_list_is_a_table() {
    for (words, answer, expected) in [
        (
            &["list"][..],
            LIST,
            "CLASS  NAME           STATE       SOCKETS  CONSTRUCTED  EVICTED  ALARM\n\
             Room   0123456789ab…  inactive          0            1        1  due 1 s ago\n\
             Room   lob\\u{1b}by    hibernated       12            3        2  in 2 min 5 s\n\
             Timer  t              active            0            1        0  -\n\
             (names and ids that end in … are shortened; `--json` has them whole)\n",
        ),
        (
            &["list", "app-Timer"],
            LIST,
            "CLASS  NAME  STATE   SOCKETS  CONSTRUCTED  EVICTED  ALARM\n\
             Timer  t     active        0            1        0  -\n",
        ),
        (&["list", "Nobody"], LIST, "no objects of class Nobody\n"),
        (&["list"], "[]", "no objects yet: they appear when a worker first uses them\n"),
        (&["list", "--json"], "[ {\"odd\" : 1.50} ]", "[ {\"odd\" : 1.50} ]\n"),
        (&["--json", "list", "A"], r#"[{"class":"A","x":1},{"class":"B"}]"#, "[{\"class\":\"A\",\"x\":1}]\n"),
    ] {
        assert_eq!(run_against(words, &http("200 OK", answer)).1.unwrap(), expected, "{words:?}");
    }
}

#[test]
fn a_list_of_several_workers_names_them() {
    let list = LIST.replace(r#""app","class":"Timer""#, r#""cron","class":"Timer""#);
    let text = run_against(&["list", "Timer"], &http("200 OK", &list)).1.unwrap();
    assert!(text.starts_with("CLASS"), "only one of them is shown: {text}");
    let text = run_against(&["list"], &http("200 OK", &list)).1.unwrap();
    let starts: Vec<_> =
        text.lines().map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(starts[..4], ["WORKER CLASS", "app Room", "app Room", "cron Timer"]);
}

#[test]
fn an_object_is_shown_whole() {
    let answer = r#"{"worker":"app","class":"Room","id":"ab","name":"lobby","state":"active","sockets":2,"constructed":2,
        "evicted":1,"alarm":1785585610500,"lane":0,"memoryBytes":1572864,"databaseBytes":4096,
        "blockers":[{"kind":"event","what":"a request is not answered yet","since_ms":1785585598500.0}]}"#;
    let text = run_against(&["show", "Room/lobby"], &http("200 OK", answer)).1.unwrap();
    assert_eq!(
        text,
        "worker       app\n\
         class        Room\n\
         name         lobby\n\
         id           ab\n\
         state        active\n\
         sockets      2\n\
         constructed  2 times\n\
         evicted      once\n\
         alarm        in 11 s (2026-08-01T12:00:10.500Z)\n\
         memory       1.5 MiB\n\
         database     4.0 KiB\n\
         lane         0\n\
         kept in memory by\n  \
         - a request is not answered yet, for 1.5 s (since 2026-08-01T11:59:58.500Z)\n"
    );
}

#[test]
fn answers_are_sentences() {
    let alarm = |alarm: &str, running: bool, retries: u64, retry_at: &str| {
        format!(r#"{{"object":"R/a","alarm":{alarm},"running":{running},"retryCount":{retries},"retryAt":{retry_at}}}"#)
    };
    let why =
        |blockers: &str| format!(r#"{{"object":"R/a","state":"active","why":"because","blockers":[{blockers}]}}"#);
    let timer = r#"{"kind":"timer","what":"a timer\u0007","since_ms":1785585540000}"#;
    for (words, answer, expected) in [
        (
            "evict R/a",
            r#"{"object":"R/\u001ba"}"#.into(),
            "R/\\u{1b}a is out of memory; its hibernatable sockets stay connected\n",
        ),
        ("evict R/a --sockets close", r#"{"object":"R/a"}"#.into(), "R/a is out of memory; its sockets are closed\n"),
        ("abort R/a", r#"{"object":"R/a"}"#.into(), "R/a is reset; its callers got the reason as an error\n"),
        (
            "crash R/a",
            r#"{"object":"R/a"}"#.into(),
            "R/a has crashed; what was not committed is lost, and its sockets are cut\n",
        ),
        ("alarm run R/a", r#"{"object":"R/a","ran":true}"#.into(), "the alarm of R/a runs now\n"),
        ("alarm run R/a", r#"{"object":"R/a","ran":false}"#.into(), "R/a has no alarm set, so none runs\n"),
        ("alarm delete R/a", alarm("null", false, 0, "null"), "R/a has no alarm set\n"),
        (
            "alarm set R/a +10s",
            alarm("1785585610000", false, 0, "null"),
            "the alarm of R/a is due in 10 s (2026-08-01T12:00:10Z)\n",
        ),
        (
            "alarm show R/a",
            alarm("1785585599000.0", false, 2, "1785585604000"),
            "the alarm of R/a is due 1 s ago (2026-08-01T11:59:59Z); after failing, its next try is in 4 s; 2 retries counted\n",
        ),
        (
            "alarm show R/a",
            alarm("null", true, 1, "null"),
            "R/a has no alarm set; `alarm()` is running; 1 retry counted\n",
        ),
        ("why R/a", why(""), "R/a is active: because\n"),
        (
            "why R/a",
            why(timer),
            "R/a is active: one thing keeps it in memory\n  - a timer\\u{7}, for 1 min (since 2026-08-01T11:59:00Z)\n",
        ),
        (
            "why R/a",
            why(&format!("{timer},{timer}")),
            "R/a is active: 2 things keep it in memory\n  \
             - a timer\\u{7}, for 1 min (since 2026-08-01T11:59:00Z)\n  \
             - a timer\\u{7}, for 1 min (since 2026-08-01T11:59:00Z)\n",
        ),
    ] {
        let words: Vec<_> = words.split(' ').collect();
        assert_eq!(run_against(&words, &http("200 OK", &answer)).1.unwrap(), expected, "{words:?}");
    }
}

#[test]
fn rows_are_a_table() {
    let long = "x".repeat(500);
    let rows = |columns: &str, rows: &str, truncated: bool| {
        format!(r#"{{"columns":{columns},"rows":{rows},"truncated":{truncated},"rowsRead":3,"rowsWritten":1}}"#)
    };
    for (answer, expected) in [
        (
            rows(r#"["id","text\u001b"]"#, r#"[[1,"a\nb"],[-20,null],[null,"x'00ff'"]]"#, false),
            "  id  text\\u{1b}\n----  ----------\n   1  a\\nb\n -20  NULL\nNULL  x'00ff'\n(3 rows; 3 read, 1 written)\n".to_owned(),
        ),
        (rows("[]", "[]", false), "(0 rows; 3 read, 1 written)\n".to_owned()),
        (
            rows(r#"["n"]"#, "[[1.5]]", true),
            "  n\n---\n1.5\n(1 row; 3 read, 1 written)\n(there are more rows: ask for fewer with `LIMIT`)\n".to_owned(),
        ),
        (
            rows(r#"["n"]"#, &format!(r#"[["{long}"]]"#), false),
            format!(
                "n\n{}\n{}…\n(1 row; 3 read, 1 written)\n(1 value is shortened to end in …; `--json` prints them whole)\n",
                "-".repeat(120),
                "x".repeat(119)
            ),
        ),
    ] {
        assert_eq!(run_against(&["sql", "R/a", "q"], &http("200 OK", &answer)).1.unwrap(), expected);
    }
}

#[test]
fn refusals_are_passed_on() {
    for (words, response, kind, expected) in [
        (
            "evict R/a",
            http(
                "400 Bad Request",
                r#"{"error":"Timed out waiting to evict Durable Object: it still has active references."}"#,
            ),
            Kind::Guest,
            "error: Timed out waiting to evict Durable Object: it still has active references.\n  \
             help: `emu do why R/a` says what keeps it in memory; `--now` does not wait for that\n",
        ),
        (
            "sql R/a x",
            http("400 Bad Request", r#"{"error":"near \"\u001b[2J\": syntax error"}"#),
            Kind::Guest,
            "error: near \"\\u{1b}[2J\": syntax error\n",
        ),
        (
            "show R/a",
            http("200 OK", "{}"),
            Kind::Network,
            "error: emu's answer cannot be understood\n  \
             because: missing field `databaseBytes`\n  \
             help: the running emu may be of another version; `--json` prints the answer as it is\n",
        ),
        (
            "show R/a",
            http("404 Not Found", "<h1>\x1b</h1>"),
            Kind::Network,
            "error: what listens at `URL` does not answer as emu does\n  \
             because: it answered 404 Not Found: <h1>\\u{1b}</h1>\n  \
             help: is it another program, or an emu of another version? `--url` says where to look\n",
        ),
        (
            "list --json",
            http("200 OK", "[1,"),
            Kind::Network,
            "error: what listens at `URL` does not answer as emu does\n  \
             because: it answered 200 OK: [1,\n  \
             help: is it another program, or an emu of another version? `--url` says where to look\n",
        ),
    ] {
        let words: Vec<_> = words.split(' ').collect();
        let error = run_against(&words, &response).1.unwrap_err();
        assert_eq!((without_url(&report(&error)).as_str(), error.kind()), (expected, kind), "{words:?}");
    }
}

/// The test's server listens at a port of its own every time.
fn without_url(text: &str) -> String {
    let Some((before, after)) = text.split_once("`http://") else { return text.to_owned() };
    let after = after.split_once('`').unwrap().1;
    format!("{before}`URL`{after}")
}

#[test]
fn connections_that_end_early_are_an_error() {
    for (response, expected) in [
        ("", "the connection to emu ended before its answer"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n[", "emu's answer cannot be read to its end"),
        ("SSH-2.0-x\r\n", "the connection to emu ended before its answer"),
    ] {
        let error = run_against(&["list"], response).1.unwrap_err();
        assert_eq!((error.to_string().as_str(), error.kind()), (expected, Kind::Network));
        assert!(!error.hints().is_empty());
    }
}

#[test]
fn nobody_listening_is_an_error() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let url = format!("http://127.0.0.1:{port}");
    let args = CommandLine::try_parse_from(["emu do", "list", "--url", &url]).unwrap().args;
    let error = runtime.block_on(perform(&args, Path::new("/"), &noon())).unwrap_err();
    assert_eq!(
        report(&error).replace(&url, "URL"),
        "error: nothing listens at `URL`\n  help: start emu with `emu serve`, or correct `--url` (or EMU_URL)\n"
    );
}

#[test]
fn what_is_typed_wrong_never_reaches_a_server() {
    for (words, expected) in [
        ("show Room", "`Room` names a class but no object"),
        ("alarm set Room/a 10s", "`10s` is no time for an alarm"),
        ("alarm set Room/a -10s", "`-10s` is no time for an alarm"),
        ("sql Room select", "`Room` names a class but no object"),
    ] {
        let args = CommandLine::try_parse_from(["emu do"].into_iter().chain(words.split(' '))).unwrap().args;
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let error = runtime.block_on(perform(&args, Path::new("/nonexistent"), &noon())).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.exit_code()), (expected, 2), "{words}");
    }
}
