# workerd's side of the pure computations.
# The driver overrides the socket's address (a free port) on the command line.

using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "bench", worker = .bench)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "bench")],
);

const bench :Workerd.Worker = (
  modules = [(name = "compute.js", esModule = embed "compute.js")],
  compatibilityDate = "2026-01-01",
);
