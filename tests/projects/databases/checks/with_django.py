"""Django's migrations, queries and transactions, on either kind of database."""

import datetime
import io
from decimal import Decimal

from django.core.management import call_command
from django.db import DataError, IntegrityError, connections, models, transaction
from django.db.models import Avg, Count, F, Max, OuterRef, Subquery, Sum
from django.db.models.functions import ExtractHour, TruncDate, TruncMonth
from django.utils import timezone

from checks.pep249 import raises
from polls.models import Author, Question

ALIASES = {"lite": "default", "server": "server"}
AT = datetime.datetime(2026, 1, 31, 23, 30, 15, 123456, tzinfo=datetime.UTC)


def questions(database):
    """Three new questions of two authors."""
    alias = ALIASES[database]
    Author.objects.using(alias).all().delete()
    ada = Author.objects.using(alias).create(name="Ada", born=datetime.date(1815, 12, 10))
    bob = Author.objects.using(alias).create(name="bob")
    for number, author in enumerate([ada, bob, ada]):
        Question.objects.using(alias).create(
            author=author,
            text=f"q{number}",
            at=AT + datetime.timedelta(days=number),
            opens=datetime.time(8, number, 0),
            price=Decimal("12.50") + number,
            weight=1.5 * number,
            is_open=number == 1,
            data={"a": [1, 2, {"b": None}], "n": number, "s": "é"},
            took=datetime.timedelta(hours=number, microseconds=5),
            blob=b"\0\xff",
            big=2**62 + number,
            ip="10.0.0.1",
        )
    return Question.objects.using(alias)


def migrate(database):
    """Make the tables of Django's own apps and of `polls`; again, nothing is left to do."""
    for expected in ("Applying polls.0001_initial", "No migrations to apply"):
        said = io.StringIO()
        call_command("migrate", database=ALIASES[database], stdout=said, no_color=True)
        assert expected in said.getvalue(), said.getvalue()
    said = io.StringIO()
    call_command("inspectdb", "polls_question", database=ALIASES[database], stdout=said)
    assert "price = models.DecimalField(" in said.getvalue()


def fields(database):
    """Each kind of field, in and out."""
    found = questions(database).get(text="q1")
    assert found.at == AT + datetime.timedelta(days=1)
    assert found.opens == datetime.time(8, 1)
    assert found.price == Decimal("13.50") and isinstance(found.price, Decimal)
    assert found.is_open is True and found.weight == 1.5
    assert found.data == {"a": [1, 2, {"b": None}], "n": 1, "s": "é"}
    assert found.took == datetime.timedelta(hours=1, microseconds=5)
    assert bytes(found.blob) == b"\0\xff" and found.big == 2**62 + 1 and found.ip == "10.0.0.1"
    assert Question.objects.using(ALIASES[database]).get(pk=found.pk).author.name == "bob"
    assert found.author.questions.count() == 1


def queries(database):
    """Lookups by dates, documents, decimals and texts, and what is counted and summed."""
    every = questions(database)
    # In Berlin all of them are in February.
    assert every.filter(at__month=2, at__year=2026).count() == 3
    assert every.filter(at__date=datetime.date(2026, 2, 1)).count() == 1
    assert every.filter(took__gte=datetime.timedelta(hours=1)).count() == 2
    assert every.filter(opens__minute=1).get().text == "q1"
    assert every.filter(data__n__gt=0, data__s="é").count() == 2
    assert every.filter(data__a__2__b=None, data__has_key="n").count() == 3
    assert every.filter(price__range=(Decimal("12"), Decimal("13"))).count() == 1
    assert every.filter(text__regex="^q[01]$", text__icontains="Q").count() == 2
    assert every.filter(author__name__iexact="ADA").count() == 2
    assert every.filter(text="50%'; drop").count() == 0
    totals = every.aggregate(Sum("price"), Avg("weight"), Max("at"), Count("id"), spent=Sum("took"))
    assert totals["price__sum"] == Decimal("40.50") and totals["weight__avg"] == 1.5
    assert totals["at__max"] == AT + datetime.timedelta(days=2)
    assert totals["spent"] == datetime.timedelta(hours=3, microseconds=15)
    days = every.annotate(day=TruncDate("at")).values("day").annotate(n=Count("id")).order_by("day")
    assert days[0] == {"day": datetime.date(2026, 2, 1), "n": 1}
    assert every.annotate(month=TruncMonth("at")).values("month").distinct().count() == 1
    with timezone.override("America/New_York"):
        assert every.annotate(hour=ExtractHour("at")).order_by("at").first().hour == 18
    newest = every.filter(author=OuterRef("pk")).order_by("-at").values("text")[:1]
    authors = Author.objects.using(ALIASES[database]).annotate(newest=Subquery(newest))
    assert dict(authors.values_list("name", "newest")) == {"Ada": "q2", "bob": "q1"}
    every.update(price=F("price") + 1, at=F("at") + datetime.timedelta(days=1))
    assert every.get(text="q0").price == Decimal("13.50")
    assert len(list(every.prefetch_related("author").order_by("-at"))) == 3


