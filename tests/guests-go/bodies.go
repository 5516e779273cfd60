package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Streams the request's body back, and its trailers.
func echo(w http.ResponseWriter, r *http.Request) {
	if kind := r.Header.Get("Content-Type"); kind != "" {
		w.Header().Set("Content-Type", kind)
	}
	for name := range r.Trailer {
		w.Header().Add("Trailer", name)
	}
	if _, err := io.Copy(w, r.Body); err != nil {
		panic(fmt.Errorf("cannot echo: %v: %w", err, http.ErrAbortHandler))
	}
	for name, values := range r.Trailer {
		w.Header()[name] = values
	}
}

// Reads `max` bytes of the body at most, and answers with how many there were.
func length(w http.ResponseWriter, r *http.Request) {
	limit := int64(parameter(r, "max", 1<<20))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	case err != nil:
		panic(err)
	}
	fmt.Fprint(w, len(body))
	if strings.Contains(string(body), "\x00") {
		fmt.Fprint(w, " with a NUL")
	}
}

// Streams `chunks` chunks of `size` bytes.
func stream(w http.ResponseWriter, r *http.Request) {
	chunk := []byte(strings.Repeat("x", parameter(r, "size", 1024)))
	for range parameter(r, "chunks", 10) {
		w.Write(chunk)
		w.(http.Flusher).Flush()
	}
}

// Streams `count` lines, and sleeps for `ms` before each.
func ticks(w http.ResponseWriter, r *http.Request) {
	pause := time.Duration(parameter(r, "ms", 50)) * time.Millisecond
	for i := range parameter(r, "count", 3) {
		time.Sleep(pause)
		fmt.Fprintf(w, "tick %d\n", i)
		if http.NewResponseController(w).Flush() != nil {
			return
		}
	}
}

// Announces a trailer field and sends it.
func trailers(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Trailer", "X-Checksum")
	fmt.Fprintln(w, "body")
	w.Header().Set("X-Checksum", "abc")
}

// Sends a trailer field that it did not announce.
func lateTrailer(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintln(w, "body")
	w.Header().Set(http.TrailerPrefix+"X-Late", "1")
}

// Fails after the first chunk.
func failMidBody(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintln(w, "first")
	w.(http.Flusher).Flush()
	panic(fmt.Errorf("told to fail: %w", http.ErrAbortHandler))
}

// Panics after the first chunk.
func panicMidBody(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintln(w, "first")
	w.(http.Flusher).Flush()
	panic("told to panic")
}

// Answers with what other goroutines make, after some time.
func goroutines(w http.ResponseWriter, r *http.Request) {
	lines := make(chan string)
	for i := range 3 {
		go func() {
			time.Sleep(time.Duration(i+1) * 5 * time.Millisecond)
			lines <- fmt.Sprintf("line %d\n", i)
		}()
	}
	for range 3 {
		io.WriteString(w, <-lines)
	}
}

var isClosed bool

// Streams without end, until the client leaves.
func closes(w http.ResponseWriter, r *http.Request) {
	defer func() { isClosed = r.Context().Err() != nil }()
	for {
		if _, err := fmt.Fprintln(w, strings.Repeat("x", 64<<10)); err != nil {
			return
		}
	}
}

// Whether an earlier request to /close in this instance has ended.
func closed(w http.ResponseWriter, r *http.Request) {
	fmt.Fprint(w, isClosed)
}

// Writes a body where there is none.
func noContent(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(http.StatusNoContent)
	_, err := fmt.Fprint(w, "body")
	w.Header().Set("X-Ignored", "1")
	if !errors.Is(err, http.ErrBodyNotAllowed) {
		panic("a body was taken")
	}
}

// Declares a length, and writes more.
func declared(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "4")
	fmt.Fprint(w, "body")
	if _, err := fmt.Fprint(w, "more"); !errors.Is(err, http.ErrContentLength) {
		panic("more was taken than declared")
	}
}

// Answers each piece of the body when it comes.
func duplex(w http.ResponseWriter, r *http.Request) {
	http.NewResponseController(w).EnableFullDuplex()
	piece := make([]byte, 1024)
	for {
		count, err := r.Body.Read(piece)
		if count > 0 {
			fmt.Fprintf(w, "got %s\n", piece[:count])
			w.(http.Flusher).Flush()
		}
		if err != nil {
			return
		}
	}
}
