// Package app answers requests, with nothing but net/http.
package app

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// bodyMax is how many bytes of a body are held in memory at one time.
const bodyMax = 64 << 10

// Handler routes requests.
func Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", hello)
	mux.HandleFunc("POST /count", count)
	return mux
}

func hello(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintln(w, "Hello from app-name")
}

func count(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyMax))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		http.Error(w, "Too large", http.StatusRequestEntityTooLarge)
	case err != nil:
		http.Error(w, "Cannot read the body", http.StatusBadRequest)
	default:
		fmt.Fprintf(w, "%d words\n", len(strings.Fields(string(text))))
	}
}
