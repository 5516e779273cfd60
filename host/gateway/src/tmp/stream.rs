//! A stream into a file in a `/tmp`: wasmtime's, which asks the quota before each write.

use std::fs::File;
use std::sync::Arc;

use bytes::Bytes;
use wasmtime_wasi::p2::{DynOutputStream, OutputStream, Pollable, StreamError, StreamResult};

use super::quota::{Quota, QuotaExceeded};

/// A stream whose writes are counted.
pub(super) struct Counted {
    inner: DynOutputStream,
    quota: Arc<Quota>,
    file: Arc<File>,
    /// Where the next write goes. None: to the end of the file.
    offset: Option<u64>,
    /// Bytes of a write that has not ended.
    in_flight: usize,
    is_closed: bool,
}

impl Counted {
    pub(super) fn new(
        inner: DynOutputStream,
        quota: Arc<Quota>,
        file: Arc<File>,
        offset: Option<u64>,
    ) -> Self {
        Self {
            inner,
            quota,
            file,
            offset,
            in_flight: 0,
            is_closed: false,
        }
    }

    /// Makes room for a write that begins now.
    fn begin(&mut self, bytes: usize) -> StreamResult<()> {
        self.check()?;
        if let Err(QuotaExceeded) = self.quota.write(&self.file, self.offset, bytes) {
            // A stream whose operation has failed is closed (`wasi:io/streams`).
            self.is_closed = true;
            return Err(StreamError::LastOperationFailed(QuotaExceeded.into()));
        }
        self.in_flight += bytes;
        self.offset = self
            .offset
            .map(|offset| offset.saturating_add(bytes as u64));
        Ok(())
    }

    fn settle(&mut self) {
        self.quota.settle(std::mem::take(&mut self.in_flight));
    }

    fn check(&self) -> StreamResult<()> {
        if self.is_closed {
            return Err(StreamError::Closed);
        }
        Ok(())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Counted {
    async fn ready(&mut self) {
        self.inner.ready().await;
        self.settle();
    }
}

#[wasmtime_wasi::async_trait]
impl OutputStream for Counted {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.begin(bytes.len())?;
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.check()?;
        self.inner.flush()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.check()?;
        let room = self.inner.check_write()?;
        if room > 0 {
            self.settle();
        }
        Ok(room)
    }

    async fn blocking_write_and_flush(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.ready().await;
        self.begin(bytes.len())?;
        let written = self.inner.blocking_write_and_flush(bytes).await;
        self.settle();
        written
    }

    async fn cancel(&mut self) {
        self.inner.cancel().await;
        self.settle();
    }
}
