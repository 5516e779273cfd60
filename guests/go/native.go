//go:build !wasip1

package wasgi

import (
	"log"
	"net/http"
	"os"
)

func handle(handler http.Handler) {
	address := os.Getenv("ADDR")
	if address == "" {
		address = "127.0.0.1:8080"
	}
	log.Printf("serving at http://%s", address)
	log.Fatal(http.ListenAndServe(address, handler))
}
