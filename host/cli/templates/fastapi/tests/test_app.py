import unittest

from fastapi.testclient import TestClient

from app import app


class TestApp(unittest.TestCase):
    def setUp(self) -> None:
        self.client = TestClient(app)

    def test_the_client_is_greeted(self) -> None:
        response = self.client.get("/")
        self.assertEqual(response.json(), {"message": "Hello from app-name"})

    def test_words_are_counted(self) -> None:
        response = self.client.post("/count", json={"text": "to be or not"})
        self.assertEqual(response.json(), {"words": 4})

    def test_what_is_no_text_is_refused(self) -> None:
        response = self.client.post("/count", json={"text": 4})
        self.assertEqual(response.status_code, 422)
