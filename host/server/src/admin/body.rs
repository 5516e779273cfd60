//! Requests' bodies, each within its bounds: a component on its way to the disk, and JSON.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use serde::de::DeserializeOwned;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use wasgi_gateway::COMPONENT_BYTES_MAX;

use super::refusal::Refusal;
use crate::state::{Blob, State};

/// Bytes of a body that is JSON.
const JSON_BYTES_MAX: usize = 64 * 1024;

/// Time for the next piece of a body.
const IDLE_WAIT: Duration = Duration::from_secs(30);

/// Bytes of a component that are written to the disk at one time.
const CHUNK_BYTES: usize = 1024 * 1024;

/// Time for the next piece of a body that nobody wants.
const DISCARD_WAIT: Duration = Duration::from_secs(1);

/// Reads a body that is JSON. An empty one is the default.
pub(super) async fn json<T: DeserializeOwned + Default>(body: &mut Incoming) -> Result<T, Refusal> {
    let bytes = read(body, JSON_BYTES_MAX + 1).await?;
    // Limit: JSON_BYTES_MAX
    if bytes.len() > JSON_BYTES_MAX {
        return Err(Refusal::large(format!(
            "expected at most {JSON_BYTES_MAX} bytes of JSON, got more"
        )));
    }
    if bytes.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(&bytes)
        .map_err(|error| Refusal::bad(format!("cannot read the JSON of the body: {error}")))
}

/// Writes a body that is a component to the state folder.
pub(super) async fn component(state: Arc<State>, body: &mut Incoming) -> Result<Blob, Refusal> {
    // Limit: COMPONENT_BYTES_MAX
    if body.size_hint().lower() > COMPONENT_BYTES_MAX {
        return Err(Refusal::large(format!(
            "expected a component of at most {COMPONENT_BYTES_MAX} bytes, got {}",
            body.size_hint().lower()
        )));
    }
    let receive = move || Ok(state.receive(COMPONENT_BYTES_MAX)?);
    let mut incoming = blocking(receive).await?;
    loop {
        let chunk = read(body, CHUNK_BYTES).await?;
        if chunk.is_empty() {
            return blocking(move || Ok(incoming.finish()?)).await;
        }
        incoming = blocking(move || {
            incoming.write(&chunk)?;
            Ok(incoming)
        })
        .await?;
    }
}

/// Reads what is left of a body that was refused. A client that still writes when its connection
/// is closed may never read the answer.
pub(super) async fn discard(body: &mut Incoming) {
    let mut bytes = 0;
    // Limit: COMPONENT_BYTES_MAX, DISCARD_WAIT
    while bytes <= COMPONENT_BYTES_MAX
        && let Ok(Some(Ok(frame))) = timeout(DISCARD_WAIT, body.frame()).await
    {
        bytes += frame.data_ref().map_or(0, Bytes::len) as u64;
    }
}

/// Runs on a thread that may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(Refusal::unavailable(format!("the host failed: {error}"))))
}

/// Reads on until there are so many bytes, or a piece more, or the body ends.
async fn read(body: &mut Incoming, bytes: usize) -> Result<Bytes, Refusal> {
    let mut read = BytesMut::new();
    while read.len() < bytes {
        // Limit: IDLE_WAIT
        let Ok(frame) = timeout(IDLE_WAIT, body.frame()).await else {
            return Err(Refusal::late(format!(
                "expected more of the body within {IDLE_WAIT:?}, got nothing"
            )));
        };
        match frame {
            None => break,
            Some(Ok(frame)) => read.extend_from_slice(&frame.into_data().unwrap_or_default()),
            Some(Err(error)) => {
                return Err(Refusal::bad(format!("cannot read the body: {error}")));
            }
        }
    }
    Ok(read.freeze())
}
