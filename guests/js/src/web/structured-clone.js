// `structuredClone` of the HTML Standard.

/** A copy of a value, with what it refers to. Functions and such have none. */
export function structuredClone(value, { transfer = [] } = {}) {
  const copies = new Map();
  for (const buffer of transfer) {
    if (!(buffer instanceof ArrayBuffer)) {
      throw fault("it cannot be transferred");
    }
  }
  const copy = clone(value, copies);
  transfer.forEach((buffer) => buffer.transfer());
  return copy;
}

function fault(what) {
  return new DOMException(`The value could not be cloned: ${what}`, "DataCloneError");
}

function clone(value, copies) {
  if (typeof value === "function" || typeof value === "symbol") {
    throw fault(`it has a ${typeof value}`);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  if (copies.has(value)) {
    return copies.get(value);
  }
  const keep = (copy) => {
    copies.set(value, copy);
    return copy;
  };
  if (value instanceof Date) {
    return keep(new Date(value.getTime()));
  }
  if (value instanceof RegExp) {
    return keep(new RegExp(value.source, value.flags));
  }
  if (value instanceof ArrayBuffer) {
    return keep(value.slice());
  }
  if (ArrayBuffer.isView(value)) {
    const buffer = clone(value.buffer, copies);
    return keep(new value.constructor(buffer, value.byteOffset, value.length ?? value.byteLength));
  }
  if (value instanceof Map) {
    const copy = keep(new Map());
    value.forEach((item, key) => copy.set(clone(key, copies), clone(item, copies)));
    return copy;
  }
  if (value instanceof Set) {
    const copy = keep(new Set());
    value.forEach((item) => copy.add(clone(item, copies)));
    return copy;
  }
  if (value instanceof Error) {
    return keep(cloneError(value, copies));
  }
  if (value instanceof Boolean || value instanceof Number || value instanceof String) {
    return keep(Object(value.valueOf()));
  }
  if (value instanceof Blob) {
    return value;
  }
  if (value instanceof Promise || value instanceof WeakMap || value instanceof WeakSet) {
    throw fault(`it has a ${value.constructor.name}`);
  }
  const copy = keep(Array.isArray(value) ? new Array(value.length) : {});
  for (const key of Object.keys(value)) {
    copy[key] = clone(value[key], copies);
  }
  return copy;
}

function cloneError(error, copies) {
  const constructors = [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];
  const kind = constructors.find((constructor) => constructor.name === error.name) ?? Error;
  const copy = new kind(error.message);
  copy.stack = error.stack;
  if ("cause" in error) {
    copy.cause = clone(error.cause, copies);
  }
  return copy;
}
