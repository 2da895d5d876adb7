//! A bare reverse proxy on the same framework, without a log: what `cargo xtask proxy --latency` holds
//! `ai-audit proxy` against.
//!
//!     bare http://127.0.0.1:9000
//!
//! It prints where it listens, and ends when it is killed.
#![allow(
    clippy::print_stdout,
    reason = "its one line is what its caller waits for"
)]

use hyper::body::Incoming;
use hyper::header::HOST;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::error::Error;
use std::io::Write as _;
use tokio::net::TcpListener;

fn main() -> Result<(), Box<dyn Error>> {
    let upstream = std::env::args().nth(1).ok_or("expected the upstream")?;
    let upstream: Uri = upstream.parse()?;
    let authority = upstream.authority().ok_or("expected a host")?.clone();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_io()
        .enable_time()
        .build()?;
    runtime.block_on(async {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("http://{}", listener.local_addr()?);
        std::io::stdout().flush()?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let (client, authority) = (client.clone(), authority.clone());
            let service = service_fn(move |mut request: Request<Incoming>| {
                let (client, authority) = (client.clone(), authority.clone());
                async move {
                    let path = request.uri().path_and_query().cloned();
                    let mut uri = Uri::builder().scheme("http").authority(authority);
                    if let Some(path) = path {
                        uri = uri.path_and_query(path);
                    }
                    *request.uri_mut() = uri.build()?;
                    request.headers_mut().remove(HOST);
                    let answer = client.request(request).await?;
                    Ok::<_, Box<dyn Error + Send + Sync>>(answer)
                }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    })
}
