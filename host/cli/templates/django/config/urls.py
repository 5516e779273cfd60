"""Which view answers which path."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path

from pages.views import index


def health(request: HttpRequest) -> HttpResponse:
    """Say that the instance is ready, which it is once its hooks have run."""
    return HttpResponse("ok\n", content_type="text/plain")


urlpatterns = [
    path("health", health),
    path("admin/", admin.site.urls),
    path("", index),
]
