//! What stands in the place of wasmtime's functions on files that make something grow: each asks
//! the quota first if the file lies in a `/tmp`, and then does what wasmtime's does.
//!
//! Only `wasi:filesystem` 0.2 is watched over: who imports another version, or is a core module,
//! has no `/tmp` (see `gateway.rs`).

use std::fs::File;
use std::sync::Arc;

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource, ResourceTable};
use wasmtime_wasi::WasiCtx;
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemCtxView, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::filesystem::preopens::Host as _;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorFlags, ErrorCode, Host as _, HostDescriptor as _, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{DynOutputStream, FsError, FsResult};

use super::quota::{Quota, QuotaExceeded, Total};
use super::stream::Counted;
use crate::state::State;

/// The version under which wasmtime links `wasi:filesystem`: what is linked under it replaces that.
const TYPES: &str = "wasi:filesystem/types@0.2.12";

type Fd = Resource<Descriptor>;
type OpenAt = (Fd, PathFlags, String, OpenFlags, DescriptorFlags);
type LinkAt = (Fd, PathFlags, String, Fd, String);

/// Replaces the functions that make something grow, and the one that names an error.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut types = linker.instance(TYPES)?;
    types.func_wrap_async("[method]descriptor.write", |store, (fd, buffer, offset)| {
        Box::new(async move { answer(write(store, fd, buffer, offset).await) })
    })?;
    types.func_wrap(
        "[method]descriptor.write-via-stream",
        |store, (fd, offset)| answer(stream(store, fd, Some(offset))),
    )?;
    types.func_wrap("[method]descriptor.append-via-stream", |store, (fd,)| {
        answer(stream(store, fd, None))
    })?;
    types.func_wrap_async("[method]descriptor.set-size", |store, (fd, size)| {
        Box::new(async move { answer(set_size(store, fd, size).await) })
    })?;
    types.func_wrap_async("[method]descriptor.open-at", |store, open| {
        Box::new(async move { answer(open_at(store, open).await) })
    })?;
    types.func_wrap_async(
        "[method]descriptor.create-directory-at",
        |store, (fd, path)| {
            Box::new(async move { answer(create_directory_at(store, fd, path).await) })
        },
    )?;
    types.func_wrap_async("[method]descriptor.symlink-at", |store, (fd, from, to)| {
        Box::new(async move { answer(symlink_at(store, fd, from, to).await) })
    })?;
    types.func_wrap_async("[method]descriptor.link-at", |store, link| {
        Box::new(async move { answer(link_at(store, link).await) })
    })?;
    types.func_wrap_async(
        "[method]descriptor.rename-at",
        |store, (fd, from, new, to)| {
            Box::new(async move { answer(rename_at(store, fd, from, new, to).await) })
        },
    )?;
    types.func_wrap("filesystem-error-code", |store, (error,)| {
        Ok((error_code(store, error)?,))
    })?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Has the quota know the folder that a guest is given.
pub(crate) fn enter(wasi: &mut WasiCtx, quota: &Quota) {
    let mut view = WasiFilesystemCtxView {
        ctx: wasi.filesystem(),
        table: &mut ResourceTable::new(),
    };
    let granted = view.get_directories().expect("a new table has room");
    for (fd, name) in granted {
        if name == super::GUEST {
            let folder = view.table.get(&fd).expect("it was just put there");
            quota.enter(file(folder));
        }
    }
}

fn file(descriptor: &Descriptor) -> &Arc<File> {
    match descriptor {
        Descriptor::File(file) => &file.file,
        Descriptor::Dir(folder) => &folder.dir,
    }
}

/// The quota that a descriptor counts for, and its file; none if it does not lie in a `/tmp`.
fn counted(state: &mut State, fd: &Fd) -> FsResult<Option<(Arc<Quota>, Arc<File>)>> {
    let Some(quota) = state.quota() else {
        return Ok(None);
    };
    let quota = Arc::clone(quota);
    let file = Arc::clone(file(state.filesystem().table.get(fd)?));
    Ok(quota.holds(&file).then_some((quota, file)))
}

/// Makes room for what is to be made below a descriptor.
fn add(state: &mut State, fd: &Fd, more: Total) -> FsResult<()> {
    if let Some((quota, _)) = counted(state, fd)? {
        quota.add(more)?;
    }
    Ok(())
}

