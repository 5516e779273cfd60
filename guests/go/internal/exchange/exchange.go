// Package exchange runs handlers of net/http as the contract wants them: the
// host asks for the head of a response, and then for chunk after chunk.
//
// A handler runs in a goroutine of its own, and only while the host waits for
// what it makes: when it has handed something over, it goes on when the host
// asks for more.
package exchange

import (
	"errors"
	"fmt"
	"log"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// Exchange is a request and its response.
type Exchange struct {
	context *requestContext
	body    *body
	writer  *writer
	// What the handler hands over. The channel has no room: the handler waits.
	made chan made
	// A value for each time that the host asks for more. It is closed when the
	// host wants no more, and so is the exchange then.
	wanted   chan struct{}
	isClosed atomic.Bool
	// What was made and the host has not taken yet.
	held *made
}

// What a handler hands over.
type made struct {
	chunk []byte
	isEnd bool
	err   error
}

// Answer is the head of a response, and what is known of its content.
type Answer struct {
	Status uint16
	Fields []Field
	// All of the content, if Rest is nil.
	Body []byte
	// Makes the content, if it is not nil.
	Rest *Exchange
}

// Begin answers a request with the head of its response.
func Begin(environ *Environ, input Input) (*Answer, error) {
	handler, err := ready()
	if err != nil {
		return nil, err
	}
	e := &Exchange{
		context: &requestContext{environ: environ},
		body:    &body{input: input},
		made:    make(chan made),
		wanted:  make(chan struct{}),
	}
	e.writer = &writer{exchange: e, header: make(http.Header)}
	request, err := environ.request(e.context, e.body)
	if err != nil {
		e.end()
		return badRequest, nil
	}
	start(task{e, handler, request})
	first := <-e.made
	if first.err != nil {
		e.end()
		return nil, first.err
	}
	answer := e.writer.answer()
	if first.isEnd && !e.writer.hasTrailers() {
		e.end()
		answer.Body = first.chunk
		return answer, nil
	}
	e.held, answer.Rest = &first, e
	return answer, nil
}

// As net/http answers a target that it cannot read.
var badRequest = &Answer{
	Status: http.StatusBadRequest,
	Fields: []Field{{"content-type", "text/plain; charset=utf-8"}},
	Body:   []byte("400 Bad Request"),
}

// Next is the next chunk, or tells that there is none.
func (e *Exchange) Next() (chunk []byte, isEnd bool, err error) {
	next := e.held
	if next == nil {
		e.wanted <- struct{}{}
		made := <-e.made
		next = &made
	}
	e.held = nil
	if next.isEnd && len(next.chunk) > 0 {
		// The call after this one tells that it was the last chunk.
		e.held = &made{isEnd: true}
		return next.chunk, false, nil
	}
	return next.chunk, next.isEnd, next.err
}

// Trailers are the fields that follow the body, after its end.
func (e *Exchange) Trailers() []Field {
	return e.writer.trailers()
}

// Close is called when the host wants no more of the body.
func (e *Exchange) Close() {
	e.isClosed.Store(true)
	close(e.wanted)
	e.context.end()
	if !e.writer.isOver {
		// Limit: closeWait
		patience := time.NewTimer(closeWait)
		select {
		case <-e.made:
		case <-patience.C:
		}
		patience.Stop()
	}
	e.end()
}

// How long a handler may take to notice that nobody wants its response. One
// that takes longer goes on while the instance answers other requests.
const closeWait = 100 * time.Millisecond

func (e *Exchange) end() {
	e.context.end()
	e.body.drop()
}

// A handler to be run.
type task struct {
	exchange *Exchange
	handler  http.Handler
	request  *http.Request
}

// What waits for tasks: goroutines that have run one. Their stacks have grown
// already, which costs as much as a small request otherwise.
var tasks = make(chan task)

func start(t task) {
	select {
	case tasks <- t:
	default:
		go func() {
			for {
				t.exchange.run(t.handler, t.request)
				t = <-tasks
			}
		}()
	}
}

// Runs the handler, and hands over what is left at its end.
func (e *Exchange) run(handler http.Handler, request *http.Request) {
	// It stays so if the handler ends its goroutine.
	last := made{isEnd: true, err: errGone}
	defer func() { e.last(last) }()
	if err := e.call(handler, request); err != nil {
		last.err = err
		return
	}
	last.chunk = e.writer.finish()
	last.err = nil
}

var errGone = errors.New("the handler has ended its goroutine")

func (e *Exchange) last(last made) {
	e.writer.isOver = true
	if !e.isClosed.Load() {
		e.made <- last
		return
	}
	// Whoever closed may wait for it.
	select {
	case e.made <- last:
	default:
	}
}

// Calls the handler. An error is for the log alone.
func (e *Exchange) call(handler http.Handler, request *http.Request) (failure error) {
	defer func() {
		value := recover()
		if value == nil {
			return
		}
		if err, isError := value.(error); isError && errors.Is(err, http.ErrAbortHandler) {
			failure = err
			return
		}
		log.Printf("wasgi: panic serving %s: %v\n%s", request.URL.Path, value, debug.Stack())
		if !e.writer.reset() {
			failure = fmt.Errorf("panic: %v", value)
			return
		}
		http.Error(e.writer, "500 Internal Server Error", http.StatusInternalServerError)
	}()
	handler.ServeHTTP(e.writer, request)
	return nil
}

// Hands a chunk over, and waits until the host asks for more.
func (e *Exchange) handOver(chunk []byte) error {
	if e.isClosed.Load() {
		return errOver
	}
	e.made <- made{chunk: chunk}
	if _, isWanted := <-e.wanted; !isWanted {
		return errOver
	}
	return nil
}
