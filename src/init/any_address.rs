//! The address on which a server accepts clients of both address families.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

/// A program's argument that [`super::run_program()`] replaces by [`any_address`].
pub const ANY_ADDRESS: &str = "any-address";

/// All addresses of this machine: `::`, which also accepts IPv4 clients (RFC 3493, section 3.7), or `0.0.0.0` if the
/// kernel has no IPv6.
pub fn any_address() -> IpAddr {
    // Unlike a TCP listener, this socket accepts nothing.
    any_address_if(|address| UdpSocket::bind((address, 0)).is_ok())
}

fn any_address_if(can_bind: impl Fn(IpAddr) -> bool) -> IpAddr {
    let ipv6 = Ipv6Addr::UNSPECIFIED.into();
    if can_bind(ipv6) { ipv6 } else { Ipv4Addr::UNSPECIFIED.into() }
}

/// The arguments for the program, with the address instead of [`ANY_ADDRESS`].
pub(super) fn with_address(arguments: &[OsString]) -> Vec<OsString> {
    let replaced = |argument: &OsString| match argument == ANY_ADDRESS {
        true => any_address().to_string().into(),
        false => argument.clone(),
    };
    arguments.iter().map(replaced).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_without_ipv6_gets_the_ipv4_address() {
        assert_eq!(any_address_if(|_| true).to_string(), "::");
        assert_eq!(any_address_if(|address| address.is_ipv4()).to_string(), "0.0.0.0");
    }
}
