// Evaluates a script in StarlingMonkey, and writes what is then in memory as a core module:
// `node componentize.mjs SCRIPT WIT OUTPUT`.

import { writeFile } from "node:fs/promises";
import { componentize } from "@bytecodealliance/componentize-js";

const [sourcePath, witPath, output] = process.argv.slice(2);
try {
  const { component } = await componentize({ sourcePath, witPath, worldName: "web" });
  await writeFile(output, component);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
