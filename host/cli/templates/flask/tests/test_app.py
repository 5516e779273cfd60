import unittest

from app import app


class TestApp(unittest.TestCase):
    def setUp(self) -> None:
        self.client = app.test_client()

    def test_the_visitor_is_greeted(self) -> None:
        response = self.client.get("/")
        self.assertEqual(response.status_code, 200)
        self.assertIn("<h1>Hello from app-name</h1>", response.text)

    def test_words_are_counted(self) -> None:
        response = self.client.post("/count", data="to be or not")
        self.assertEqual(response.text, "4 words\n")
