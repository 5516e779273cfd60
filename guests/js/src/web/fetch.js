// `fetch`, which this contract has not.

/** Fails, and says what to do. */
export async function fetch() {
  throw new TypeError(
    "fetch is not available: the contract wasgi:gateway gives an app no way to send requests",
  );
}
