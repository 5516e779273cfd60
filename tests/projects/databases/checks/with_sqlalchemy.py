"""SQLAlchemy's ORM and core, on either kind of database."""

import datetime
import uuid
from decimal import Decimal

from sqlalchemy import (
    JSON,
    DateTime,
    ForeignKey,
    Numeric,
    String,
    delete,
    exc,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from wasgi.sql.sqlalchemy import create_engine

from checks.pep249 import raises

AT = datetime.datetime(2026, 2, 28, 23, 59, 59, 123456)
KEY = uuid.UUID(int=5)
ENGINES = {
    "lite": create_engine("lite", dialect="sqlite"),
    "server": create_engine("server", dialect="postgresql"),
}


class Base(DeclarativeBase):
    """The tables."""


class Person(Base):
    """A row with a column of each kind."""

    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50), unique=True)
    born: Mapped[datetime.date | None]
    seen: Mapped[datetime.datetime | None] = mapped_column(DateTime(timezone=True))
    at: Mapped[datetime.datetime | None]
    price: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    key: Mapped[uuid.UUID | None]
    is_known: Mapped[bool] = mapped_column(default=False)
    data: Mapped[dict | None] = mapped_column(JSON)
    blob: Mapped[bytes | None]
    took: Mapped[datetime.timedelta | None]
    items: Mapped[list["Item"]] = relationship(back_populates="person", cascade="all")


class Item(Base):
    """One of a person's."""

    __tablename__ = "item"
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    n: Mapped[int]
    person: Mapped[Person] = relationship(back_populates="items")


def orm(database):
    """Objects, kept and found, with each kind of column."""
    engine = ENGINES[database]
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        ada = Person(
            name="Ada",
            born=datetime.date(1815, 12, 10),
            seen=AT.replace(tzinfo=datetime.UTC),
            at=AT,
            price=Decimal("12.50"),
            key=KEY,
            is_known=True,
            data={"a": [1, None]},
            blob=b"\0\xff",
            took=datetime.timedelta(days=1, seconds=2),
            items=[Item(n=n) for n in range(50)],
        )
        session.add_all([ada, *(Person(name=f"p{n}") for n in range(1500))])
        session.commit()
        number = ada.id
    with Session(engine) as session:
        ada = session.get(Person, number)
        assert (ada.born, ada.at, ada.price) == (datetime.date(1815, 12, 10), AT, Decimal("12.50"))
        assert (ada.key, ada.is_known, ada.data) == (KEY, True, {"a": [1, None]})
        assert (ada.blob, ada.took) == (b"\0\xff", datetime.timedelta(days=1, seconds=2))
        assert ada.seen.replace(tzinfo=None) == AT and len(ada.items) == 50
        count = select(func.count()).select_from(Person)
        assert session.scalar(count) == 1501
        summed = select(Person.name, func.sum(Item.n)).join(Item).group_by(Person.name)
        assert session.execute(summed).all() == [("Ada", 1225)]
        known = select(Person).where(Person.key == KEY, Person.is_known, Person.born < AT.date())
        assert session.scalars(known).one() is ada
        assert session.scalars(select(Person).where(Person.data["a"][0].as_integer() == 1)).one()
        session.execute(update(Person).where(Person.id == number).values(price=Person.price + 1))
        session.expire(ada)
        assert ada.price == Decimal("13.50")
        assert session.execute(delete(Person).where(Person.name.like("p1%"))).rowcount == 611
        session.rollback()
        assert session.scalar(count) == 1501
        with session.begin_nested():
            session.add(Item(n=99, person=ada))

        def twice():
            with session.begin_nested():
                session.add(Person(name="Ada"))
                session.flush()

        raises(exc.IntegrityError, twice)
        session.commit()
        assert session.scalar(select(func.max(Item.n))) == 99


def core(database):
    """Statements without objects; comes after `orm`."""
    engine = ENGINES[database]
    with engine.connect() as connection:
        query = text("SELECT CAST(:a AS integer) + 1, '%', '?'")
        assert connection.execute(query, {"a": 1}).one() == (2, "%", "?")
        streamed = connection.execution_options(yield_per=100).execute(select(Person.id))
        assert sum(1 for _ in streamed) == 1501
    with engine.begin() as connection:
        names = [{"name": "m1"}, {"name": "m2"}]
        assert connection.scalars(insert(Person).returning(Person.id), names).all()

    def broken():
        with engine.begin() as connection:
            connection.execute(insert(Person), {"name": "gone"})
            raise ZeroDivisionError

    raises(ZeroDivisionError, broken)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).where(Person.name == "gone")) == 0
        raises(exc.ProgrammingError, connection.execute, text("SELECT * FROM missing"))
    isolated = engine.connect().execution_options(isolation_level="SERIALIZABLE")
    with isolated as connection:
        assert connection.scalar(select(func.count()).where(Person.name == "m1")) == 1
    tables = inspect(engine)
    assert {"person", "item"} <= set(tables.get_table_names())
    assert tables.get_foreign_keys("item")[0]["referred_table"] == "person"
    assert tables.get_unique_constraints("person")[0]["column_names"] == ["name"]
