//! What a guest's store holds: the request that it serves, and what it may use.

use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime::{Engine, ResourceLimiter, Store};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtxView, WasiHttpView};

use crate::app::Grants;
use crate::contract::http::Http;
use crate::crypto::Kdf;
use crate::input::{Input, Stream};
use crate::limits::Limits;
use crate::log::{GuestLog, Rate};
use crate::meter::{self, Meter, Tasks};
use crate::outbound::Outbound;
use crate::request_id::RequestId;
use crate::settings::AppSettings;
use crate::sockets::Places;
use crate::sql::Connections;
use crate::ticker::Ticker;
use crate::tmp::{self, Folder, Quota, Root};
use crate::wasi::{self, Command, Devices, Form, Given};
use crate::wrapped::Wrapped;

/// Handles that a guest may hold, in its own tables and in the host's.
const HANDLES_MAX: usize = 10_000;

/// The data of one store.
pub(crate) struct State {
    pub(crate) meter: Arc<Meter>,
    pub(crate) tasks: Tasks,
    /// The body of the request that is being served.
    pub(crate) input: Input,
    pub(crate) memory: MemoryUse,
    /// What a middleware wraps, for the request that is being served.
    pub(crate) wrapped: Option<Box<Wrapped>>,
    /// The request that is being served.
    request_id: RequestId,
    shared: Shared,
    /// Made with `wasi`.
    log: Option<GuestLog>,
    /// Made when the guest first asks for something of WASI: many never do.
    wasi: Option<Box<WasiCtx>>,
    /// What a core module has in the place of `wasi`.
    preview1: Option<Box<WasiP1Ctx>>,
    /// Made when the guest first asks for something of `wasi:http`.
    http: Option<Box<Http>>,
    /// Made when the guest first opens a database.
    sql: Option<Box<Connections>>,
    table: ResourceTable,
    /// Those of its sockets.
    pub(crate) places: Places,
    /// Its `/tmp`, made with `wasi`. Removed once nothing of the store is open in it any more.
    tmp: Option<Folder>,
}

/// What all the stores of an app share.
pub(crate) struct Shared {
    pub(crate) settings: Arc<AppSettings>,
    pub(crate) rate: Arc<Rate>,
    pub(crate) grants: Grants,
    /// Derives keys. None: it was told to deny that.
    pub(crate) kdf: Option<Arc<Kdf>>,
    /// Where the folders lie that instances find as `/tmp`. None: they find none.
    pub(crate) tmp: Option<Arc<Root>>,
    /// The folder that programs find as `/dev`.
    pub(crate) devices: Option<Arc<Devices>>,
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
        &self.shared.settings.limits
    }

    /// What derives keys for the guest, if it may have any.
    pub(crate) fn kdf(&self) -> Option<&Arc<Kdf>> {
        self.shared.kdf.as_ref()
    }

    /// Who decides what the guest may reach, if it may reach anything.
    pub(crate) fn outbound(&self) -> Option<&Arc<dyn Outbound>> {
        self.shared.grants.outbound.as_ref()
    }

    /// What counts the files in the guest's `/tmp`, if it has one.
    pub(crate) fn quota(&self) -> Option<&Arc<Quota>> {
        self.tmp.as_ref().map(|folder| &folder.quota)
    }

    /// What the guest has of databases.
    pub(crate) fn sql(&mut self) -> &mut Connections {
        let host_call = self.limits().host_call;
        let sql = &self.shared.grants.sql;
        self.sql
            .get_or_insert_with(|| Box::new(Connections::new(sql.clone(), host_call)))
    }

    /// Starts another request, and returns the generation of its input.
    pub(crate) fn begin(&mut self, request_id: RequestId, stream: Stream) -> u32 {
        self.request_id = request_id;
        self.memory.refused = false;
        if let Some(log) = &self.log {
            log.begin(request_id);
        }
        self.input.begin(stream)
    }

    /// Ends the request that was served.
    pub(crate) fn end(&mut self) {
        self.input.end();
        self.wrapped = None;
        if let Some(sql) = &mut self.sql {
            sql.end_request();
        }
        if let Some(log) = &self.log {
            log.finish();
        }
    }

    /// Whether the app may log so many bytes more.
    pub(crate) fn may_log(&self, bytes: usize) -> bool {
        self.shared.rate.allows(bytes, self.limits().log)
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
    shared: Shared,
    meter: Arc<Meter>,
) -> Store<State> {
    let host_call = shared.settings.limits.host_call;
    let mut table = ResourceTable::new();
    table.set_max_capacity(HANDLES_MAX);
    let state = State {
        meter,
        tasks: Tasks::default(),
        input: Input::default(),
        memory: MemoryUse {
            limit: shared.settings.limits.memory,
            ..MemoryUse::default()
        },
        wrapped: None,
        request_id: RequestId::from_number(0),
        shared,
        log: None,
        wasi: None,
        preview1: None,
        http: None,
        sql: None,
        table,
        places: Places::default(),
        tmp: None,
    };
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.memory);
    // Limit: Limits::host_call
    store.set_hostcall_fuel(usize::try_from(host_call).unwrap_or(usize::MAX));
    // Limit: HANDLES_MAX
    store.set_max_component_handles(HANDLES_MAX);
    let ticker = Arc::clone(ticker);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |mut store| meter::on_tick(&mut store, &ticker));
    store
}

