// Package export_wasgi_gateway_app exports the contract's interface `app`.
//
// What is generated beside this file passes values on; here they meet the
// exchange that answers a request.
package export_wasgi_gateway_app

import (
	"errors"
	"net/http"
	"runtime"
	"strings"
	"unsafe"

	"wasgi/internal/exchange"
	"wasgi/internal/wit/imports/wasgi_gateway_types"
	witRuntime "wasgi/internal/wit/runtime"
	witTypes "wasgi/internal/wit/types"
)

// Body is the body of a response, which the host pulls.
type Body struct {
	pinner   runtime.Pinner
	handle   int32
	exchange *exchange.Exchange
}

// Handle answers one request.
func Handle(environ wasgi_gateway_types.Environ, body *wasgi_gateway_types.Input) witTypes.Result[Response, string] {
	answer, err := exchange.Begin(environOf(&environ), &input{body})
	if err != nil {
		return witTypes.Err[Response](err.Error())
	}
	response := Response{Status: answer.Status, Headers: fields(answer.Fields)}
	switch {
	case answer.Rest != nil:
		response.Content = MakeContentChunks(&Body{exchange: answer.Rest})
	case len(answer.Body) > 0:
		response.Content = MakeContentBytes(answer.Body)
	default:
		response.Content = MakeContentEmpty()
	}
	return witTypes.Ok[Response, string](response)
}

// Next is the next chunk, or none at the end.
func (b *Body) Next() witTypes.Result[witTypes.Option[[]uint8], string] {
	chunk, isEnd, err := b.exchange.Next()
	switch {
	case err != nil:
		return witTypes.Err[witTypes.Option[[]uint8]](err.Error())
	case isEnd:
		return witTypes.Ok[witTypes.Option[[]uint8], string](witTypes.None[[]uint8]())
	}
	return witTypes.Ok[witTypes.Option[[]uint8], string](witTypes.Some(chunk))
}

// Trailers are the fields that follow the body.
func (b *Body) Trailers() []witTypes.Tuple2[string, []uint8] {
	return fields(b.exchange.Trailers())
}

// OnDrop is called when the host wants no more of the body.
func (b *Body) OnDrop() {
	b.exchange.Close()
}

func fields(all []exchange.Field) []witTypes.Tuple2[string, []uint8] {
	converted := make([]witTypes.Tuple2[string, []uint8], len(all))
	for i, field := range all {
		// Nobody writes to it: the host copies it.
		value := unsafe.Slice(unsafe.StringData(field.Value), len(field.Value))
		converted[i] = witTypes.Tuple2[string, []uint8]{F0: field.Name, F1: value}
	}
	return converted
}

func environOf(e *wasgi_gateway_types.Environ) *exchange.Environ {
	query, hasQuery := e.QueryString.Get()
	environ := &exchange.Environ{
		Method:     e.RequestMethod,
		Scheme:     e.UrlScheme,
		ServerName: e.ServerName,
		ServerPort: e.ServerPort,
		ScriptName: e.ScriptName,
		Path:       e.PathInfo,
		HasQuery:   hasQuery,
		Query:      query,
		Protocol:   e.ServerProtocol,
		ID:         e.RequestId,
		Fields:     fieldsOf(e.Headers),
	}
	if peer, isThere := e.Remote.Get(); isThere {
		environ.RemoteAddress, environ.RemotePort = peer.Address, peer.Port
	}
	if session, isThere := e.Tls.Get(); isThere {
		environ.TLSVersion, environ.TLSCipher = session.Version, session.Cipher
		environ.ClientCertificate, _ = session.ClientCertificate.Get()
	}
	for _, parameter := range e.RouteParameters {
		field := exchange.Field{Name: parameter.F0, Value: parameter.F1}
		environ.Parameters = append(environ.Parameters, field)
	}
	return environ
}

func fieldsOf(all []witTypes.Tuple2[string, []uint8]) []exchange.Field {
	converted := make([]exchange.Field, len(all))
	for i, field := range all {
		// The memory is Go's own now, and nobody writes to it.
		value := unsafe.String(unsafe.SliceData(field.F1), len(field.F1))
		converted[i] = exchange.Field{Name: field.F0, Value: value}
	}
	return converted
}

// The body of a request, as the exchange reads it.
type input struct {
	*wasgi_gateway_types.Input
}

func (i *input) Read(buffer []byte) (int, error) {
	witRuntime.Reserve()
	witRuntime.Into(buffer)
	result := i.Input.Read(uint32(min(len(buffer), readMax)))
	witRuntime.Into(nil)
	if result.IsErr() {
		return 0, failure(result.Err())
	}
	return len(result.Ok()), nil
}

// Bytes that are asked for at a time.
const readMax = 1 << 20

func (i *input) Trailers() ([]exchange.Field, error) {
	witRuntime.Reserve()
	result := i.Input.Trailers()
	if result.IsErr() {
		return nil, failure(result.Err())
	}
	return fieldsOf(result.Ok()), nil
}

func failure(err wasgi_gateway_types.InputError) error {
	switch err.Tag() {
	case wasgi_gateway_types.InputError_TooLarge:
		return tooLarge
	case wasgi_gateway_types.InputError_TimedOut:
		return timedOut
	case wasgi_gateway_types.InputError_Closed:
		return closed
	}
	// It may lie in the buffer that was to be read into.
	return errors.New(strings.Clone(err.Other()))
}

var (
	// As what `http.MaxBytesReader` fails with: handlers know that.
	tooLarge = error(&http.MaxBytesError{})
	timedOut = error(timeout{})
	closed   = errors.New("the connection ended before the request's body did")
)

// As the error of a connection that is read for too long.
type timeout struct{}

func (timeout) Error() string   { return "the client sent nothing of the request's body for too long" }
func (timeout) Timeout() bool   { return true }
func (timeout) Temporary() bool { return true }
