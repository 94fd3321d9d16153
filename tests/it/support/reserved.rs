//! Ports and loopback addresses, each reserved for one test across all test processes.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use parking_lot::Mutex;

/// A locked file for each. The locks end with this process.
static TAKEN: Mutex<Vec<File>> = Mutex::new(Vec::new());

fn take(name: &str) -> bool {
    let user = rustix::process::getuid().as_raw();
    let folder = std::env::temp_dir().join(format!("opencode-router-tests-{user}"));
    std::fs::create_dir_all(&folder).unwrap();
    let file = File::options().create(true).truncate(false).write(true).open(folder.join(name)).unwrap();
    let free = file.try_lock().is_ok();
    if free {
        TAKEN.lock().push(file);
    }
    free
}

/// A port of 127.0.0.1 that no outgoing connection uses: those start at 32768.
pub fn port() -> u16 {
    let is_free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    let choices = std::iter::repeat_with(|| fastrand::u16(20_000..32_768));
    choices.take(1000).find(|port| is_free(*port) && take(&port.to_string())).expect("a free port")
}

/// A loopback address without a listener.
pub fn address() -> Ipv4Addr {
    let any = || Ipv4Addr::new(127, fastrand::u8(64..128), fastrand::u8(..), fastrand::u8(1..255));
    std::iter::repeat_with(any).take(1000).find(|address| take(&address.to_string())).expect("a free address")
}

/// Such an address with a port.
pub fn address_with(port: u16) -> SocketAddr {
    SocketAddr::from((address(), port))
}
