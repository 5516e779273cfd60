"""What PEP 249 asks of `wasgi.sql`, on either kind of database."""

import datetime
import uuid
from decimal import Decimal

import wasgi.sql

AT = datetime.datetime(2026, 2, 28, 23, 59, 59, 123456)
LATER = AT.replace(tzinfo=datetime.UTC)
KEY = uuid.UUID("0197f9a0-0000-7000-8000-0123456789ab")


def raises(kind, call, *arguments, sqlstate=None):
    """Expect an exception."""
    try:
        call(*arguments)
    except kind as failure:
        assert sqlstate is None or failure.sqlstate == sqlstate, failure.sqlstate
        return failure
    raise AssertionError(f"{kind} was not raised")


def module(database):
    """The names that every driver has."""
    assert (wasgi.sql.apilevel, wasgi.sql.threadsafety, wasgi.sql.paramstyle) == ("2.0", 1, "qmark")
    for kind in (wasgi.sql.IntegrityError, wasgi.sql.OperationalError, wasgi.sql.DataError):
        assert issubclass(kind, wasgi.sql.DatabaseError)
    assert issubclass(wasgi.sql.DatabaseError, wasgi.sql.Error)
    assert wasgi.sql.Timestamp(2026, 2, 28) == datetime.datetime(2026, 2, 28)
    connection = wasgi.sql.connect(database)
    assert connection.IntegrityError is wasgi.sql.IntegrityError
    assert connection.dialect == {"lite": "sqlite", "server": "postgresql"}[database]
    assert connection.server_version[0].isdigit()


def values(database):
    """Each type of Python's, in and out."""
    connection = wasgi.sql.connect(
        database,
        readers={
            "date": datetime.date.fromisoformat,
            "time": datetime.time.fromisoformat,
            "timestamp": datetime.datetime.fromisoformat,
            "timestamptz": datetime.datetime.fromisoformat,
            "uuid": uuid.UUID,
            "boolean": bool,
        },
    )
    columns = {
        "a_text": ("text", "it's é 🦀"),
        "an_integer": ("bigint", 2**63 - 1),
        "a_real": ("double precision", 0.1),
        "bytes_of": ("bytea", b"\0\xff"),
        "a_boolean": ("boolean", True),
        "a_date": ("date", AT.date()),
        "a_time": ("time", AT.time()),
        "a_moment": ("timestamp", AT),
        "later": ("timestamptz", LATER),
        "an_id": ("uuid", KEY),
        "no_text": ("text", None),
    }
    if database == "server":
        columns["a_decimal"] = ("numeric", Decimal("-1234567890.1230"))
        columns["a_span"] = ("interval", datetime.timedelta(days=-1, microseconds=5))
        columns["several"] = ("integer[]", [1, None, 3])
        columns["days"] = ("date[]", [AT.date()])
        columns["document"] = ("jsonb", {"a": [1, None, "é"]})
    definitions = ", ".join(f"{name} {kind}" for name, (kind, _) in columns.items())
    marks = ", ".join("?" * len(columns))
    given = [
        wasgi.sql.Json(value) if isinstance(value, dict) else value for _, value in columns.values()
    ]
    with connection:
        connection.execute(f"CREATE TABLE kinds ({definitions})")
        connection.execute(f"INSERT INTO kinds VALUES ({marks})", given)
        cursor = connection.execute("SELECT * FROM kinds")
    row = cursor.fetchone()
    assert row == tuple(value for _, value in columns.values()), row
    assert [column.name for column in cursor.description] == list(columns)
    assert cursor.description[1].type_code == wasgi.sql.NUMBER
    assert cursor.description[8].type_code == wasgi.sql.DATETIME
    raises(wasgi.sql.ProgrammingError, connection.execute, "SELECT ?", [object()])


def transactions(database):
    """They begin by themselves, and end as they are told."""
    one, other = wasgi.sql.connect(database), wasgi.sql.connect(database)
    with one:
        one.execute("CREATE TABLE t (v integer)")
    count = "SELECT count(*) FROM t"
    one.execute("INSERT INTO t VALUES (1)")
    assert one.in_transaction
    assert other.execute(count).fetchone() == (0,)
    other.rollback()
    one.commit()
    assert other.execute(count).fetchone() == (1,)
    other.rollback()
    one.execute("INSERT INTO t VALUES (2)")
    one.rollback()
    raises(ZeroDivisionError, fail_within, one)
    assert one.execute(count).fetchone() == (1,)
    one.rollback()
    at_once = wasgi.sql.connect(database, autocommit=True)
    at_once.execute("INSERT INTO t VALUES (3)")
    assert not at_once.in_transaction
    assert other.execute(count).fetchone() == (2,)
    one.close()
    raises(wasgi.sql.InterfaceError, one.execute, count)


