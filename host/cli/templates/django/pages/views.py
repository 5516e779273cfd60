"""What visitors see."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def index(request: HttpRequest) -> HttpResponse:
    """Greet the visitor."""
    return render(request, "pages/index.html", {"title": "Hello from app-name"})
