//! A thread that owns one connection, and what it is asked.
//!
//! It ends when nobody can ask it any more.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use wasgi_gateway::{SqlAccess, SqlError, SqlFetch, SqlOutcome, SqlValue};

use super::connection::Connection;
use super::control::Control;
use super::{File, error};

/// Jobs that wait for a thread: whether it is there, that of a session, and the one that undoes what
/// it left.
const JOBS_MAX: usize = 4;

/// A thread's other end.
pub(super) struct Thread {
    jobs: SyncSender<Job>,
    control: Control,
}

/// What a thread is asked, and where it answers.
pub(super) struct Job {
    pub(super) request: Request,
    pub(super) reply: oneshot::Sender<Answer>,
}

/// What a thread is asked.
pub(super) enum Request {
    /// Run a statement, and fetch its first rows.
    Execute(String, Vec<SqlValue>, SqlFetch),
    /// Fetch more rows of the statement that runs.
    Fetch(SqlFetch),
    /// End the statement that runs.
    Close,
    /// Run a statement for each list of parameters.
    Batch(String, Vec<Vec<SqlValue>>),
    /// Run several statements.
    Script(String),
    /// Begin a transaction.
    Begin(SqlAccess),
    /// End the transaction, with its changes or without.
    Commit,
    /// Undo the transaction.
    Rollback,
    /// Undo all that a session has left.
    Reset,
}

/// What a thread answers.
pub(super) struct Answer {
    pub(super) outcome: Result<SqlOutcome, SqlError>,
    /// A transaction is open.
    pub(super) in_transaction: bool,
}

impl Thread {
    /// Starts a thread with a connection.
    pub(super) async fn start(file: &Arc<File>) -> Result<Self, SqlError> {
        let control = Control::new();
        // Limit: JOBS_MAX
        let (sender, jobs) = sync_channel(JOBS_MAX);
        let (opened, is_open) = oneshot::channel();
        let (file, runtime) = (Arc::clone(file), Handle::current());
        let own = control.clone();
        let run = move || run(file, runtime, own, &jobs, opened);
        let started = std::thread::Builder::new()
            .name("wasgi-sqlite".to_owned())
            .spawn(run);
        started
            .map_err(|error| SqlError::new("53000", format!("cannot start a thread: {error}")))?;
        is_open.await.map_err(|_| error::gone())??;
        Ok(Self {
            jobs: sender,
            control,
        })
    }

    /// Begins another session. Cancelling the token ends what it runs.
    pub(super) fn begin(&self) -> CancellationToken {
        self.control.begin()
    }

    /// Asks the thread. The answer comes where the receiver is.
    pub(super) fn ask(&self, request: Request) -> Result<oneshot::Receiver<Answer>, SqlError> {
        let (reply, answer) = oneshot::channel();
        self.jobs
            .try_send(Job { request, reply })
            .map_err(|_| error::gone())?;
        Ok(answer)
    }

    /// Whether it is there to be asked.
    pub(super) fn check(&self) -> Result<(), SqlError> {
        // Nobody waits for the answer: the thread is idle, or it is gone.
        self.ask(Request::Close).map(drop)
    }
}

fn run(
    file: Arc<File>,
    runtime: Handle,
    control: Control,
    jobs: &Receiver<Job>,
    opened: oneshot::Sender<Result<(), SqlError>>,
) {
    control.allow(file.limits.connect);
    let mut connection = match Connection::open(file, runtime, control) {
        Ok(connection) => connection,
        Err(error) => {
            // Whoever asked may be gone.
            let _told = opened.send(Err(error));
            return;
        }
    };
    if opened.send(Ok(())).is_err() {
        return;
    }
    let mut next = None;
    while let Some(job) = next.take().or_else(|| jobs.recv().ok()) {
        next = connection.serve(job, jobs);
    }
}
