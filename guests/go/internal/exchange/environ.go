package exchange

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Field is a header or trailer field, or a parameter.
type Field struct {
	Name, Value string
}

// Environ is all that the host knows about a request but its body.
type Environ struct {
	Method, Scheme        string
	ServerName            string
	ServerPort            uint16
	ScriptName, Path      string
	Query                 string
	HasQuery              bool
	Protocol              string
	RemoteAddress         string
	RemotePort            uint16
	TLSVersion, TLSCipher string
	ClientCertificate     []byte
	ID                    string
	Parameters, Fields    []Field
}

// EnvironOf is the environ that a request was made of, or nil.
func EnvironOf(request *http.Request) *Environ {
	environ, _ := request.Context().Value(environKey{}).(*Environ)
	return environ
}

// The request as net/http has it, with a body.
func (e *Environ) request(ctx context.Context, body *body) (*http.Request, error) {
	target, err := e.url()
	if err != nil {
		return nil, err
	}
	request := &http.Request{
		Method:     e.Method,
		URL:        target,
		RequestURI: e.ScriptName + e.Path,
		Proto:      e.Protocol,
		Header:     make(http.Header, len(e.Fields)),
		Body:       body,
		RemoteAddr: e.remote(),
		TLS:        e.tls(),
	}
	if e.HasQuery {
		request.RequestURI += "?" + e.Query
	}
	request.ProtoMajor, request.ProtoMinor, _ = http.ParseHTTPVersion(e.Protocol)
	for _, field := range e.Fields {
		if field.Name == "host" {
			request.Host = field.Value
			continue
		}
		name := http.CanonicalHeaderKey(field.Name)
		request.Header[name] = append(request.Header[name], field.Value)
	}
	if request.Host == "" {
		name := strings.Trim(e.ServerName, "[]")
		request.Host = net.JoinHostPort(name, strconv.Itoa(int(e.ServerPort)))
	}
	request.ContentLength = length(request.Header)
	body.announce(request.Header["Trailer"])
	request.Trailer = body.trailer
	for _, parameter := range e.Parameters {
		request.SetPathValue(parameter.Name, parameter.Value)
	}
	return request.WithContext(ctx), nil
}

// What a handler routes on: the path below the mount.
func (e *Environ) url() (*url.URL, error) {
	target := &url.URL{Path: "/"}
	switch e.Path {
	case "":
	case "*":
		target.Path = "*"
	default:
		parsed, err := url.ParseRequestURI(e.Path)
		if err != nil {
			return nil, err
		}
		target = parsed
	}
	target.RawQuery, target.ForceQuery = e.Query, e.HasQuery && e.Query == ""
	return target, nil
}

func (e *Environ) remote() string {
	if e.RemoteAddress == "" {
		return ""
	}
	return net.JoinHostPort(e.RemoteAddress, strconv.Itoa(int(e.RemotePort)))
}

// What is known of the client's TLS session, or nil without one.
func (e *Environ) tls() *tls.ConnectionState {
	if e.TLSVersion == "" {
		return nil
	}
	state := &tls.ConnectionState{
		HandshakeComplete: true,
		ServerName:        e.ServerName,
		Version:           tls.VersionTLS12,
	}
	if e.TLSVersion == "TLSv1.3" {
		state.Version = tls.VersionTLS13
	}
	for _, suite := range tls.CipherSuites() {
		if suite.Name == e.TLSCipher {
			state.CipherSuite = suite.ID
		}
	}
	// The host verified it.
	if certificate, err := x509.ParseCertificate(e.ClientCertificate); err == nil {
		state.PeerCertificates = []*x509.Certificate{certificate}
	}
	return state
}

// The length of a body, or -1 if only its end tells.
func length(header http.Header) int64 {
	if text := header.Get("Content-Length"); text != "" {
		if length, err := strconv.ParseInt(text, 10, 64); err == nil {
			return length
		}
	}
	return -1
}
