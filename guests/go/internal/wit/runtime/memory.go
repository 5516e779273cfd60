package runtime

import (
	"runtime"
	"unsafe"
)

// What the host writes for the guest is put here, piece after piece.
//
// Nothing is allocated while the host writes: the garbage collector would ask
// for the time, and the contract allows no call to the host then. So there is
// always room for what one call hands over. Before Go's own runtime is ready,
// the host asks for the memory of its adapter, which lies here too.
var (
	room []byte
	// The memory that one call wants its bytes in, if it says so.
	wanted []byte
	first  [roomSize + adapterSize]byte
)

const (
	// roomSize is more than the host's limit on a request's head, with the records
	// that it comes in.
	roomSize = 256 << 10
	// adapterSize is what the adapter of WASI asks for, with its stack.
	adapterSize = 192 << 10
)

// Reserve makes room for what one call hands over. What was handed over before
// stays where it is for as long as it is used.
func Reserve() {
	if first := first[:]; room == nil {
		room = first
	}
	if len(room) < roomSize {
		room = make([]byte, 2*roomSize)
	}
}

// Into has the next list of bytes written to a buffer that has room for it.
func Into(buffer []byte) {
	wanted = buffer
}

// Unpin ends what the host handed over by itself: Go owns it then.
func Unpin() {
	Reserve()
}

// Allocate is memory that stays where it is until the pinner lets it go.
func Allocate(pinner *runtime.Pinner, size, align uintptr) unsafe.Pointer {
	if size == 0 {
		return nil
	}
	// Memory is as aligned as what it is made for.
	if align > 8 || size%align != 0 {
		panic("wasgi: memory of a size that its alignment does not divide")
	}
	words := make([]uint64, (size+7)/8)
	pointer := unsafe.Pointer(unsafe.SliceData(words))
	pinner.Pin(pointer)
	return pointer
}
