//! Servers that the router speaks to as a client: where they are, which credentials they take, and the connections to
//! them. Everything here belongs to one run of a server and ends with it.

mod client_connection;
mod endpoint;
mod exchange;
mod idle_connections;
mod request_body;
mod socket_options;

pub use self::client_connection::Connection;
pub use self::endpoint::{Gate, Upstream};
pub use self::exchange::ExchangeError;
pub use self::request_body::RequestBody;
pub use self::socket_options::notice_lost_peers;
