//! The extension host: answers each change of a document with as much as it was sent.

use std::io;

use tokio::io::BufReader;

use super::{Message, connection};

/// Until its input ends.
pub async fn run() -> io::Result<()> {
    let (mut from, mut to) = (BufReader::new(connection::input()?), connection::output()?);
    while let Some(message) = connection::read::<Message>(&mut from).await? {
        connection::write(&mut to, &message).await?;
    }
    Ok(())
}
