# workerd's side of the comparison: the bench worker with two SQLite-backed classes on disk.
# The driver overrides the socket's address (a free port) and the directory (a temporary one) on the command line.

using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "bench", worker = .bench),
    (name = "state", disk = (path = "state", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "bench")],
);

const bench :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2026-01-01",
  durableObjectNamespaces = [
    (className = "Counter", uniqueKey = "bench-Counter", enableSql = true),
    (className = "Sockets", uniqueKey = "bench-Sockets", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "state"),
  bindings = [
    (name = "COUNTER", durableObjectNamespace = "Counter"),
    (name = "SOCKETS", durableObjectNamespace = "Sockets"),
  ],
);
