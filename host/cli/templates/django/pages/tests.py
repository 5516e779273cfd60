from django.test import TestCase


class TestPages(TestCase):
    def test_the_visitor_is_greeted(self) -> None:
        response = self.client.get("/")
        self.assertContains(response, "<h1>Hello from app-name</h1>")

    def test_strangers_do_not_administer(self) -> None:
        response = self.client.get("/admin/")
        self.assertRedirects(response, "/admin/login/?next=/admin/")
