//! Listening sockets, as wrangler's `--ip` and `--port` mean them (reference §5.2).
//!
//! Invariant: binds; accepts nothing.

use crate::error::{Error, Result};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

/// How many ports after the default one are tried.
const PORTS_TRIED: u16 = 100;

/// Which port to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// This one and no other; 0 is any.
    Exactly(u16),
    /// This one, or the next that is free.
    From(u16),
}

/// Bound sockets.
pub struct Listening {
    listeners: Vec<TcpListener>,
    host: String,
    port: u16,
}

impl Listening {
    /// The URL that a person opens.
    pub fn url(&self) -> String {
        format!("http://{}:{}", self.host, self.port)
    }

    /// The sockets for one more lane.
    pub(super) fn for_lane(&self) -> Result<Vec<TcpListener>> {
        let clone = |listener: &TcpListener| listener.try_clone();
        self.listeners
            .iter()
            .map(clone)
            .collect::<std::io::Result<_>>()
            .map_err(|error| Error::network("the listening socket cannot be shared").because(error))
    }
}

/// Binds `ip` (an address, `localhost`, or `*` for all) and `port`.
///
/// # Errors
/// When the address is no address, or the port is busy or forbidden.
pub fn bind(ip: &str, port: Port) -> Result<Listening> {
    let addresses = addresses(ip)?;
    let host = match ip {
        "localhost" | "127.0.0.1" | "::1" | "*" | "0.0.0.0" | "::" => "localhost".to_owned(),
        other if other.contains(':') => format!("[{other}]"),
        other => other.to_owned(),
    };
    let (first, last) = match port {
        Port::Exactly(port) => (port, port),
        Port::From(port) => (port, port.saturating_add(PORTS_TRIED)),
    };
    let mut busy = None;
    for candidate in first..=last {
        match bind_all(&addresses, candidate) {
            Ok((listeners, port)) => return Ok(Listening { listeners, host, port }),
            Err(error) if error.kind() == ErrorKind::AddrInUse => busy = Some(error),
            Err(error) => return Err(refused(ip, candidate, error)),
        }
    }
    Err(match busy {
        Some(error) => Error::network(format!(
            "Address already in use ({}:{first}). Please check that you are not already running a server on this address \
             or specify a different port with --port.",
            addresses[0]
        ))
        .because(error),
        None => Error::internal("no port was tried"),
    })
}

fn refused(ip: &str, port: u16, error: std::io::Error) -> Error {
    let what = Error::network(format!("cannot listen on {ip}:{port}"));
    match error.kind() {
        ErrorKind::PermissionDenied => {
            what.because(error).hint("ports below 1024 need privileges; choose another with `--port`")
        }
        ErrorKind::AddrNotAvailable => {
            what.because(error).hint("no network interface of this machine has that address")
        }
        _ => what.because(error),
    }
}

/// `localhost` is both loopback addresses; the second is not needed.
fn addresses(ip: &str) -> Result<Vec<IpAddr>> {
    match ip {
        "localhost" => Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]),
        "*" => Ok(vec![Ipv4Addr::UNSPECIFIED.into()]),
        other => match other.trim_start_matches('[').trim_end_matches(']').parse() {
            Ok(address) => Ok(vec![address]),
            Err(_) => Err(Error::usage(format!("`{ip}` is not an IP address"))
                .hint("give an address such as 127.0.0.1 or 0.0.0.0, or `localhost`")),
        },
    }
}

fn bind_all(addresses: &[IpAddr], port: u16) -> std::io::Result<(Vec<TcpListener>, u16)> {
    let (first, rest) = addresses.split_first().ok_or(ErrorKind::InvalidInput)?;
    let first = listener(*first, port)?;
    let port = first.local_addr()?.port();
    let mut listeners = vec![first];
    for address in rest {
        match listener(*address, port) {
            Ok(listener) => listeners.push(listener),
            Err(error) if error.kind() == ErrorKind::AddrInUse => return Err(error),
            // A machine without IPv6 has only the other loopback address.
            Err(_) => {}
        }
    }
    Ok((listeners, port))
}

fn listener(address: IpAddr, port: u16) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(SocketAddr::new(address, port))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_port_is_an_error_when_asked_for_and_skipped_when_not() {
        let taken = bind("127.0.0.1", Port::Exactly(0)).unwrap();
        let Err(error) = bind("127.0.0.1", Port::Exactly(taken.port)) else { panic!("the port was free") };
        let port = taken.port;
        assert_eq!(
            error.to_string(),
            format!(
                "Address already in use (127.0.0.1:{port}). Please check that you are not already running a server on \
                 this address or specify a different port with --port."
            )
        );
        assert!(bind("127.0.0.1", Port::From(taken.port)).unwrap().port > taken.port);
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let Err(error) = bind("nowhere.example", Port::Exactly(0)) else { panic!("it was bound") };
        assert_eq!(error.to_string(), "`nowhere.example` is not an IP address");
    }
}
