//! The certificate that answers for a public name.

use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme, client,
};

use super::http_request::PATIENCE;
use crate::runtime::Finding;

/// Why there is no connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoTls {
    /// Nothing answers, or not with TLS.
    Unreachable(String),
    /// The certificate is for other names.
    OtherNames,
    /// This machine does not know the authority. The certificate has the name.
    UnknownAuthority,
    /// The certificate is not valid for another reason.
    Invalid(String),
}

/// Whether a certificate with this name answers there.
pub(super) async fn check(name: &'static str, host: &str, port: u16) -> Finding {
    let place = format!("{host}:{port}");
    match connect(host, port).await {
        Ok(_) => Finding::ok(name, format!("The certificate at {place} is valid and has the name.")),
        Err(NoTls::Unreachable(why)) => Finding::not_checked(name, format!("No certificate from {place}: {why}.")),
        Err(NoTls::OtherNames) => Finding::problem(
            name,
            format!("The certificate at {place} is for other names."),
            "Use a wildcard certificate for the sessions' names together with the router's name.",
        ),
        Err(NoTls::UnknownAuthority) => Finding::warning(
            name,
            format!("The certificate at {place} has the name, but this machine does not know its authority."),
            "Check that the browsers of your users know it.",
        ),
        Err(NoTls::Invalid(why)) => Finding::problem(
            name,
            format!("The certificate at {place} is not valid: {why}."),
            "Renew it, or correct the proxy that serves it.",
        ),
    }
}

/// Connects with the authorities that this machine knows.
pub(super) async fn connect(host: &str, port: u16) -> Result<TlsStream<TcpStream>, NoTls> {
    let mut authorities = RootCertStore::empty();
    authorities.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let connected = tokio::time::timeout(PATIENCE, async {
        let stream = TcpStream::connect((host, port)).await.map_err(|error| NoTls::Unreachable(error.to_string()))?;
        handshake(stream, host, authorities).await
    });
    connected.await.unwrap_or_else(|_| Err(NoTls::Unreachable("no answer in time".to_owned())))
}

async fn handshake(stream: TcpStream, host: &str, authorities: RootCertStore) -> Result<TlsStream<TcpStream>, NoTls> {
    let impossible = |error: &dyn std::fmt::Display| NoTls::Unreachable(error.to_string());
    let provider = Arc::new(ring::default_provider());
    let verifier = NameFirst::new(authorities, provider.clone())?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| impossible(&error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    let server = ServerName::try_from(host.to_owned()).map_err(|error| impossible(&error))?;
    TlsConnector::from(Arc::new(config)).connect(server, stream).await.map_err(|error| why(&error))
}

fn why(error: &io::Error) -> NoTls {
    match error.get_ref().and_then(|error| error.downcast_ref::<Error>()) {
        Some(Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        )) => NoTls::OtherNames,
        Some(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => NoTls::UnknownAuthority,
        Some(Error::InvalidCertificate(other)) => NoTls::Invalid(other.to_string()),
        _ => NoTls::Unreachable(error.to_string()),
    }
}

/// Accepts what the usual verifier accepts, and nothing else. If the authority is unknown, still checks the name, so that
/// a private authority does not hide a wrong name.
#[derive(Debug)]
struct NameFirst(Option<Arc<WebPkiServerVerifier>>, Arc<CryptoProvider>);

impl NameFirst {
    /// Without any authority, every certificate has an unknown one.
    fn new(authorities: RootCertStore, provider: Arc<CryptoProvider>) -> Result<Self, NoTls> {
        if authorities.is_empty() {
            return Ok(Self(None, provider));
        }
        let usual = WebPkiServerVerifier::builder_with_provider(authorities.into(), provider.clone()).build();
        usual.map(|usual| Self(Some(usual), provider)).map_err(|error| NoTls::Unreachable(error.to_string()))
    }
}

impl ServerCertVerifier for NameFirst {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let unknown = Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let usual = match &self.0 {
            Some(usual) => usual.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now),
            None => Err(unknown.clone()),
        };
        if usual.as_ref().err() == Some(&unknown) {
            client::verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
        }
        usual
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.as_ref().ok_or(Error::DecryptError)?.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.as_ref().ok_or(Error::DecryptError)?.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.1.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

    use super::*;

    /// Connects as `host` to a server whose certificate is for *.oc.example.org. Its authority is known, or not.
    async fn try_as(host: &str, known: bool) -> Result<(), NoTls> {
        let key = KeyPair::generate().unwrap();
        let own = CertificateParams::new(vec!["*.oc.example.org".to_owned()]).unwrap().self_signed(&key).unwrap();
        let mut authorities = RootCertStore::empty();
        if known {
            authorities.add(own.der().clone()).unwrap();
        }
        let private = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![own.der().clone()], private)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        let serve = TlsAcceptor::from(Arc::new(server)).accept(accepted);
        let (connected, _) = tokio::join!(handshake(stream, host, authorities), serve);
        connected.map(|_| ())
    }

    #[tokio::test]
    async fn a_wildcard_covers_the_sessions_and_not_the_domain() {
        assert_eq!(try_as("0123456789abcdef0123-oc.oc.example.org", true).await, Ok(()));
        assert_eq!(try_as("oc.example.org", true).await, Err(NoTls::OtherNames));
    }

    #[tokio::test]
    async fn an_unknown_authority_does_not_hide_a_wrong_name() {
        assert_eq!(try_as("a.oc.example.org", false).await, Err(NoTls::UnknownAuthority));
        assert_eq!(try_as("oc.example.org", false).await, Err(NoTls::OtherNames));
    }
}