def fail_within(connection):
    """Leave a block of `with` by an exception."""
    with connection:
        connection.execute("INSERT INTO t VALUES (9)")
        raise ZeroDivisionError


def rows(database):
    """Fetched one by one, several at once, and as they come."""
    connection = wasgi.sql.connect(database)
    with connection:
        connection.execute("CREATE TABLE numbers (n integer)")
        cursor = connection.cursor()
        cursor.executemany("INSERT INTO numbers VALUES (?)", ([n] for n in range(2500)))
    assert cursor.rowcount == 2500
    raises(wasgi.sql.ProgrammingError, cursor.fetchone)
    cursor.execute("SELECT n FROM numbers ORDER BY n")
    assert cursor.fetchone() == (0,)
    assert cursor.fetchmany() == [(1,)]
    assert cursor.fetchmany(3) == [(2,), (3,), (4,)]
    assert sum(n for (n,) in cursor) == sum(range(5, 2500))
    assert cursor.fetchone() is None and cursor.fetchall() == [] and cursor.fetchmany(2) == []
    cursor.execute("SELECT n FROM numbers ORDER BY n")
    for (n,) in cursor:
        # Another statement in the midst of the rows.
        if n % 1000 == 0:
            found = connection.execute("SELECT n FROM numbers WHERE n = ?", [n]).fetchall()
            assert found == [(n,)]
    cursor.execute("UPDATE numbers SET n = 0 WHERE n < 10")
    assert cursor.rowcount == 10 and cursor.description is None
    cursor.executescript("CREATE TABLE other (v integer); INSERT INTO other VALUES (1)")
    connection.commit()
    cursor.close()
    raises(wasgi.sql.InterfaceError, cursor.execute, "SELECT 1")


def styles(database):
    """Each style of parameters."""
    for style, sql, parameters in [
        ("qmark", "SELECT '?', CAST(? AS integer), CAST(? AS text)", [1, "x"]),
        ("numeric", "SELECT '?', CAST(:1 AS integer), CAST(:2 AS text)", [1, "x"]),
        ("named", "SELECT '?', CAST(:a AS integer), CAST(:b AS text)", {"a": 1, "b": "x"}),
        ("format", "SELECT '?', CAST(%s AS integer), CAST(%s AS text)", [1, "x"]),
        ("pyformat", "SELECT '?', CAST(%(a)s AS integer), CAST(%(b)s AS text)", {"a": 1, "b": "x"}),
    ]:
        connection = wasgi.sql.connect(database, paramstyle=style)
        assert connection.execute(sql, parameters).fetchone() == ("?", 1, "x"), style
        connection.close()
    raises(wasgi.sql.InterfaceError, lambda: wasgi.sql.connect(database, paramstyle="other"))


def errors(database):
    """Each kind of failure has its class."""
    connection = wasgi.sql.connect(database, autocommit=True)
    connection.execute("CREATE TABLE keys (k integer PRIMARY KEY)")
    connection.execute("INSERT INTO keys VALUES (1)")
    run = connection.execute
    raises(wasgi.sql.IntegrityError, run, "INSERT INTO keys VALUES (1)", sqlstate="23505")
    raises(wasgi.sql.ProgrammingError, run, "SELEC 1", sqlstate="42601")
    raises(wasgi.sql.ProgrammingError, run, "SELECT * FROM missing", sqlstate="42P01")
    if database == "server":
        raises(wasgi.sql.DataError, run, "SELECT 1 / 0", sqlstate="22012")
    failure = raises(wasgi.sql.OperationalError, wasgi.sql.connect, "missing")
    assert "[[app.sql]]" in str(failure)
    many = [wasgi.sql.connect(database) for _ in range(7)]
    raises(wasgi.sql.OperationalError, wasgi.sql.connect, database, sqlstate="53300")
    del many
