//! The disk and memory of a Pod, as its first process tells them on a port of its own.

use tokio::io::AsyncReadExt;

use crate::session::Run;
use crate::usage::{LONGEST_LINE, Usage, usage_port};

/// Asks the Pod of this run. `None` if it does not answer with usage: then it is of an older release, or busy.
pub(super) async fn measure(run: &Run) -> Option<Usage> {
    ask(run, usage_port::PORT).await
}

/// A new connection for each question: the run's gate checks first that the Pod still has its address.
async fn ask(run: &Run, port: u16) -> Option<Usage> {
    let stream = run.server().upstream().on_port(port).dial().await.ok()?;
    let mut line = Vec::new();
    stream.take(LONGEST_LINE as u64).read_to_end(&mut line).await.ok()?;
    Usage::read(&line)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::FutureExt;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;
    use crate::opencode::Server;

    async fn answer(line: &'static [u8], endless: bool, address_is_ours: bool) -> Option<Usage> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let gate = Arc::new(move || async move { address_is_ours }.boxed());
        let run = Run::new(Server::new(address, &"secret".to_owned().into(), "/work".to_owned(), Some(gate)));
        let pod = async {
            let (mut client, _) = listener.accept().await.unwrap();
            while client.write_all(line).await.is_ok() && endless {}
            drop(client);
            std::future::pending::<()>().await;
        };
        tokio::select! { usage = ask(&run, address.port()) => usage, () = pod => None }
    }

    #[tokio::test]
    async fn only_one_short_line_is_believed() {
        let usage = answer(b"{\"memory\":{\"used\":5}}\n", false, true).await.unwrap();
        assert_eq!(usage.memory.unwrap().used, 5);
        assert_eq!(answer(b"{\"memory\":{\"used\":5}}\n", true, true).await, None, "it does not end");
        assert_eq!(answer(b"{\"memory\":{\"used\":[[[[", true, true).await, None);
        assert_eq!(answer(b"", false, true).await, None);
    }

    #[tokio::test]
    async fn address_that_another_pod_may_have_is_not_asked() {
        assert_eq!(answer(b"{\"memory\":{\"used\":5}}\n", false, false).await, None);
    }
}
