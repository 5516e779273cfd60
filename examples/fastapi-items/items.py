"""Items with a name and a price, listed, added, changed and removed."""

import contextlib
from collections.abc import Iterator
from typing import Annotated

import wasgi
import wasgi.sql
from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from pydantic import BaseModel, Field

SCHEMA = """
CREATE TABLE IF NOT EXISTS items (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    price REAL NOT NULL
)
"""


class Draft(BaseModel):
    """What a client sends."""

    name: str = Field(min_length=1, max_length=80, examples=["lamp"])
    price: float = Field(gt=0, lt=1_000_000, examples=[19.5])


class Item(Draft):
    """What is kept."""

    id: int


@wasgi.on_instance
def make_tables() -> None:
    """Make the table, unless the database has it."""
    with contextlib.closing(wasgi.sql.connect(autocommit=True)) as connection:
        connection.execute(SCHEMA)


def database() -> Iterator[wasgi.sql.Connection]:
    """A connection for one request, which is one transaction."""
    with contextlib.closing(wasgi.sql.connect()) as connection, connection:
        yield connection


Database = Annotated[wasgi.sql.Connection, Depends(database)]

app = FastAPI(title="Items", version="1.0.0")


@app.get("/items")
def items(
    db: Database,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    after: Annotated[int, Query(ge=0)] = 0,
) -> list[Item]:
    """List items, a page at a time."""
    rows = db.execute(
        "SELECT id, name, price FROM items WHERE id > ? ORDER BY id LIMIT ?", [after, limit]
    )
    return [Item(id=id, name=name, price=price) for id, name, price in rows]


@app.post("/items", status_code=201)
def add(db: Database, draft: Draft, request: Request, response: Response) -> Item:
    """Add an item, whose name is new."""
    try:
        row = db.execute(
            "INSERT INTO items (name, price) VALUES (?, ?) RETURNING id", [draft.name, draft.price]
        ).fetchone()
    except wasgi.sql.IntegrityError:
        raise HTTPException(409, f"there is an item {draft.name!r} already") from None
    item = Item(id=row[0], **draft.model_dump())
    response.headers["location"] = str(request.url_for("item", number=item.id))
    return item


@app.get("/items/{number}")
def item(db: Database, number: int) -> Item:
    """Show one item."""
    row = db.execute("SELECT id, name, price FROM items WHERE id = ?", [number]).fetchone()
    if row is None:
        raise HTTPException(404, f"there is no item {number}")
    return Item(id=row[0], name=row[1], price=row[2])


@app.put("/items/{number}")
def change(db: Database, number: int, draft: Draft) -> Item:
    """Give an item another name and price."""
    changed = db.execute(
        "UPDATE items SET name = ?, price = ? WHERE id = ?", [draft.name, draft.price, number]
    )
    if not changed.rowcount:
        raise HTTPException(404, f"there is no item {number}")
    return Item(id=number, **draft.model_dump())


@app.delete("/items/{number}", status_code=204)
def remove(db: Database, number: int) -> None:
    """Remove an item."""
    if not db.execute("DELETE FROM items WHERE id = ?", [number]).rowcount:
        raise HTTPException(404, f"there is no item {number}")


@app.get("/health")
async def health() -> dict[str, str]:
    """Answer without the database, from a coroutine."""
    return {"status": "ok"}
