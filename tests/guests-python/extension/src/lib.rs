//! An extension module in Rust: `count(text)` tells how often each word is in a text.

use std::collections::HashMap;
use std::ffi::{CStr, c_char};
use std::ptr::{self, null_mut};
use std::{slice, str};

use pyo3_ffi::{
    METH_O, PyErr_SetString, PyExc_TypeError, PyMethodDef, PyMethodDefPointer, PyModule_Create,
    PyModuleDef, PyModuleDef_HEAD_INIT, PyObject, PyUnicode_AsUTF8AndSize,
    PyUnicode_Check, PyUnicode_FromStringAndSize,
};

/// What CPython calls when the module is imported.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyInit__tally() -> *mut PyObject {
    unsafe { PyModule_Create(&raw mut MODULE) }
}

static mut MODULE: PyModuleDef = PyModuleDef {
    m_base: PyModuleDef_HEAD_INIT,
    m_name: c"_tally".as_ptr(),
    m_doc: ptr::null(),
    m_size: 0,
    m_methods: (&raw mut METHODS).cast(),
    m_slots: null_mut(),
    m_traverse: None,
    m_clear: None,
    m_free: None,
};

static mut METHODS: [PyMethodDef; 2] = [
    PyMethodDef {
        ml_name: c"count".as_ptr(),
        ml_meth: PyMethodDefPointer { PyCFunction: count },
        ml_flags: METH_O,
        ml_doc: c"Count the words of a text.".as_ptr(),
    },
    PyMethodDef::zeroed(),
];

/// `count(text: str) -> str`, such as `a 2, b 1`.
unsafe extern "C" fn count(_module: *mut PyObject, text: *mut PyObject) -> *mut PyObject {
    let Some(text) = (unsafe { utf8(text) }) else {
        return null_mut();
    };
    // A map of the standard library asks the host for a random seed.
    let mut counts = HashMap::new();
    for word in text.split_whitespace() {
        *counts.entry(word).or_insert(0_u32) += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_unstable();
    let told: Vec<_> = counts
        .iter()
        .map(|(word, count)| format!("{word} {count}"))
        .collect();
    let told = told.join(", ");
    unsafe { PyUnicode_FromStringAndSize(told.as_ptr().cast::<c_char>(), told.len() as isize) }
}

/// The text in an object. None: it is no text, and CPython is told so.
unsafe fn utf8<'a>(object: *mut PyObject) -> Option<&'a str> {
    const WRONG: &CStr = c"expected a str";
    unsafe {
        if PyUnicode_Check(object) == 0 {
            PyErr_SetString(PyExc_TypeError, WRONG.as_ptr());
            return None;
        }
        let mut size = 0;
        let data = PyUnicode_AsUTF8AndSize(object, &raw mut size);
        (!data.is_null()).then(|| {
            let bytes = slice::from_raw_parts(data.cast::<u8>(), size.unsigned_abs());
            str::from_utf8_unchecked(bytes)
        })
    }
}
