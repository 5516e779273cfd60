// The places of a stack trace in the sources, instead of those in the one file made of them.
//
// `wasgi build` says where its lines come from: `host/build/src/js/sources.rs` has the form.

let runs;
let files;

/** A stack trace with the places that its developer knows. */
export function atSource(stack) {
  return stack.replace(/[^\s()@]*bundle\.js:(\d+)(?::\d+)?/g, (place, line) => origin(Number(line)) ?? place);
}

function origin(line) {
  if (!runs) {
    const [names = "[]", ...texts] = (globalThis[Symbol.for("wasgi.lines")] ?? "").split(";");
    files = JSON.parse(names || "[]");
    runs = texts.map((text) => text.split(",").map(Number));
  }
  const run = runs.findLast(([first]) => first <= line);
  return run && `${files[run[1]]}:${run[2] + line - run[0]}`;
}
