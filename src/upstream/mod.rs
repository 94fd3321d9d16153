//! The router as a client of a run's servers: addresses, credentials and connections. Everything here belongs to one
//! run and ends with it.

mod client_connection;
mod endpoint;
mod exchange;
mod head_limit;
mod idle_connections;
mod request_body;
mod socket_options;

pub use self::client_connection::Connection;
pub use self::endpoint::{Gate, Upstream};
pub use self::exchange::ExchangeError;
pub use self::head_limit::HeadLimit;
pub use self::request_body::RequestBody;
pub use self::socket_options::notice_lost_peers;
