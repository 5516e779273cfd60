// All behaviours that the suite asks for, each at its path. They are those of
// the fixtures of the other contracts, with the same parameters.
package main

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"log"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"

	"wasgi"
)

func main() {
	mux := http.NewServeMux()
	for path, handler := range map[string]http.HandlerFunc{
		"/hello": hello, "/environ": environ, "/cookies": cookies, "/status": status,
		"/random": random, "/env": env, "/log": logLines, "/count": count,
		"/fail": fail, "/trap": trap, "/panic": panics, "/panic-mid-body": panicMidBody,
		"/echo": echo, "/length": length, "/stream": stream, "/ticks": ticks,
		"/trailers": trailers, "/fail-mid-body": failMidBody, "/goroutines": goroutines,
		"/close": closes, "/closed": closed, "/late-trailer": lateTrailer,
		"/no-content": noContent, "/declared": declared, "/duplex": duplex,
	} {
		mux.HandleFunc(path, handler)
	}
	mux.HandleFunc("/items/{id}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.PathValue("id"))
	})
	wasgi.Handle(mux)
}

// A number in the query.
func parameter(r *http.Request, name string, otherwise int) int {
	number, err := strconv.Atoi(r.URL.Query().Get(name))
	if err != nil {
		return otherwise
	}
	return number
}

func hello(w http.ResponseWriter, r *http.Request) {
	fmt.Fprint(w, "Hello, world!\n")
}

func environ(w http.ResponseWriter, r *http.Request) {
	e := wasgi.EnvironOf(r)
	query := "none"
	if r.URL.RawQuery != "" || r.URL.ForceQuery {
		query = "some(" + r.URL.RawQuery + ")"
	}
	fmt.Fprintf(w, "request-method=%s\nurl-scheme=%s\nserver-name=%s\nserver-port=%d\n",
		r.Method, e.Scheme, e.ServerName, e.ServerPort)
	fmt.Fprintf(w, "script-name=%s\npath-info=%s\nquery-string=%s\nserver-protocol=%s\n",
		e.ScriptName, r.URL.EscapedPath(), query, r.Proto)
	fmt.Fprintf(w, "remote=%s\ntls=%s\nrequest-id=%s\nroute-parameters=",
		r.RemoteAddr, cmp.Or(e.TLSVersion, "none"), e.RequestID)
	for i, parameter := range e.Parameters {
		fmt.Fprintf(w, "%s%s:%s", []string{",", ""}[max(0, 1-i)], parameter.Name, parameter.Value)
	}
	fmt.Fprintln(w)
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		for _, value := range r.Header[name] {
			fmt.Fprintf(w, "header %s=%s\n", strings.ToLower(name), value)
		}
	}
}

func cookies(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"})
	http.SetCookie(w, &http.Cookie{Name: "b", Value: "2"})
	w.Header().Set("X-Bytes", "\xff\xfe")
	w.Header().Set("X-Agent", cmp.Or(r.UserAgent(), "none"))
	fmt.Fprintln(w, "cookies")
}

func status(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(parameter(r, "code", 200))
	fmt.Fprintln(w, "status")
}

func random(w http.ResponseWriter, r *http.Request) {
	bytes := make([]byte, 16)
	rand.Read(bytes)
	fmt.Fprintf(w, "%x", bytes)
}

func env(w http.ResponseWriter, r *http.Request) {
	fmt.Fprint(w, cmp.Or(os.Getenv("GREETING"), "none"))
}

func logLines(w http.ResponseWriter, r *http.Request) {
	log.Print("a line of the guest")
	fmt.Fprintf(os.Stderr, "a line of %s\n", "stdio")
	fmt.Fprintln(w, "logged")
}

var requests int

func count(w http.ResponseWriter, r *http.Request) {
	requests++
	fmt.Fprint(w, requests)
}

func fail(w http.ResponseWriter, r *http.Request) {
	panic(fmt.Errorf("told to fail: %w", http.ErrAbortHandler))
}

// What ends the instance: a panic that nobody can recover from.
func trap(w http.ResponseWriter, r *http.Request) {
	go panic("told to trap")
	select {}
}

func panics(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Lost", "1")
	fmt.Fprintln(w, "this is not sent")
	var nothing *http.Request
	fmt.Fprintln(w, nothing.Method)
}
