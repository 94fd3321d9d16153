//! HTTPS in front of a plain test server, with a certificate of a private authority.
#![allow(clippy::unwrap_used, reason = "a test's support fails loudly")]

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_util::task::AbortOnDropHandle;

/// A running front.
pub struct TlsFront {
    address: SocketAddr,
    folder: TempDir,
    _task: AbortOnDropHandle<()>,
}

impl TlsFront {
    /// Listens on a free port of the server's address. Each connection goes to `server`, decrypted.
    pub async fn before(server: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(certified(&folder.path().join("ca.pem"), server.ip())));
        let listener = TcpListener::bind((server.ip(), 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                open.spawn(pass(acceptor.clone(), stream, server));
            }
        });
        Self { address, folder, _task: AbortOnDropHandle::new(task) }
    }

    /// The file with the authority's certificate.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The address behind this front that belongs to a plain URL of the server.
    pub fn url(&self, plain: &str) -> String {
        let (_, path) = plain.trim_start_matches("http://").split_once('/').unwrap();
        format!("https://{}/{path}", self.address)
    }
}

/// A client that does not trust the authority ends its connection; that is its affair.
async fn pass(acceptor: TlsAcceptor, stream: TcpStream, server: SocketAddr) {
    let Ok(mut client) = acceptor.accept(stream).await else { return };
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let _ = copy_bidirectional(&mut client, &mut server).await;
}

/// Makes an authority, writes its certificate to `file`, and lets it certify a server at this address.
fn certified(file: &Path, address: IpAddr) -> ServerConfig {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    // Of two authorities with one name, a client asks only the first.
    params.distinguished_name.push(DnType::CommonName, format!("Authority {}", file.display()));
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    std::fs::write(file, params.self_signed(&key).unwrap().pem()).unwrap();
    let authority = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let names = CertificateParams::new(vec![address.to_string()]).unwrap();
    let certificate = names.signed_by(&key, &authority).unwrap();
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    builder.with_single_cert(vec![certificate.der().clone()], key).unwrap()
}
