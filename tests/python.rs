/// Bottle: the least application.
mod bottle;
/// Databases from Python: PEP 249, frameworks, and drivers on sockets.
mod databases;
/// Django: what a browser sees of its admin, its sessions and its database.
mod django;
/// An example, built or in source, in a folder of its own.
mod example;
/// FastAPI: validation, dependencies, its description of itself.
mod fastapi;
/// Applications that break a rule.
mod faults;
/// Flask: forms, sessions, files, uploads, mounts.
mod flask;
/// Starlette: streams.
mod starlette;
/// The examples of WSGI, inside `wsgiref.validate`.
mod validated;
/// A client with cookies.
mod visitor;
