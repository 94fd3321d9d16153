//! Which processes listen on a port, from /proc (proc_pid_net(5), proc_pid_fd(5)).

use std::net::Ipv4Addr;

use rustix::process::Pid;

/// The state of a listening socket in /proc/net/tcp.
const LISTEN: &str = "0A";

/// Whether only these processes listen on this port of 127.0.0.1.
pub(super) fn listen_alone(processes: &[Pid], port: u16) -> bool {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    let sockets = listening_sockets(&table, port);
    !sockets.is_empty() && sockets.iter().all(|socket| processes.iter().any(|process| holds(*process, socket)))
}

/// The listening sockets, as their descriptors' links show them.
fn listening_sockets(table: &str, port: u16) -> Vec<String> {
    // The address is in the machine's byte order, the port is not.
    let address = format!("{:08X}:{port:04X}", u32::from_ne_bytes(Ipv4Addr::LOCALHOST.octets()));
    let listening = |line: &str| {
        let fields: Vec<_> = line.split_ascii_whitespace().collect();
        let (local, state, inode) = (*fields.get(1)?, *fields.get(3)?, *fields.get(9)?);
        (local == address && state == LISTEN).then(|| format!("socket:[{inode}]"))
    };
    table.lines().filter_map(listening).collect()
}

/// Whether a process has a descriptor of this socket.
fn holds(process: Pid, socket: &str) -> bool {
    let descriptors =
        std::fs::read_dir(format!("/proc/{}/fd", process.as_raw_nonzero())).into_iter().flatten().flatten();
    let mut links = descriptors.filter_map(|descriptor| std::fs::read_link(descriptor.path()).ok());
    links.any(|link| link.as_os_str() == socket)
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::process::{Command, Stdio};

    use rustix::process::getpid;

    use super::*;

    #[test]
    fn socket_belongs_to_the_process_that_holds_it() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut child = Command::new("sleep").arg("300").stdin(Stdio::null()).spawn().unwrap();
        let other = Pid::from_child(&child);
        assert!(listen_alone(&[other, getpid()], port));
        assert!(!listen_alone(&[other], port) && !listen_alone(&[], port));
        let connected = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        drop(listener);
        assert!(!listen_alone(&[getpid()], port), "a connection does not listen");
        drop(connected);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn all_sockets_of_a_port_count() {
        let address = format!("{:08X}:1A0A", u32::from_ne_bytes([127, 0, 0, 1]));
        let line = |local: &str, state: &str, inode: u32| {
            format!(
                "   0: {local} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  1000        0 {inode} 1 0 100\n"
            )
        };
        let table = [
            "  sl  local_address rem_address   st\n".to_owned(),
            line(&address, "0A", 7),
            line(&address, "01", 8),
            line(&address, "0A", 9),
            line("00000000:1A0A", "0A", 10),
        ];
        assert_eq!(listening_sockets(&table.concat(), 0x1A0A), ["socket:[7]", "socket:[9]"]);
    }
}
