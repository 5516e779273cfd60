//! What SQL may do: its own database, and nothing else of the machine.
//!
//! SQLite asks while it compiles a statement, so that a text cannot hide from it. What is not known
//! is refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;

/// Bytes of one value or row. A function can make one of any length out of nothing.
const VALUE_BYTES_MAX: i32 = 16 * 1024 * 1024;

/// Bytes of one statement's text.
const SQL_BYTES_MAX: i32 = 1024 * 1024;

/// Bytes of a pattern of `LIKE` and `GLOB`, whose time may be its product with the text's.
const PATTERN_BYTES_MAX: i32 = 1024;

/// Pages of the database that a connection holds in memory, in KiB.
const CACHE_KIB: i32 = 2 * 1024;

/// Bytes that all connections of this process hold together.
const HEAP_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// Whether a connection is as it was opened, or has settings and tables of its own.
#[derive(Clone, Default)]
pub(super) struct Marks(Arc<AtomicBool>);

impl Marks {
    pub(super) fn is_changed(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn set(&self, is_changed: bool) {
        self.0.store(is_changed, Ordering::Relaxed);
    }
}

/// Holds a new connection to the rules.
pub(super) fn apply(sqlite: &mut Connection, marks: &Marks) -> rusqlite::Result<()> {
    for (limit, most) in [
        (Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, SQL_BYTES_MAX),
        (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, PATTERN_BYTES_MAX),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 500),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 500),
        (Limit::SQLITE_LIMIT_VDBE_OP, 1_000_000),
        (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 100),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
        // `VACUUM` attaches one; see `decide`.
        (Limit::SQLITE_LIMIT_ATTACHED, 1),
    ] {
        sqlite.set_limit(limit, most)?;
    }
    sqlite.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    sqlite.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    sqlite.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
    // Sorting spills to unlinked files of the system's folder for such.
    sqlite.execute_batch(&format!(
        "PRAGMA temp_store = FILE; PRAGMA cache_size = -{CACHE_KIB}; \
         PRAGMA hard_heap_limit = {HEAP_BYTES_MAX}; PRAGMA legacy_alter_table = OFF;"
    ))?;
    let marks = marks.clone();
    sqlite.authorizer(Some(move |context: AuthContext<'_>| {
        decide(&context.action, &marks)
    }))
}

fn decide(action: &AuthAction<'_>, marks: &Marks) -> Authorization {
    let is_allowed = match action {
        AuthAction::Unknown { .. } => false,
        // A database without a name is a temporary one.
        AuthAction::Attach { filename } => filename.is_empty(),
        AuthAction::Pragma {
            pragma_name,
            pragma_value,
        } => is_pragma_allowed(pragma_name, pragma_value.is_some(), marks),
        AuthAction::Function { function_name } => {
            !is_among(function_name, &["load_extension", "fts3_tokenizer"])
        }
        AuthAction::CreateVtable { module_name, .. } => is_among(
            module_name,
            &["fts3", "fts4", "fts5", "fts5vocab", "rtree", "rtree_i32"],
        ),
        AuthAction::CreateTempIndex { .. }
        | AuthAction::CreateTempTable { .. }
        | AuthAction::CreateTempTrigger { .. }
        | AuthAction::CreateTempView { .. } => {
            marks.set(true);
            true
        }
        _ => true,
    };
    if is_allowed {
        Authorization::Allow
    } else {
        Authorization::Deny
    }
}

fn is_pragma_allowed(name: &str, has_value: bool, marks: &Marks) -> bool {
    if is_among(name, ASKED) {
        return true;
    }
    if is_among(name, SET) {
        if has_value {
            marks.set(true);
        }
        return true;
    }
    is_among(name, READ) && !has_value
}

/// Pragmas that ask, with or without an argument, or change what lies in the database itself.
const ASKED: &[&str] = &[
    "application_id",
    "collation_list",
    "compile_options",
    "foreign_key_check",
    "foreign_key_list",
    "function_list",
    "incremental_vacuum",
    "index_info",
    "index_list",
    "index_xinfo",
    "integrity_check",
    "module_list",
    "optimize",
    "pragma_list",
    "quick_check",
    "table_info",
    "table_list",
    "table_xinfo",
    "user_version",
];

/// Pragmas that change the connection alone, which is then not used by another request.
const SET: &[&str] = &[
    "analysis_limit",
    "automatic_index",
    "case_sensitive_like",
    "defer_foreign_keys",
    "foreign_keys",
    "ignore_check_constraints",
    "legacy_alter_table",
    "query_only",
    "recursive_triggers",
    "reverse_unordered_selects",
];

/// Pragmas that may be read and not be changed.
const READ: &[&str] = &[
    "auto_vacuum",
    "busy_timeout",
    "cache_size",
    "data_version",
    "encoding",
    "freelist_count",
    "journal_mode",
    "max_page_count",
    "page_count",
    "page_size",
    "read_uncommitted",
    "schema_version",
    "synchronous",
    "temp_store",
];

fn is_among(name: &str, names: &[&str]) -> bool {
    names.iter().any(|one| one.eq_ignore_ascii_case(name))
}
