// Package types has the types of WIT that Go lacks, under the names that the
// generated bindings use.
package types

// Unit is the type of nothing.
type Unit struct{}

// Tuple2 is a pair.
type Tuple2[A, B any] struct {
	F0 A
	F1 B
}

// The discriminants of Option, as the canonical ABI numbers them.
const (
	OptionNone = 0
	OptionSome = 1
)

// Option is a value, or none.
type Option[T any] struct {
	value  T
	isSome bool
}

// Some is an option with a value.
func Some[T any](value T) Option[T] {
	return Option[T]{value, true}
}

// None is an option without a value.
func None[T any]() Option[T] {
	return Option[T]{}
}

// Tag is the discriminant.
func (o Option[T]) Tag() uint8 {
	if o.isSome {
		return OptionSome
	}
	return OptionNone
}

// Some is the value. There must be one.
func (o Option[T]) Some() T {
	if !o.isSome {
		panic("wasgi: the option has no value")
	}
	return o.value
}

// Get is the value, and whether there is one.
func (o Option[T]) Get() (T, bool) {
	return o.value, o.isSome
}

// The discriminants of Result, as the canonical ABI numbers them.
const (
	ResultOk  = 0
	ResultErr = 1
)

// Result is a value, or why there is none.
type Result[T, E any] struct {
	ok    T
	err   E
	isErr bool
}

// Ok is a result with a value.
func Ok[T, E any](value T) Result[T, E] {
	return Result[T, E]{ok: value}
}

// Err is a result without a value.
func Err[T, E any](err E) Result[T, E] {
	return Result[T, E]{err: err, isErr: true}
}

// Tag is the discriminant.
func (r Result[T, E]) Tag() uint8 {
	if r.isErr {
		return ResultErr
	}
	return ResultOk
}

// IsErr tells whether there is no value.
func (r Result[T, E]) IsErr() bool {
	return r.isErr
}

// Ok is the value. There must be one.
func (r Result[T, E]) Ok() T {
	if r.isErr {
		panic("wasgi: the result has no value")
	}
	return r.ok
}

// Err is why there is no value. There must be none.
func (r Result[T, E]) Err() E {
	if !r.isErr {
		panic("wasgi: the result has a value")
	}
	return r.err
}
