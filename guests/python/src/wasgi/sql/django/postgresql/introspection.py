"""What is in the database: the types of columns go by their names here."""

from typing import Any

from django.db.backends.postgresql.introspection import DatabaseIntrospection as Base

FIELDS = {
    "bool": "BooleanField",
    "bpchar": "CharField",
    "bytea": "BinaryField",
    "cidr": "GenericIPAddressField",
    "date": "DateField",
    "float4": "FloatField",
    "float8": "FloatField",
    "inet": "GenericIPAddressField",
    "int2": "SmallIntegerField",
    "int4": "IntegerField",
    "int8": "BigIntegerField",
    "interval": "DurationField",
    "jsonb": "JSONField",
    "numeric": "DecimalField",
    "text": "TextField",
    "time": "TimeField",
    "timestamp": "DateTimeField",
    "timestamptz": "DateTimeField",
    "timetz": "TimeField",
    "uuid": "UUIDField",
    "varchar": "CharField",
}
"""The fields of Django for types of PostgreSQL."""

_MODIFIERS = """
    SELECT a.attname, t.typname, a.atttypmod
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_class c ON a.attrelid = c.oid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    WHERE c.relname = %s AND a.attnum > 0 AND a.atttypmod >= 0
        AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
        AND pg_catalog.pg_table_is_visible(c.oid)
"""

HEADER = 4
"""What PostgreSQL adds to the length that it keeps of a type."""


class DatabaseIntrospection(Base):
    """What Django asks about tables."""

    data_types_reverse = FIELDS

    def get_table_description(self, cursor: Any, table_name: str) -> list[Any]:
        """The columns of a table, with their lengths."""
        columns = super().get_table_description(cursor, table_name)
        cursor.execute(_MODIFIERS, [table_name])
        sizes = {name: _sizes(kind, modifier) for name, kind, modifier in cursor.fetchall()}
        return [column._replace(**sizes.get(column.name, {})) for column in columns]


def _sizes(kind: str, modifier: int) -> dict[str, int]:
    if kind in ("varchar", "bpchar"):
        return {"display_size": modifier - HEADER, "internal_size": modifier - HEADER}
    if kind == "numeric":
        precision, scale = divmod(modifier - HEADER, 1 << 16)
        return {"precision": precision, "scale": scale}
    return {}
