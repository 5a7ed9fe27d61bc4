import { readFileSync } from "node:fs";
import { createServer } from "node:http";

import { total } from "./cart.js";

const { version } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));
const cart = [
  { price: 1200, count: 1 },
  { price: 350, count: 4 },
];

const server = createServer((request, response) => {
  if (request.url === "/healthz") {
    response.end("ok\n");
    return;
  }
  response.setHeader("content-type", "text/plain; charset=utf-8");
  response.end(`shop ${version}\nin your cart: ${(total(cart, 0.1) / 100).toFixed(2)}\n`);
});

server.listen(8080, () => console.log(`shop ${version} listens on 8080`));

// Swarm stops a container with TERM; without a handler, process 1 would ignore it.
process.once("SIGTERM", () => server.close(() => process.exit(0)));
