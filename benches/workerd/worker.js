// The bench worker as workerd runs it. `guest/bench` is the same worker in Rust: the routes, the storage operations and the
// answers are the same, so that a difference between two figures is a difference between two runtimes.
//
//   GET /hello                 "hello"
//   GET /do/mem|kv|sql/<name>  the object's count after this request, as text
//   GET /ws/echo/<name>        WebSocket: every message comes back to its sender
//   GET /ws/fan/<name>         WebSocket: every message goes to all sockets of the object
//
// A plain GET on a /ws/ route answers how many events this instance of the object has seen: "1" is proof that it was hibernated
// (or evicted) just before, which the driver uses to be sure of what it measures.

import { DurableObject } from "cloudflare:workers";

export class Counter extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.count = 0;
    this.hasTable = false;
  }

  async fetch(request) {
    const [, , work] = new URL(request.url).pathname.split("/");
    switch (work) {
      case "mem":
        return new Response(String(++this.count));
      case "kv": {
        const count = ((await this.ctx.storage.get("count")) ?? 0) + 1;
        await this.ctx.storage.put("count", count);
        return new Response(String(count));
      }
      case "sql":
        return new Response(String(this.insertAndCount()));
      default:
        return new Response("not found", { status: 404 });
    }
  }

  insertAndCount() {
    const sql = this.ctx.storage.sql;
    if (!this.hasTable) {
      sql.exec("CREATE TABLE IF NOT EXISTS hits (id INTEGER PRIMARY KEY, at INTEGER NOT NULL)");
      this.hasTable = true;
    }
    sql.exec("INSERT INTO hits (at) VALUES (?)", Date.now());
    return sql.exec("SELECT count(*) AS count FROM hits").one().count;
  }
}

export class Sockets extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.eventCount = 0;
  }

  async fetch(request) {
    this.eventCount += 1;
    if (request.headers.get("Upgrade") !== "websocket") {
      return new Response(String(this.eventCount));
    }
    const [, , work] = new URL(request.url).pathname.split("/");
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server, [work]);
    return new Response(null, { status: 101, webSocket: client });
  }

  webSocketMessage(socket, message) {
    this.eventCount += 1;
    const [work] = this.ctx.getTags(socket);
    if (work === "fan") {
      for (const each of this.ctx.getWebSockets()) each.send(message);
    } else {
      socket.send(message);
    }
  }

  webSocketClose(socket, code) {
    // 1005 and 1006 say that no code came; they are not codes a peer may send.
    socket.close(code === 1005 || code === 1006 ? 1000 : code);
  }
}

export default {
  fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/hello") return new Response("hello");
    const [, area, , name] = pathname.split("/");
    const namespace = { do: env.COUNTER, ws: env.SOCKETS }[area];
    if (!namespace || !name) return new Response("not found", { status: 404 });
    return namespace.get(namespace.idFromName(name)).fetch(request);
  },
};