def transactions(database):
    """`atomic`, savepoints, and rules that are broken."""
    alias = ALIASES[database]
    authors = questions(database) and Author.objects.using(alias)

    def broken():
        with transaction.atomic(using=alias):
            authors.create(name="gone")
            raise ZeroDivisionError

    raises(ZeroDivisionError, broken)
    assert not authors.filter(name="gone").exists()

    def again(name, **fields):
        with transaction.atomic(using=alias):
            if fields:
                Question.objects.using(alias).create(author=authors.first(), at=AT, **fields)
            else:
                authors.create(name=name)

    committed = []
    with transaction.atomic(using=alias):
        authors.create(name="kept")
        raises(IntegrityError, again, "kept")
        raises(IntegrityError, lambda: again("", text="q", price=-1))
        authors.create(name="kept too")
        transaction.on_commit(lambda: committed.append(1), using=alias)
        assert not committed
    assert committed and authors.filter(name__startswith="kept").count() == 2
    if database == "server":
        raises(DataError, again, "x" * 51)
    with transaction.atomic(using=alias):
        rows = authors.select_for_update() if database == "server" else authors.all()
        assert rows.get(name="Ada").born == datetime.date(1815, 12, 10)


def many(database):
    """Thousands of rows, written at once and read as they come."""
    alias = ALIASES[database]
    questions(database)
    authors = Author.objects.using(alias)
    made = authors.bulk_create([Author(name=f"a{number}") for number in range(3000)])
    assert all(author.pk for author in made)
    seen = 0
    for author in authors.iterator(chunk_size=100):
        seen += 1
        if seen % 1000 == 0:
            assert authors.filter(pk=author.pk).exists()
    assert seen == 3002
    for author in made[:50]:
        author.name += "!"
    authors.bulk_update(made[:50], ["name"])
    assert authors.filter(name__endswith="!").count() == 50
    authors.bulk_create(
        [Author(name="Ada", born=AT.date())],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["born"],
    )
    assert authors.get(name="Ada").born == AT.date()
    assert authors.filter(name__startswith="a").exclude(name="Ada").delete()[0] >= 3000


def tables(database):
    """Tables that are made, changed and dropped."""
    connection = connections[ALIASES[database]]

    class Extra(models.Model):
        name = models.CharField(max_length=10)

        class Meta:
            app_label = "polls"

    number = models.IntegerField(default=5)
    number.set_attributes_from_name("number")
    wider = models.TextField(null=True)
    wider.set_attributes_from_name("name")
    with connection.schema_editor() as editor:
        editor.create_model(Extra)
    with connection.schema_editor() as editor:
        editor.alter_field(Extra, Extra._meta.get_field("name"), wider)
        editor.add_field(Extra, number)
    with connection.cursor() as cursor:
        described = connection.introspection.get_table_description(cursor, "polls_extra")
        assert {column.name for column in described} == {"id", "name", "number"}
        constraints = connection.introspection.get_constraints(cursor, "polls_question")
        assert constraints["price_positive"]["check"]
        cursor.execute("SELECT %s, '%%'", ["100%"])
        assert cursor.fetchone() == ("100%", "%")
    with connection.schema_editor() as editor:
        editor.delete_model(Extra)
