package exchange

import (
	"context"
	"sync"
	"time"
)

// The context of a request, which ends with it. Handlers that do not ask for
// its end cost no channel.
type requestContext struct {
	environ *Environ
	mutex   sync.Mutex
	done    chan struct{}
	err     error
}

type environKey struct{}

func (c *requestContext) Deadline() (deadline time.Time, isSet bool) {
	return time.Time{}, false
}

func (c *requestContext) Done() <-chan struct{} {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.done == nil {
		c.done = make(chan struct{})
		if c.err != nil {
			close(c.done)
		}
	}
	return c.done
}

func (c *requestContext) Err() error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.err
}

func (c *requestContext) Value(key any) any {
	if key == (environKey{}) {
		return c.environ
	}
	return nil
}

func (c *requestContext) end() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.err != nil {
		return
	}
	c.err = context.Canceled
	if c.done != nil {
		close(c.done)
	}
}
