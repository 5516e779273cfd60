//! What a guest's store holds: the request that it serves, and what it may use.

use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime::{Engine, ResourceLimiter, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::input::{Input, RequestBody};
use crate::limits::Limits;
use crate::log::{GuestLog, Rate};
use crate::meter::{self, Meter};
use crate::request_id::RequestId;
use crate::settings::AppSettings;
use crate::ticker::Ticker;
use crate::wasi;

/// Handles that a guest may hold, in its own tables and in the host's.
const HANDLES_MAX: usize = 10_000;

/// The data of one store.
pub(crate) struct State {
    pub(crate) meter: Arc<Meter>,
    /// The body of the request that is being served.
    pub(crate) input: Input,
    pub(crate) memory: MemoryUse,
    /// The request that is being served.
    request_id: RequestId,
    settings: Arc<AppSettings>,
    rate: Arc<Rate>,
    /// Made with `wasi`.
    log: Option<GuestLog>,
    /// Made when the guest first asks for something of WASI: many never do.
    wasi: Option<Box<WasiCtx>>,
    table: ResourceTable,
}

/// The memory of one instance.
#[derive(Debug, Default)]
pub(crate) struct MemoryUse {
    /// Bytes of all linear memories and tables.
    pub(crate) bytes: u64,
    /// The guest was refused more since the request began.
    pub(crate) refused: bool,
    limit: u64,
}

impl State {
    pub(crate) fn limits(&self) -> &Limits {
        &self.settings.limits
    }

    /// Starts another request, and returns the generation of its input.
    pub(crate) fn begin(&mut self, request_id: RequestId, body: Option<RequestBody>) -> u32 {
        self.request_id = request_id;
        self.memory.refused = false;
        if let Some(log) = &self.log {
            log.begin(request_id);
        }
        let (limit, idle) = (self.settings.limits.request_body, self.settings.limits.idle);
        self.input.begin(body, limit, idle)
    }

    /// Ends the request that was served.
    pub(crate) fn end(&mut self) {
        self.input.end();
        if let Some(log) = &self.log {
            log.finish();
        }
    }

    /// Whether the app may log so many bytes more.
    pub(crate) fn may_log(&self, bytes: usize) -> bool {
        self.rate.allows(bytes, self.settings.limits.log)
    }

    /// The last lines that the guest logged for this request.
    pub(crate) fn finish_log(&self) -> Vec<String> {
        self.log.as_ref().map(GuestLog::finish).unwrap_or_default()
    }
}

/// Makes a store that every limit holds for.
pub(crate) fn store(
    engine: &Engine,
    ticker: &Arc<Ticker>,
    settings: &Arc<AppSettings>,
    rate: &Arc<Rate>,
    meter: Arc<Meter>,
) -> Store<State> {
    let mut table = ResourceTable::new();
    table.set_max_capacity(HANDLES_MAX);
    let state = State {
        meter,
        input: Input::default(),
        memory: MemoryUse {
            limit: settings.limits.memory,
            ..MemoryUse::default()
        },
        request_id: RequestId::from_number(0),
        settings: Arc::clone(settings),
        rate: Arc::clone(rate),
        log: None,
        wasi: None,
        table,
    };
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.memory);
    // Limit: Limits::host_call
    store.set_hostcall_fuel(usize::try_from(settings.limits.host_call).unwrap_or(usize::MAX));
    // Limit: HANDLES_MAX
    store.set_max_component_handles(HANDLES_MAX);
    let ticker = Arc::clone(ticker);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |store| meter::on_tick(&store, &ticker));
    store
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let log = self.log.get_or_insert_with(|| {
            GuestLog::new(
                Arc::clone(&self.settings),
                Arc::clone(&self.rate),
                self.request_id,
            )
        });
        let ctx = self
            .wasi
            .get_or_insert_with(|| Box::new(wasi::context(&self.settings, log)));
        WasiCtxView {
            ctx,
            table: &mut self.table,
        }
    }
}

/// Bytes of a table's element in the host.
const ELEMENT_BYTES: u64 = 8;

impl MemoryUse {
    fn grow(&mut self, current: usize, desired: usize, unit: u64) -> bool {
        let more = (desired.saturating_sub(current) as u64).saturating_mul(unit);
        let bytes = self.bytes.saturating_add(more);
        // Limit: Limits::memory
        if bytes > self.limit {
            self.refused = true;
            return false;
        }
        self.bytes = bytes;
        true
    }
}

impl ResourceLimiter for MemoryUse {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(self.grow(current, desired, 1))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(self.grow(current, desired, ELEMENT_BYTES))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_and_tables_share_one_limit() {
        let mut memory = MemoryUse {
            limit: 1000,
            ..MemoryUse::default()
        };
        assert!(memory.memory_growing(0, 600, None).unwrap());
        assert!(memory.table_growing(0, 50, None).unwrap());
        assert_eq!((memory.bytes, memory.refused), (1000, false));
        assert!(!memory.table_growing(50, 51, None).unwrap());
        assert!(!memory.memory_growing(600, usize::MAX, None).unwrap());
        assert_eq!((memory.bytes, memory.refused), (1000, true));
    }
}