impl State {
    /// What the guest's app is called.
    pub(crate) fn app_name(&self) -> &str {
        &self.shared.settings.name
    }

    /// The guest's log, made when it is first needed.
    fn log(&mut self) -> &GuestLog {
        let Shared { settings, rate, .. } = &self.shared;
        self.log.get_or_insert_with(|| {
            GuestLog::new(Arc::clone(settings), Arc::clone(rate), self.request_id)
        })
    }

    /// Makes the folder that the guest finds as `/tmp`, if it is granted one.
    fn make_tmp(&mut self) {
        let Shared { settings, tmp, .. } = &self.shared;
        if let (Some(root), Some(quota)) = (tmp, settings.tmp) {
            match root.folder(quota) {
                Ok(folder) => self.tmp = Some(folder),
                // The guest finds it missing.
                Err(error) => {
                    let app = &settings.name;
                    tracing::error!(app, "cannot make a folder for {}: {error}", tmp::GUEST);
                }
            }
        }
    }

    /// What the guest's WASI context is made of, once the log is.
    fn given(&self) -> Given<'_> {
        Given {
            settings: &self.shared.settings,
            log: self.log.as_ref().expect("it was made just before"),
            tmp: self.tmp.as_ref().map(|folder| folder.path.as_path()),
            outbound: self.shared.grants.outbound.as_ref(),
        }
    }

    fn set_wasi(&mut self, mut wasi: WasiCtx) {
        if let Some(folder) = &self.tmp {
            tmp::enter(&mut wasi, &folder.quota);
        }
        self.wasi = Some(Box::new(wasi));
    }

    /// Makes the WASI context of a program that serves one request and ends.
    pub(crate) fn set_up_command(&mut self, command: Command, form: Form) {
        self.log();
        self.make_tmp();
        let devices = self.shared.devices.as_ref().map(|folder| folder.path());
        let mut builder = wasi::command(&self.given(), devices, command);
        match form {
            Form::Component => self.set_wasi(builder.build()),
            Form::Module => self.preview1 = Some(Box::new(builder.build_p1())),
        }
    }

    /// The WASI context of a core module.
    ///
    /// It was made before the module was: only one that this has been done for is linked to it.
    pub(crate) fn preview1(&mut self) -> &mut WasiP1Ctx {
        self.preview1
            .as_mut()
            .expect("a module is instantiated after `set_up_command`")
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        if self.wasi.is_none() {
            self.make_tmp();
            self.log();
            let wasi = wasi::context(&self.given());
            self.set_wasi(wasi);
        }
        WasiCtxView {
            ctx: self.wasi.as_mut().expect("it was just made"),
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let Http { ctx, hooks } = &mut **self
            .http
            .get_or_insert_with(|| Box::new(Http::new(self.shared.grants.outbound.clone())));
        WasiHttpCtxView {
            hooks,
            table: &mut self.table,
            ctx,
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
