// What brings promises forward in a call that returns only when it is done.
//
// The contract's functions are synchronous, and the engine runs the jobs of promises only when it
// is asked to. `wasgi build` makes the call below do that (`host/build/src/js/jobs.rs`).

import random from "wasi:random/random@0.2.12";
import { runNext } from "../web/timers.js";

// What the call below begins besides: it must do nothing.
for (const functions of Object.values(__cqjs.asyncExports)) {
  for (const name of Object.keys(functions)) {
    functions[name] = () => {};
  }
}

/** Runs jobs until none is left. */
function runJobs() {
  random.getRandomBytes(0);
}

/** Runs jobs and timers until a promise is settled. Returns its value, or throws its reason. */
export function settle(promise) {
  let isSettled = false;
  let isRejected = false;
  let result;
  promise.then(
    (value) => {
      isSettled = true;
      result = value;
    },
    (reason) => {
      isSettled = isRejected = true;
      result = reason;
    },
  );
  runJobs();
  while (!isSettled) {
    if (!runNext()) {
      throw new Error("the app waits for a promise that nothing can settle: no timer is left");
    }
    runJobs();
  }
  if (isRejected) {
    throw result;
  }
  return result;
}
