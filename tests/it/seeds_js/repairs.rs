//! The damage that the documents' examples took when they were transcribed, and its repair: every change is listed here.
//!
//! Invariant: a repair restores what the text around it shows to be missing; it adds no behaviour, and one that does not
//! apply is an error.

/// One repair. It applies to every occurrence, of which there must be one at least.
#[derive(Clone, Copy)]
pub(super) enum Repair {
    /// This stands for that.
    Replace(&'static str, &'static str),
    /// After this text these lines were lost.
    LostAfter(&'static str, &'static str),
    /// After this text, which ends a comment, the end of the line was lost.
    LostNewline(&'static str),
}

use Repair::{LostAfter, LostNewline, Replace};

/// The text, repaired.
pub(super) fn apply(mut text: String, repairs: &[Repair]) -> String {
    for repair in repairs {
        let (find, replacement) = match *repair {
            Replace(find, replacement) => (find, replacement.to_owned()),
            LostAfter(find, lines) => (find, format!("{find}\n{lines}")),
            LostNewline(find) => (find, format!("{find}\n")),
        };
        assert!(text.contains(find), "nothing to repair: `{find}` is not in\n{text}");
        text = text.replace(find, &replacement);
    }
    text
}

/// What the guide asks for in every configuration and leaves out in its examples.
pub(super) const GUIDE_CONFIG: &[Repair] = &[Replace(
    "{\n  \"name\": ",
    "{\n  \"main\": \"src/index.ts\",\n  \"compatibility_date\": \"2025-02-11\",\n  \
     \"compatibility_flags\": [\"nodejs_compat\"],\n  \"name\": ",
)];

/// Commas between the methods of a class; a colon before a return type.
pub(super) const GUIDE_HIBERNATION: &[Repair] =
    &[Replace("},\n\n    async ", "}\n\n    async "), Replace("wasClean: boolean) void", "wasClean: boolean): void")];

/// The call that a derived class needs, after which its field `ctx` is there; a `*` that became `\_`.
pub(super) const GUIDE_ALARM: &[Repair] =
    &[Replace("this.ctx = ctx;", "super(ctx, env);"), Replace("10 \\_ SECONDS", "10 * SECONDS")];

/// The class has another name in the code.
pub(super) const GUIDE_ALARM_CONFIG: &[Repair] =
    &[GUIDE_CONFIG[0], Replace("\"DurableObjectAlarm\"", "\"AlarmExample\"")];

/// A name for the date that a configuration must have.
pub(super) const CHAT_CONFIG: &[Repair] = &[Replace("\"main\":", "\"compatibility_date\": \"2026-10-01\",\n\"main\":")];

/// Lines without much on them.
pub(super) const STANDARD: &[Repair] = &[
    Replace("WEBSOCKET_SERVER: Durable", "export interface Env {\nWEBSOCKET_SERVER: Durable"),
    LostAfter("Namespace<WebSocketServer>;", "}\nexport default {"),
    WORKER[0],
    WORKER[1],
    WORKER[2],
    WORKER[3],
    LostAfter("constructor(ctx: DurableObjectState, env: Env) {", "super(ctx, env);"),
    LostAfter("this.currentlyConnectedWebSockets = 0;", "}"),
    LostAfter("// and allowing the WebSocket to send and receive messages.", "server.accept();"),
    LostAfter("${this.currentlyConnectedWebSockets}`);", "});"),
    LostAfter("server.close(cls.code, \"Durable Object is closing WebSocket\");", "});"),
    LostAfter("});\nreturn new Response(null, {", "status: 101,\nwebSocket: client,\n});\n}\n}"),
];

/// Lines without much on them.
pub(super) const HIBERNATION: &[Repair] = &[
    Replace("WEBSOCKET_HIBERNATION_SERVER: Durable", "export interface Env {\nWEBSOCKET_HIBERNATION_SERVER: Durable"),
    LostAfter("Namespace<WebSocketHibernationServer>;", "}\nexport default {"),
    WORKER[0],
    WORKER[1],
    WORKER[2],
    WORKER[3],
    LostAfter("});\n},", "};"),
    LostAfter(
        "this.ctx.acceptWebSocket(server);\nreturn new Response(null, {",
        "status: 101,\nwebSocket: client,\n});\n}",
    ),
    LostAfter("connections: ${this.ctx.getWebSockets().length}`);", "}"),
    LostAfter("ws.close(code, \"Durable Object is closing WebSocket\");", "}\n}"),
];

/// The worker that both of these documents begin with.
const WORKER: [Repair; 4] = [
    LostAfter("{ status: 426 });", "}"),
    LostAfter("return stub.fetch(request);", "}"),
    Replace("statusText: 'Bad Request',", "status: 400,\nstatusText: 'Bad Request',\nheaders: {"),
    LostAfter("'Content-Type': 'text/plain',", "},\n});\n},"),
];

/// Ends of lines, which matter after a comment and in a text.
pub(super) const CHAT: &[Repair] = &[
    LostNewline("// Worker"),
    LostNewline("// If there is one, accept the request and return a WebSocket Response."),
    LostNewline("// all requests to this Worker will be sent to the same Durable Object instance."),
    LostNewline("Supported endpoints:"),
    LostNewline("// Durable Object"),
    LostNewline("// Keeps track of all WebSocket connections"),
    LostNewline("// Creates two ends of a WebSocket connection."),
    LostNewline("// and allowing the WebSocket to send and receive messages."),
    LostNewline("// Generate a random UUID for the session."),
    LostNewline("// Add the WebSocket connection to the map of active sessions."),
    LostNewline("// If the client closes the connection, the runtime will close the connection too."),
    LostNewline("// Reply back with the same message to the connection"),
    LostNewline("// except the one that sent the message."),
    LostNewline("// including the one that sent the message."),
];
