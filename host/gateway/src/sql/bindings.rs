//! The types that `wit/sql` generates, and nothing else.

wasmtime::component::bindgen!({
    path: "../../wit/sql",
    world: "imports",
    imports: { default: async | trappable },
    with: {
        "wasgi:sql/database.connection": super::connections::ConnectionHandle,
        "wasgi:sql/database.rows": super::connections::RowsHandle,
    },
});
