// Timers, and the wait for the next one.
//
// A call of the contract does not return before its promise is settled; while nothing else is to be
// done, it sleeps until a timer is due.

import clock from "wasi:clocks/monotonic-clock@0.2.12";

/** Timers in the order in which they are due: `{ id, due, every, run }`. */
let timers = [];
let lastId = 0;

/** `setTimeout` of the HTML Standard. */
export function setTimeout(callback, delay, ...values) {
  return start(callback, delay, values, false);
}

/** `setInterval` of the HTML Standard. */
export function setInterval(callback, delay, ...values) {
  return start(callback, delay, values, true);
}

/** `clearTimeout` and `clearInterval` of the HTML Standard. */
export function clearTimer(id) {
  timers = timers.filter((timer) => timer.id !== Number(id));
}

function start(callback, delay, values, repeats) {
  if (typeof callback !== "function") {
    throw new TypeError("expected a function to call when the time has come");
  }
  const every = Math.min(Math.max(Number(delay) || 0, 0), DELAY_MAX);
  lastId += 1;
  const run = () => callback(...values);
  insert({ id: lastId, due: now() + every, every: repeats ? Math.max(every, 1) : null, run });
  return lastId;
}

/** The longest delay, as in browsers. */
const DELAY_MAX = 2 ** 31 - 1;

function insert(timer) {
  const index = timers.findIndex((other) => other.due > timer.due);
  timers.splice(index < 0 ? timers.length : index, 0, timer);
}

/** Milliseconds of a clock that never goes back. */
export function now() {
  return clock.now() / 1e6;
}

/** Sleeps until the next timer is due, and runs it. Whether there was one. */
export function runNext() {
  const [next] = timers;
  if (!next) {
    return false;
  }
  const nanoseconds = Math.ceil((next.due - now()) * 1e6);
  if (nanoseconds > 0) {
    const pollable = clock.subscribeDuration(nanoseconds);
    pollable.block();
    pollable[Symbol.dispose]();
  }
  timers.shift();
  if (next.every !== null) {
    insert({ ...next, due: Math.max(next.due + next.every, now()) });
  }
  try {
    next.run();
  } catch (error) {
    // Nobody called it who could be told.
    console.error(error);
  }
  return true;
}

/** Drops all timers: those of a request do not outlive it. */
export function dropTimers() {
  timers = [];
}
