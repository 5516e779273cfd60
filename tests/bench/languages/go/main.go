// Program hello answers every request with a line: in a component, or by its own server.
package main

import (
	"io"
	"net/http"

	"wasgi"
)

func main() {
	wasgi.Handle(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, "hello\n")
	}))
}
