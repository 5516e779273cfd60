package app

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func answer(method, path, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	return w
}

func TestTheVisitorIsGreeted(t *testing.T) {
	if got := answer("GET", "/", "").Body.String(); got != "Hello from app-name\n" {
		t.Errorf("got %q", got)
	}
}

func TestWordsAreCounted(t *testing.T) {
	if got := answer("POST", "/count", " to be\nor not ").Body.String(); got != "4 words\n" {
		t.Errorf("got %q", got)
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	if got := answer("GET", "/nothing", "").Code; got != http.StatusNotFound {
		t.Errorf("got %d", got)
	}
}
