"""Questions in the admin, with their choices on the same page."""

from django.contrib import admin

from polls.models import Choice, Question


class ChoiceInline(admin.TabularInline):
    """The choices of a question."""

    model = Choice
    extra = 3


@admin.register(Question)
class QuestionAdmin(admin.ModelAdmin):
    """The list of questions, and the form of one."""

    inlines = [ChoiceInline]
    list_display = ["text", "published"]
    list_filter = ["published"]
    search_fields = ["text"]
    date_hierarchy = "published"
