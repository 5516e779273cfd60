//go:build wasm

package runtime

import "unsafe"

//go:wasmexport cabi_realloc
func realloc(old unsafe.Pointer, oldSize, align, size uintptr) unsafe.Pointer {
	if old != nil || oldSize != 0 {
		panic("wasgi: the host asks for more of the same memory")
	}
	if align == 1 && size <= uintptr(len(wanted)) && wanted != nil {
		pointer := unsafe.Pointer(unsafe.SliceData(wanted))
		wanted = nil
		return pointer
	}
	if room == nil {
		room = first[:]
	}
	start := -uintptr(unsafe.Pointer(unsafe.SliceData(room))) & (align - 1)
	if start+size > uintptr(len(room)) {
		panic("wasgi: the host hands over more than it may")
	}
	pointer := unsafe.Pointer(unsafe.SliceData(room[start:]))
	room = room[start+size:]
	return pointer
}
