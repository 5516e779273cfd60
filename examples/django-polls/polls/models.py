"""What is asked, and what was answered."""

from django.db import models
from django.utils import timezone


class Question(models.Model):
    """A question that visitors see from its date on."""

    text = models.CharField(max_length=200)
    published = models.DateTimeField("date published", default=timezone.now)

    def __str__(self) -> str:
        """What the admin calls it."""
        return self.text


class Choice(models.Model):
    """An answer to a question, and how often it was given."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="choices")
    text = models.CharField(max_length=200)
    votes = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        """What the admin calls it."""
        return self.text
