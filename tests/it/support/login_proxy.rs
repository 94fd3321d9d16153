//! A login proxy that names a configured user for every request, for routers with several users.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use axum::body::Body;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::HeaderValue;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

use super::model::serve;

/// A running proxy; dropping it closes its port.
pub struct LoginProxy {
    pub address: SocketAddr,
    upstream: Arc<OnceLock<SocketAddr>>,
    _task: AbortOnDropHandle<()>,
}

impl LoginProxy {
    /// Listens on a free port of the loopback interface. Every caller is `email`.
    pub async fn start(email: &'static str) -> Self {
        let listener = TcpListener::bind((IpAddr::from(Ipv4Addr::LOCALHOST), 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let upstream = Arc::new(OnceLock::new());
        let known = upstream.clone();
        let task = serve(listener, move |request| {
            let known = known.clone();
            async move {
                let answer = match known.get() {
                    Some(upstream) => pass(*upstream, request, email).await.ok(),
                    None => None,
                };
                answer
                    .unwrap_or_else(|| Response::builder().status(StatusCode::BAD_GATEWAY).body(Body::empty()).unwrap())
            }
        });
        Self { address, upstream, _task: task }
    }

    /// Sets the address of the router.
    pub fn lead_to(&self, upstream: SocketAddr) {
        self.upstream.set(upstream).expect("it is said once");
    }
}

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Forwards one request on a new connection, with the user's name.
async fn pass(
    upstream: SocketAddr,
    mut request: Request<Incoming>,
    email: &'static str,
) -> Result<Response<Body>, Error> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(TcpStream::connect(upstream).await?)).await?;
    tokio::spawn(connection.with_upgrades());
    request.headers_mut().insert("x-auth-request-email", HeaderValue::from_static(email));
    let client = hyper::upgrade::on(&mut request);
    let mut response = sender.send_request(request).await?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let server = hyper::upgrade::on(&mut response);
        tokio::spawn(async move {
            let (client, server) = tokio::try_join!(client, server)?;
            copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(server)).await?;
            Ok::<_, Error>(())
        });
    }
    Ok(response.map(Body::new))
}

/// A port of this machine that forwards all bytes to another address.
pub struct Forward {
    pub address: SocketAddr,
    to: Arc<OnceLock<SocketAddr>>,
    _task: AbortOnDropHandle<()>,
}

impl Forward {
    /// Listens on a free port of the loopback interface.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let to = Arc::new(OnceLock::<SocketAddr>::new());
        let known = to.clone();
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let known = known.clone();
                tokio::spawn(async move {
                    let mut upstream = TcpStream::connect(known.get()?).await.ok()?;
                    copy_bidirectional(&mut stream, &mut upstream).await.ok()
                });
            }
        });
        Self { address, to, _task: AbortOnDropHandle::new(task) }
    }

    /// Sets the target address.
    pub fn lead_to(&self, to: SocketAddr) {
        self.to.set(to).expect("it is said once");
    }
}
