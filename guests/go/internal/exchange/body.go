package exchange

import (
	"errors"
	"io"
	"net/http"
	"strings"
)

// Input is the body of a request, as the host hands it over.
type Input interface {
	// Read waits for bytes. None, without an error, are the end.
	Read(buffer []byte) (int, error)
	// Trailers are the fields that follow the body.
	Trailers() ([]Field, error)
	// Drop gives it back.
	Drop()
}

// The body of a request, as handlers read it.
type body struct {
	input Input
	// Filled at the end of the body.
	trailer http.Header
	// What every further read ends with.
	end error
}

func (b *body) Read(buffer []byte) (int, error) {
	if b.end != nil {
		return 0, b.end
	}
	if len(buffer) == 0 {
		return 0, nil
	}
	count, err := b.input.Read(buffer)
	if err == nil && count == 0 {
		err = b.readTrailers()
	}
	b.end = err
	return count, err
}

// Close ends reading. The host takes care of what is left.
func (b *body) Close() error {
	if b.end == nil {
		b.end = http.ErrBodyReadAfterClose
	}
	return nil
}

// Makes room for the trailer fields that a request announces.
func (b *body) announce(lists []string) {
	for _, name := range names(lists) {
		if b.trailer == nil {
			b.trailer = make(http.Header)
		}
		b.trailer[name] = nil
	}
}

func (b *body) readTrailers() error {
	if b.trailer == nil {
		return io.EOF
	}
	fields, err := b.input.Trailers()
	if err != nil {
		return err
	}
	for _, field := range fields {
		b.trailer.Add(field.Name, field.Value)
	}
	return io.EOF
}

// Gives the input back. Its request is over.
func (b *body) drop() {
	if b.end == nil {
		b.end = errOver
	}
	b.input.Drop()
}

var errOver = errors.New("wasgi: the request is over")

// The names in lists with commas, as a header has them.
func names(lists []string) (names []string) {
	for _, list := range lists {
		for _, name := range strings.Split(list, ",") {
			if name = strings.TrimSpace(name); name != "" {
				names = append(names, http.CanonicalHeaderKey(name))
			}
		}
	}
	return names
}
