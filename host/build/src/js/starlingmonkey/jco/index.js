// Stands in for jco, of which componentize-js wants only that it makes a component of a core module.
// `wasgi build` does that itself, so what is handed over here is handed back.

import { fileURLToPath } from "node:url";

export const componentNew = async (module) => module;
export const metadataAdd = async (module) => module;
// It is read, and not used.
export const preview1AdapterReactorPath = () => fileURLToPath(import.meta.url);
