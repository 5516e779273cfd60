// The same answer by Node.js' own server, at the port that is named.
import { createServer } from "node:http";

createServer((_request, response) => {
  response.writeHead(200, { "content-type": "text/plain", "content-length": 6 });
  response.end("hello\n");
}).listen(Number(process.argv[2]), "127.0.0.1");
