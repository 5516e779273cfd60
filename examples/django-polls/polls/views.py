"""Pages: the latest questions, one of them, and its votes."""

from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views import generic
from django.views.decorators.http import require_POST

from polls.models import Question


def published() -> QuerySet[Question]:
    """The questions whose date has come."""
    return Question.objects.filter(published__lte=timezone.now())


class IndexView(generic.ListView):
    """The latest questions."""

    template_name = "polls/index.html"
    context_object_name = "questions"

    def get_queryset(self) -> QuerySet[Question]:
        """The last ten, newest first."""
        return published().order_by("-published")[:10]


class DetailView(generic.DetailView):
    """One question, with a form."""

    template_name = "polls/detail.html"

    def get_queryset(self) -> QuerySet[Question]:
        """Those that can be seen."""
        return published()


class ResultsView(DetailView):
    """What was voted."""

    template_name = "polls/results.html"


@require_POST
def vote(request: HttpRequest, pk: int) -> HttpResponse:
    """Count a vote, and show the results."""
    question = get_object_or_404(published(), pk=pk)
    chosen = question.choices.filter(pk=request.POST.get("choice") or None)
    # The database adds: two votes at one time are both counted.
    if not chosen.update(votes=F("votes") + 1):
        context = {"question": question, "error": "Choose an answer."}
        return render(request, "polls/detail.html", context, status=400)
    return redirect("polls:results", pk=pk)
