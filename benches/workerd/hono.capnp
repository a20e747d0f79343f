# workerd's side of the Hono application. workerd has no bundler, so the library's modules are listed.
# The driver overrides the socket's address (a free port) on the command line.

using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "bench", worker = .bench)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "bench")],
);

const bench :Workerd.Worker = (
  modules = [
    (name = "main.js", esModule = embed "hono.js"),
    (name = "hono", esModule = embed "node_modules/hono/dist/index.js"),
    (name = "compose.js", esModule = embed "node_modules/hono/dist/compose.js"),
    (name = "context.js", esModule = embed "node_modules/hono/dist/context.js"),
    (name = "helper/route/index.js", esModule = embed "node_modules/hono/dist/helper/route/index.js"),
    (name = "hono-base.js", esModule = embed "node_modules/hono/dist/hono-base.js"),
    (name = "hono.js", esModule = embed "node_modules/hono/dist/hono.js"),
    (name = "http-exception.js", esModule = embed "node_modules/hono/dist/http-exception.js"),
    (name = "request.js", esModule = embed "node_modules/hono/dist/request.js"),
    (name = "request/constants.js", esModule = embed "node_modules/hono/dist/request/constants.js"),
    (name = "router.js", esModule = embed "node_modules/hono/dist/router.js"),
    (name = "router/reg-exp-router/matcher.js", esModule = embed "node_modules/hono/dist/router/reg-exp-router/matcher.js"),
    (name = "router/reg-exp-router/node.js", esModule = embed "node_modules/hono/dist/router/reg-exp-router/node.js"),
    (name = "router/reg-exp-router/router.js", esModule = embed "node_modules/hono/dist/router/reg-exp-router/router.js"),
    (name = "router/reg-exp-router/trie.js", esModule = embed "node_modules/hono/dist/router/reg-exp-router/trie.js"),
    (name = "router/smart-router/router.js", esModule = embed "node_modules/hono/dist/router/smart-router/router.js"),
    (name = "router/trie-router/index.js", esModule = embed "node_modules/hono/dist/router/trie-router/index.js"),
    (name = "router/trie-router/node.js", esModule = embed "node_modules/hono/dist/router/trie-router/node.js"),
    (name = "router/trie-router/router.js", esModule = embed "node_modules/hono/dist/router/trie-router/router.js"),
    (name = "router/utils.js", esModule = embed "node_modules/hono/dist/router/utils.js"),
    (name = "utils/body.js", esModule = embed "node_modules/hono/dist/utils/body.js"),
    (name = "utils/buffer.js", esModule = embed "node_modules/hono/dist/utils/buffer.js"),
    (name = "utils/constants.js", esModule = embed "node_modules/hono/dist/utils/constants.js"),
    (name = "utils/crypto.js", esModule = embed "node_modules/hono/dist/utils/crypto.js"),
    (name = "utils/html.js", esModule = embed "node_modules/hono/dist/utils/html.js"),
    (name = "utils/mount.js", esModule = embed "node_modules/hono/dist/utils/mount.js"),
    (name = "utils/url.js", esModule = embed "node_modules/hono/dist/utils/url.js"),
  ],
  compatibilityDate = "2026-01-01",
);
