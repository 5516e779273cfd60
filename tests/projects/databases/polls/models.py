"""Models with a field of each kind that databases keep in their own way."""

import uuid

from django.db import models


class Author(models.Model):
    """Who asks."""

    name = models.CharField(max_length=50, unique=True)
    born = models.DateField(null=True)


class Question(models.Model):
    """What is asked."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="questions")
    text = models.CharField(max_length=200)
    at = models.DateTimeField()
    opens = models.TimeField(null=True)
    price = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    weight = models.FloatField(default=0)
    is_open = models.BooleanField(default=False)
    data = models.JSONField(default=dict)
    took = models.DurationField(null=True)
    blob = models.BinaryField(null=True)
    big = models.BigIntegerField(default=1)
    ip = models.GenericIPAddressField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(price__gte=0), name="price_positive"),
        ]