async fn write(
    mut store: StoreContextMut<'_, State>,
    fd: Fd,
    buffer: Vec<u8>,
    offset: u64,
) -> FsResult<u64> {
    let state = store.data_mut();
    let Some((quota, file)) = counted(state, &fd)? else {
        return state.filesystem().write(fd, buffer, offset).await;
    };
    let length = buffer.len();
    quota.write(&file, Some(offset), length)?;
    let written = state.filesystem().write(fd, buffer, offset).await;
    quota.settle(length);
    written
}

/// Makes a stream that writes from an offset on, or at the end.
fn stream(
    mut store: StoreContextMut<'_, State>,
    fd: Fd,
    offset: Option<u64>,
) -> FsResult<Resource<DynOutputStream>> {
    let state = store.data_mut();
    let counted = counted(state, &fd)?;
    let mut view = state.filesystem();
    let made = match offset {
        Some(offset) => view.write_via_stream(fd, offset)?,
        None => view.append_via_stream(fd)?,
    };
    let Some((quota, file)) = counted else {
        return Ok(made);
    };
    let inner = view.table.delete(made)?;
    let counted: DynOutputStream = Box::new(Counted::new(inner, quota, file, offset));
    Ok(view.table.push(counted)?)
}

async fn set_size(mut store: StoreContextMut<'_, State>, fd: Fd, size: u64) -> FsResult<()> {
    let state = store.data_mut();
    if let Some((quota, file)) = counted(state, &fd)? {
        quota.stretch(&file, size)?;
    }
    state.filesystem().set_size(fd, size).await
}

async fn open_at(mut store: StoreContextMut<'_, State>, open: OpenAt) -> FsResult<Fd> {
    let (fd, path_flags, path, flags, mode) = open;
    let state = store.data_mut();
    let counted = counted(state, &fd)?;
    if let Some((quota, _)) = &counted
        && flags.contains(OpenFlags::CREATE)
    {
        quota.add(Total::ENTRY)?;
    }
    let mut view = state.filesystem();
    let opened = view.open_at(fd, path_flags, path, flags, mode).await?;
    if let Some((quota, _)) = counted {
        quota.enter(file(view.table.get(&opened)?));
    }
    Ok(opened)
}

async fn create_directory_at(
    mut store: StoreContextMut<'_, State>,
    fd: Fd,
    path: String,
) -> FsResult<()> {
    let state = store.data_mut();
    add(state, &fd, Total::FOLDER)?;
    state.filesystem().create_directory_at(fd, path).await
}

async fn symlink_at(
    mut store: StoreContextMut<'_, State>,
    fd: Fd,
    from: String,
    to: String,
) -> FsResult<()> {
    let state = store.data_mut();
    add(state, &fd, Total::ENTRY)?;
    state.filesystem().symlink_at(fd, from, to).await
}

async fn link_at(mut store: StoreContextMut<'_, State>, link: LinkAt) -> FsResult<()> {
    let (fd, flags, from, new, to) = link;
    let state = store.data_mut();
    stays(state, &fd, &new)?;
    add(state, &new, Total::ENTRY)?;
    state.filesystem().link_at(fd, flags, from, new, to).await
}

async fn rename_at(
    mut store: StoreContextMut<'_, State>,
    fd: Fd,
    from: String,
    new: Fd,
    to: String,
) -> FsResult<()> {
    let state = store.data_mut();
    stays(state, &fd, &new)?;
    state.filesystem().rename_at(fd, from, new, to).await
}

/// Refuses what would bring a file into a `/tmp` or out of one, uncounted: like everywhere, it is a
/// file system of its own.
fn stays(state: &mut State, from: &Fd, to: &Fd) -> FsResult<()> {
    if counted(state, from)?.is_some() == counted(state, to)?.is_some() {
        Ok(())
    } else {
        Err(ErrorCode::CrossDevice.into())
    }
}

/// What a guest is told of the error of a stream.
fn error_code(
    mut store: StoreContextMut<'_, State>,
    error: Resource<wasmtime::Error>,
) -> wasmtime::Result<Option<ErrorCode>> {
    let mut view = store.data_mut().filesystem();
    if view.table.get(&error)?.is::<QuotaExceeded>() {
        return Ok(Some(ErrorCode::Quota));
    }
    view.filesystem_error_code(error)
}

impl From<QuotaExceeded> for FsError {
    fn from(_: QuotaExceeded) -> Self {
        ErrorCode::Quota.into()
    }
}

/// A result as the guest gets it; what is no error code ends the guest.
fn answer<T>(result: FsResult<T>) -> wasmtime::Result<(Result<T, ErrorCode>,)> {
    match result {
        Ok(value) => Ok((Ok(value),)),
        Err(error) => Ok((Err(error.downcast()?),)),
    }
}
