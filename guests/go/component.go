//go:build wasip1

package wasgi

import (
	"net/http"
	_ "unsafe" // For the main function.

	"wasgi/internal/exchange"
	_ "wasgi/internal/wit/exports/wit_exports" // The contract's functions.
)

func handle(handler http.Handler) {
	exchange.Register(handler)
}

// A library's main function is not called by Go.
//
//go:linkname programMain main.main
func programMain()

func init() {
	exchange.Main = programMain
}
