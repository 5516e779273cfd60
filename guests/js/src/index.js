// What an app imports. All else is under the names that the web's standards give it.

export { serve } from "./runtime/handler.js";
