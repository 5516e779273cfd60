// What `wasgi build` imports before an app. Must be first: the app finds the globals there.

export { application, warm } from "./application.js";
