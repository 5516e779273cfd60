"""Drivers that open sockets by themselves, to addresses that the app was granted."""

import pg8000.dbapi
import redis

from checks.pep249 import raises


def pg8000_driver(port, user, password, database):
    """PostgreSQL with SCRAM, without the host's help."""

    def connect(password):
        # It would use the TLS that the server offers, which a component does not have.
        return pg8000.dbapi.connect(
            host="127.0.0.1",
            port=int(port),
            user=user,
            password=password,
            database=database,
            ssl_context=False,
        )

    with connect(password) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE t (id serial PRIMARY KEY, v text)")
        cursor.executemany("INSERT INTO t (v) VALUES (%s)", [(f"é{n}",) for n in range(200)])
        connection.commit()
        cursor.execute("SELECT v FROM t WHERE id = %s", (7,))
        assert cursor.fetchone() == ["é6"]
        cursor.execute("SELECT count(*) FROM t")
        assert cursor.fetchone() == [200]
    raises(pg8000.dbapi.DatabaseError, connect, "wrong")


def redis_driver(port, password):
    """Redis, with a password and a pipeline."""
    client = redis.Redis(host="127.0.0.1", port=int(port), password=password)
    assert client.ping()
    for number in range(50):
        client.set(f"key{number}", f"é{number}")
    assert client.get("key7").decode() == "é7"
    with client.pipeline() as pipeline:
        for _ in range(100):
            pipeline.incr("counter")
        assert pipeline.execute()[-1] == 100
    client.hset("hash", mapping={"a": 1, "b": 2})
    assert client.hgetall("hash") == {b"a": b"1", b"b": b"2"}
    client.close()
    stranger = redis.Redis(host="127.0.0.1", port=int(port), password="wrong")
    raises(redis.AuthenticationError, stranger.ping)


def not_granted(port):
    """Nothing else can be reached."""
    raises(redis.ConnectionError, redis.Redis(host="127.0.0.1", port=int(port)).ping)
