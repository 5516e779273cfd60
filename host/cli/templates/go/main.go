// Command app-name is a web application: wasgi serves its handler.
package main

import (
	"app-name/app"

	"wasgi"
)

func main() {
	wasgi.Handle(app.Handler())
}
