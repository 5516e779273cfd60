package exchange

import (
	"errors"
	"net/http"
	"sync"
)

// Main is the program's main function, which registers a handler.
var Main func()

var (
	handler    http.Handler
	registered = make(chan struct{})
)

// Register sets what answers all requests.
func Register(h http.Handler) {
	if handler != nil {
		panic("wasgi: Handle is called twice")
	}
	handler = h
	close(registered)
}

// The handler. The first request of an instance runs the program's main
// function, until it has registered one or returns.
var ready = sync.OnceValues(func() (http.Handler, error) {
	returned := make(chan struct{})
	go func() {
		Main()
		close(returned)
	}()
	select {
	case <-registered:
	case <-returned:
	}
	if handler == nil {
		return nil, errors.New("the program has no handler: call wasgi.Handle in its main function")
	}
	return handler, nil
})
