// `Event`, `EventTarget`, `AbortController` and `AbortSignal`.

/** `Event` of the DOM Standard, without a tree that it travels through. */
export class Event {
  #type;
  #cancelable;
  #isPrevented = false;

  target = null;
  currentTarget = null;
  timeStamp = performance.now();

  constructor(type, { cancelable = false } = {}) {
    this.#type = String(type);
    this.#cancelable = Boolean(cancelable);
  }

  get type() {
    return this.#type;
  }

  get cancelable() {
    return this.#cancelable;
  }

  get defaultPrevented() {
    return this.#isPrevented;
  }

  preventDefault() {
    this.#isPrevented ||= this.#cancelable;
  }

  stopPropagation() {}

  stopImmediatePropagation() {
    this.isStopped = true;
  }
}

/** `CustomEvent` of the DOM Standard. */
export class CustomEvent extends Event {
  constructor(type, { detail = null, ...options } = {}) {
    super(type, options);
    this.detail = detail;
  }
}

/** `EventTarget` of the DOM Standard. */
export class EventTarget {
  #listeners = [];

  addEventListener(type, callback, options) {
    const once = typeof options === "object" && Boolean(options?.once);
    const isThere = this.#listeners.some((each) => each.type === type && each.callback === callback);
    if (callback && !isThere) {
      this.#listeners.push({ type, callback, once });
    }
  }

  removeEventListener(type, callback) {
    this.#listeners = this.#listeners.filter(
      (each) => each.type !== type || each.callback !== callback,
    );
  }

  dispatchEvent(event) {
    event.target = event.currentTarget = this;
    const handler = this[`on${event.type}`];
    if (typeof handler === "function") {
      handler.call(this, event);
    }
    for (const { type, callback, once } of [...this.#listeners]) {
      if (type !== event.type || event.isStopped) {
        continue;
      }
      if (once) {
        this.removeEventListener(type, callback);
      }
      try {
        typeof callback === "function" ? callback.call(this, event) : callback.handleEvent(event);
      } catch (error) {
        // One listener's failure is not another's.
        console.error(error);
      }
    }
    return !event.defaultPrevented;
  }
}

/** Aborts a signal: only a controller does. */
let abort;

/** `AbortSignal` of the DOM Standard. */
export class AbortSignal extends EventTarget {
  #aborted = false;
  #reason;

  onabort = null;

  static abort(reason) {
    const controller = new AbortController();
    controller.abort(reason);
    return controller.signal;
  }

  static timeout(milliseconds) {
    const controller = new AbortController();
    const reason = () => new DOMException("The operation timed out", "TimeoutError");
    setTimeout(() => controller.abort(reason()), milliseconds);
    return controller.signal;
  }

  static any(signals) {
    const controller = new AbortController();
    for (const signal of signals) {
      if (signal.aborted) {
        controller.abort(signal.reason);
        break;
      }
      signal.addEventListener("abort", () => controller.abort(signal.reason), { once: true });
    }
    return controller.signal;
  }

  static {
    abort = (signal, reason) => {
      if (!signal.#aborted) {
        signal.#aborted = true;
        signal.#reason = reason;
        signal.dispatchEvent(new Event("abort"));
      }
    };
  }

  get aborted() {
    return this.#aborted;
  }

  get reason() {
    return this.#reason;
  }

  throwIfAborted() {
    if (this.#aborted) {
      throw this.#reason;
    }
  }
}

/** `AbortController` of the DOM Standard. */
export class AbortController {
  #signal = new AbortSignal();

  get signal() {
    return this.#signal;
  }

  abort(reason = new DOMException("The operation was aborted", "AbortError")) {
    abort(this.#signal, reason);
  }
}
