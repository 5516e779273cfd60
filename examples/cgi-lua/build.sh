#!/bin/sh
# Makes app.wasm. Needs cargo for the source of Lua, npm for binaryen, and Zig, which compiles C:
# `pip install ziglang` has it, or ZIG names another one.
set -eu
cd "$(dirname "$0")"

[ -d target/vendor ] || cargo vendor --quiet target/vendor >/dev/null
[ -d node_modules ] || npm ci --silent
lua=target/vendor/lua-src/lua-5.4.9

${ZIG:-python3 -m ziglang} cc -target wasm32-wasi -Os -w -std=gnu23 -I. -I"$lua" \
  -D_WASI_EMULATED_SIGNAL -D_WASI_EMULATED_PROCESS_CLOCKS ./*.c "$lua"/*.c \
  -lwasi-emulated-signal -lwasi-emulated-process-clocks -o core.wasm
npx wasm-opt core.wasm --enable-bulk-memory-opt --enable-nontrapping-float-to-int \
  --enable-sign-ext --asyncify -Os -o app.wasm
