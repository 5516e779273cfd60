// A CGI program in AssemblyScript: the request is in the environment and on standard input.

function field(name: string): string {
  return process.env.has(name) ? process.env.get(name) : "";
}

function answer(status: string, text: string): void {
  process.stdout.write("Status: " + status + "\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text);
}

function echo(): void {
  process.stdout.write("Content-Type: application/octet-stream\r\n\r\n");
  const buffer = new ArrayBuffer(65536);
  for (let count = process.stdin.read(buffer); count > 0; count = process.stdin.read(buffer)) {
    process.stdout.write(buffer.slice(0, count));
  }
}

if (field("REQUEST_METHOD") == "POST") {
  echo();
} else if (field("PATH_INFO") == "/") {
  answer("200 OK", "Hello from AssemblyScript\n");
} else {
  answer("404 Not Found", "nothing here\n");
}
