//! A connection in clear that hands out one line at a time, so that nothing said before TLS can be read after it.
//!
//! The client reads through a buffer that it keeps when STARTTLS wraps the connection. Bytes that came with the server's go-ahead
//! would lie in that buffer and be taken for answers over TLS, though anyone on the way could have written them
//! (CVE-2011-0411, RFC 3207 section 6). Here what comes after a line stays below: TLS meets it first and ends the connection.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Bytes that are read from the network at once.
const CHUNK: usize = 4096;

#[derive(Debug)]
pub(super) struct LineByLine {
    stream: TcpStream,
    /// Read from the network and not handed out yet.
    kept: Vec<u8>,
}

impl LineByLine {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, kept: Vec::new() }
    }
}

impl AsyncRead for LineByLine {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.kept.is_empty() {
            let mut chunk = [0; CHUNK];
            let mut read = ReadBuf::new(&mut chunk);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut read))?;
            self.kept.extend_from_slice(read.filled());
        }
        let line = self.kept.iter().position(|byte| *byte == b'\n').map_or(self.kept.len(), |place| place + 1);
        let count = line.min(buffer.remaining());
        buffer.put_slice(&self.kept[..count]);
        self.kept.drain(..count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for LineByLine {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl AsyncTokioStream for LineByLine {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn one_read_never_goes_beyond_a_line() {
        for (sent, expected) in [
            ("220 go\r\n250 injected\r\n", vec!["220 go\r\n", "250 injected\r\n"]),
            ("250-one\r\n250 two\r\nrest", vec!["250-one\r\n", "250 two\r\n", "rest"]),
            ("\n\n", vec!["\n", "\n"]),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (server, _) = listener.accept().await.unwrap();
            client.write_all(sent.as_bytes()).await.unwrap();
            client.shutdown().await.unwrap();
            let mut lines = LineByLine::new(server);
            let mut found = Vec::new();
            loop {
                let mut buffer = [0; 1000];
                let count = lines.read(&mut buffer).await.unwrap();
                if count == 0 {
                    break;
                }
                found.push(String::from_utf8(buffer[..count].to_vec()).unwrap());
            }
            assert_eq!(found, expected);
        }
    }
}
