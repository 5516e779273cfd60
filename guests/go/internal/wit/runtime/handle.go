// Package runtime is what the generated bindings need of a runtime: handles of
// resources, and memory that the host writes to.
package runtime

// Handle is a handle of a resource that the guest owns, until it is taken.
type Handle struct {
	value int32
}

// MakeHandle is the handle with a value, which is never 0.
func MakeHandle(value int32) *Handle {
	handle := &Handle{}
	handle.Set(value)
	return handle
}

// Set fills a handle that was taken.
func (h *Handle) Set(value int32) {
	if value == 0 || h.value != 0 {
		panic("wasgi: a handle is set twice, or to nothing")
	}
	h.value = value
}

// Use is the value. The handle keeps it.
func (h *Handle) Use() int32 {
	if h.value == 0 {
		panic("wasgi: a resource is used after it was dropped")
	}
	return h.value
}

// Take is the value. The handle has none then.
func (h *Handle) Take() int32 {
	value := h.Use()
	h.value = 0
	return value
}

// TakeOrNil is the value, or 0 if the handle has none. It has none then.
func (h *Handle) TakeOrNil() int32 {
	value := h.value
	h.value = 0
	return value
}
