// Package wasgi serves handlers of net/http as WebAssembly components.
//
//	func main() {
//		http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
//			fmt.Fprintln(w, "Hello from Go")
//		})
//		wasgi.Handle(nil)
//	}
//
// `wasgi build` makes a component of such a program, which the host serves; as a
// native program it serves itself, for trying and debugging.
package wasgi

import (
	"net/http"

	"wasgi/internal/exchange"
)

// Handle has a handler answer all requests, or http.DefaultServeMux if it is
// nil. It is called once, at the end of the main function.
//
// In a component it returns at once, and main may return. In a native program
// it serves, at the address in the variable ADDR (127.0.0.1:8080 without one),
// and does not return.
func Handle(handler http.Handler) {
	if handler == nil {
		handler = http.DefaultServeMux
	}
	handle(handler)
}

// Environ is what a host knows of a request and http.Request has no place for.
type Environ struct {
	// Scheme is the scheme that the client used: http or https.
	Scheme string
	// ServerName and ServerPort are what the request was for.
	ServerName string
	ServerPort uint16
	// ScriptName is where the app is mounted: the part of the path that
	// Request.URL lacks. It is empty, or begins with a slash and ends without.
	ScriptName string
	// RequestID names the request in the host's log.
	RequestID string
	// Parameters are those of the app's route, in its order.
	// Request.PathValue knows them too.
	Parameters []Parameter
	// TLSVersion and TLSCipher are those of the client's session, or empty.
	TLSVersion, TLSCipher string
	// ClientCertificate is the client's certificate in DER, if the host
	// verified one.
	ClientCertificate []byte
}

// Parameter is a part of the path that a parameter of the app's route matched.
type Parameter struct {
	Name, Value string
}

// EnvironOf is the environ of a request, or nil if no host of wasgi made it.
func EnvironOf(request *http.Request) *Environ {
	environ := exchange.EnvironOf(request)
	if environ == nil {
		return nil
	}
	parameters := make([]Parameter, len(environ.Parameters))
	for i, parameter := range environ.Parameters {
		parameters[i] = Parameter(parameter)
	}
	return &Environ{
		Scheme:            environ.Scheme,
		ServerName:        environ.ServerName,
		ServerPort:        environ.ServerPort,
		ScriptName:        environ.ScriptName,
		RequestID:         environ.ID,
		Parameters:        parameters,
		TLSVersion:        environ.TLSVersion,
		TLSCipher:         environ.TLSCipher,
		ClientCertificate: environ.ClientCertificate,
	}
}
