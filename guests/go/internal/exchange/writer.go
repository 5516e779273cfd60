package exchange

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Writes a response. It is the http.ResponseWriter of a handler, and an
// http.Flusher.
type writer struct {
	exchange *Exchange
	// What the handler sees.
	header http.Header
	// The head's, fixed by WriteHeader. Nil before.
	sent   http.Header
	status int
	// The trailer fields that the head announces.
	announced []string
	// What is not handed over yet.
	buffer []byte
	// Bytes that may follow, or -1 if no length was declared.
	left int64
	// Whether the host has the head, or is about to have it.
	isBegun bool
	// Whether the handler has returned.
	isOver bool
}

// Bytes that are held back until the handler flushes or returns.
const bufferMax = 32 << 10

func (w *writer) Header() http.Header {
	return w.header
}

func (w *writer) WriteHeader(status int) {
	// Interim responses cannot be expressed.
	if w.sent != nil || status >= 100 && status < 200 {
		return
	}
	w.sent, w.status, w.left = w.header.Clone(), status, -1
	if text := w.sent.Get("Content-Length"); text != "" {
		// What is none reaches the host, which says so.
		if length, err := strconv.ParseInt(text, 10, 64); err == nil {
			w.left = length
		}
	}
	w.announced = names(w.sent["Trailer"])
}

func (w *writer) Write(bytes []byte) (int, error) {
	if w.sent == nil {
		w.WriteHeader(http.StatusOK)
	}
	if err := w.check(len(bytes)); err != nil {
		return 0, err
	}
	if len(w.buffer) > 0 && len(w.buffer)+len(bytes) > bufferMax {
		if err := w.FlushError(); err != nil {
			return 0, err
		}
	}
	if len(bytes) < bufferMax {
		w.buffer = append(w.buffer, bytes...)
		return len(bytes), nil
	}
	w.sniff(bytes)
	// The handler waits while the host copies it.
	for rest := bytes; len(rest) > 0; {
		chunk := rest[:min(len(rest), chunkMax)]
		if err := w.handOver(chunk); err != nil {
			return len(bytes) - len(rest), err
		}
		rest = rest[len(chunk):]
	}
	return len(bytes), nil
}

// Bytes that are handed over at a time. The host takes 8 MiB at most.
const chunkMax = 1 << 20

// WriteString writes text.
func (w *writer) WriteString(text string) (int, error) {
	return w.Write([]byte(text))
}

// EnableFullDuplex does nothing: bodies are always read and written at once.
func (w *writer) EnableFullDuplex() error {
	return nil
}

// Flush has the host send what was written.
func (w *writer) Flush() {
	// Writing fails then.
	_ = w.FlushError()
}

// FlushError is Flush, and tells whether the client is still there.
func (w *writer) FlushError() error {
	if w.sent == nil {
		w.WriteHeader(http.StatusOK)
	}
	if w.isBegun && len(w.buffer) == 0 {
		return nil
	}
	w.sniff(w.buffer)
	err := w.handOver(w.buffer)
	w.buffer = w.buffer[:0]
	return err
}

func (w *writer) handOver(chunk []byte) error {
	w.isBegun = true
	return w.exchange.handOver(chunk)
}

// Whether so many bytes may follow.
func (w *writer) check(count int) error {
	if w.exchange.isClosed.Load() {
		return errOver
	}
	if !hasBody(w.status) {
		return http.ErrBodyNotAllowed
	}
	if w.left >= 0 && int64(count) > w.left {
		return http.ErrContentLength
	}
	if w.left >= 0 {
		w.left -= int64(count)
	}
	return nil
}

// Names the type of the content, as net/http does, if the handler did not.
func (w *writer) sniff(content []byte) {
	_, hasType := w.sent["Content-Type"]
	if w.isBegun || hasType || len(content) == 0 || w.sent.Get("Content-Encoding") != "" {
		return
	}
	w.sent["Content-Type"] = []string{http.DetectContentType(content)}
}

// What is left when the handler returns.
func (w *writer) finish() []byte {
	if w.sent == nil {
		w.WriteHeader(http.StatusOK)
	}
	w.sniff(w.buffer)
	if !w.isBegun {
		// Trailers that were set unannounced can be announced yet.
		for name := range w.header {
			if trailer, isTrailer := strings.CutPrefix(name, http.TrailerPrefix); isTrailer {
				w.announced = append(w.announced, trailer)
				w.sent.Add("Trailer", trailer)
			}
		}
	}
	return w.buffer
}

// Forgets all that was written, if the host has nothing of it.
func (w *writer) reset() bool {
	if w.isBegun {
		return false
	}
	*w = writer{exchange: w.exchange, header: make(http.Header)}
	return true
}

func (w *writer) hasTrailers() bool {
	return len(w.announced) > 0
}

// The head.
func (w *writer) answer() *Answer {
	status := uint16(min(max(w.status, 0), math.MaxUint16))
	fields := make([]Field, 0, len(w.sent))
	names := make([]string, 0, len(w.sent))
	for name := range w.sent {
		if !strings.HasPrefix(name, http.TrailerPrefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range w.sent[name] {
			fields = append(fields, Field{name, value})
		}
	}
	return &Answer{Status: status, Fields: fields}
}

// The trailer fields: what the handler set of what was announced.
func (w *writer) trailers() []Field {
	var fields []Field
	for _, name := range w.announced {
		values := append(w.header[name], w.header[http.TrailerPrefix+name]...)
		for _, value := range values {
			fields = append(fields, Field{name, value})
		}
	}
	return fields
}

// Whether a response with a status has a body.
func hasBody(status int) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified
}
