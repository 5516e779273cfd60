//! The same small answer in each language, in wasgi and by what its users run today.
//!
//! What is compared with comes from npm (workerd, Deno) and PyPI (Go), is installed on this machine
//! (Node.js, Apache, nginx, Puma), or is left out. The components are made with `wasgi build`.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Result;

use super::Bench;
use super::apache;
use super::compared::{Compared, Rival};
use super::contender::Contender;
use super::nginx;
use super::report::Report;
use crate::command::run;
use crate::venv;

const PART: &str = "languages";

/// A language, and what it is to reach.
struct Language {
    /// Its folder in `tests/bench/languages`.
    folder: &'static str,
    fresh: Goal,
    reused: Goal,
}

/// What the results call a server, and what it is to reach.
type Goal = [&'static str; 2];

const LANGUAGES: [Language; 4] = [
    Language {
        folder: "c",
        fresh: ["C, fresh", "≤ 1.3"],
        reused: ["C, reused", ""],
    },
    Language {
        folder: "zig",
        fresh: ["Zig, fresh", "≤ 1.3"],
        reused: ["Zig, reused", ""],
    },
    Language {
        folder: "go",
        fresh: ["Go, fresh", "≤ 1500 µs"],
        reused: ["Go, reused", "≤ 60 µs"],
    },
    Language {
        folder: "js",
        fresh: ["JavaScript, fresh", "≤ 700 µs"],
        reused: ["JavaScript, reused", ""],
    },
];

/// Measures all of them beside each other.
pub(super) fn measure(bench: &Bench<'_>, report: &mut Report) -> Result<()> {
    let source = bench.workspace.root.join("tests/bench/languages");
    let mut rivals = vec![];
    let hello = bench.guest("hello");
    rivals.extend(both(
        bench,
        &hello,
        ["Rust, fresh", ""],
        ["Rust, reused", ""],
    )?);
    for language in &LANGUAGES {
        let component = bench.build(&source.join(language.folder))?;
        rivals.extend(both(bench, &component, language.fresh, language.reused)?);
    }
    rivals.extend(ruby(bench, &source)?);
    let folder = bench.workspace.target.join("bench-languages");
    fs::create_dir_all(&folder)?;
    rivals.push(native_go(&source, &folder)?);
    rivals.extend(javascript(&source, &folder)?);
    rivals.extend(puma(&source)?);
    rivals.extend(cgi(&source, &folder)?);
    rivals.extend(fastcgi(bench, &source)?);
    let compared = Compared {
        part: PART,
        name: "A text in each language",
        path: "/",
        rivals,
    };
    compared.measure(bench, report)
}

/// A component in fresh instances and in reused ones.
fn both(bench: &Bench<'_>, component: &Path, fresh: Goal, reused: Goal) -> Result<[Rival; 2]> {
    let rival = |[name, goal]: Goal, arguments: &[&str]| {
        let server = bench.contender(name, component, arguments)?;
        Ok::<_, anyhow::Error>(Rival { server, goal })
    };
    Ok([rival(fresh, &[])?, rival(reused, &["--isolation=reuse"])?])
}

/// Ruby, likewise. Its instances have more memory than they are kept with by default.
fn ruby(bench: &Bench<'_>, source: &Path) -> Result<[Rival; 2]> {
    let component = bench.build(&source.join("ruby"))?;
    let mut fresh = bench.contender("Ruby, fresh", &component, &[])?;
    // The other one finds it compiled, which takes long.
    fresh.wait("/")?;
    let folder = bench.scratch.path().join("ruby-reused");
    fs::create_dir_all(&folder)?;
    let manifest = format!(
        "[[app]]\ncomponent = {:?}\npath = \"/\"\nisolation = \"reuse\"\n\
         reuse = {{ memory = \"256MiB\" }}\n",
        component.to_string_lossy()
    );
    fs::write(folder.join("wasgi.toml"), manifest)?;
    let reused = bench.contender("Ruby, reused", &folder, &[])?;
    Ok([fresh.into(), reused.into()])
}

/// The same program in Go, compiled for this machine: it serves itself.
fn native_go(source: &Path, folder: &Path) -> Result<Rival> {
    let packages = folder.join("go");
    let go = packages.join("go/bin/go");
    if !go.is_file() {
        let requirements = source.join("rivals/requirements.txt");
        run(venv::python()?
            .args(["-m", "pip", "install", "--quiet", "--target"])
            .arg(&packages)
            .arg("-r")
            .arg(requirements))?;
    }
    let server = folder.join("hello-go");
    run(Command::new(go)
        .args(["build", "-o"])
        .arg(&server)
        .arg(".")
        .current_dir(source.join("go"))
        .env("GOCACHE", folder.join("go-cache"))
        .env("GOTOOLCHAIN", "local"))?;
    let serve = |address: SocketAddr| {
        let mut command = Command::new(&server);
        command.env("ADDR", address.to_string());
        Ok(command)
    };
    Ok(Contender::start("Go, net/http", false, serve)?.into())
}

/// What serves JavaScript today.
fn javascript(source: &Path, folder: &Path) -> Result<Vec<Rival>> {
    let js = source.join("js");
    fs::copy(
        source.join("rivals/package.json"),
        folder.join("package.json"),
    )?;
    run(Command::new("npm")
        .args(["install", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(folder))?;
    let programs = folder.join("node_modules/.bin");
    let workerd = |address: SocketAddr| {
        let file = folder.join("workerd.capnp");
        fs::copy(js.join("app.js"), folder.join("app.js"))?;
        fs::write(&file, workerd(address))?;
        let mut command = Command::new(programs.join("workerd"));
        command.arg("serve").arg(file);
        Ok(command)
    };
    let deno = |address: SocketAddr| {
        let mut command = Command::new(programs.join("deno"));
        command.args(["serve", "--host", "127.0.0.1", "--port"]);
        command
            .arg(address.port().to_string())
            .arg(js.join("app.js"));
        Ok(command)
    };
    let node = |address: SocketAddr| {
        let mut command = Command::new("node");
        command
            .arg(js.join("node.js"))
            .arg(address.port().to_string());
        Ok(command)
    };
    Ok(vec![
        Contender::start("workerd", false, workerd)?.into(),
        Contender::start("Deno", false, deno)?.into(),
        Contender::start("Node.js", false, node)?.into(),
    ])
}

/// The configuration of workerd, which it has as an interface definition.
fn workerd(address: SocketAddr) -> String {
    format!(
        "using Workerd = import \"/workerd/workerd.capnp\";\n\
         const config :Workerd.Config = (\n\
         services = [(name = \"main\", worker = (\n\
         modules = [(name = \"app.js\", esModule = embed \"app.js\")],\n\
         compatibilityDate = \"2026-01-01\"))],\n\
         sockets = [(name = \"http\", address = \"{address}\", http = (), service = \"main\")]);\n"
    )
}

/// The same app in Ruby by Puma, where that is installed, as it runs in production on two CPUs.
fn puma(source: &Path) -> Result<Option<Rival>> {
    let mut version = Command::new("puma");
    version.arg("--version");
    let found = version.stdout(Stdio::null()).status();
    if !found.is_ok_and(|status| status.success()) {
        eprintln!("Puma is left out: there is no puma (Debian's packages ruby and puma)");
        return Ok(None);
    }
    let serve = |address: SocketAddr| {
        let mut command = Command::new("puma");
        command.args(["--workers", "2", "--threads", "5:5", "--quiet"]);
        command.args(["--environment", "production", "--bind"]);
        command.arg(format!("tcp://{address}"));
        command.arg("config.ru").current_dir(source.join("ruby"));
        Ok(command)
    };
    Ok(Some(Contender::start("Puma", false, serve)?.into()))
}

/// A program of its own for each request, in C, where Apache can run it.
fn cgi(source: &Path, folder: &Path) -> Result<Option<Rival>> {
    let folder = folder.join("cgi");
    fs::create_dir_all(&folder)?;
    let script = folder.join("app.cgi");
    run(Command::new("cc")
        .arg("-O2")
        .arg(source.join("cgi/hello.c"))
        .arg("-o")
        .arg(&script))?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    if !apache::can_run(&script, &[]) {
        return Ok(None);
    }
    let apache = Contender::start("Apache, CGI in C", false, |at| apache::serve(&script, at))?;
    Ok(Some(apache.into()))
}

/// A program in C that stays, where nginx and FastCGI's library are installed.
fn fastcgi(bench: &Bench<'_>, source: &Path) -> Result<Option<Rival>> {
    let folder = bench.scratch.path().join("fastcgi");
    fs::create_dir_all(&folder)?;
    let program = folder.join("hello");
    if !nginx::compile(&source.join("fastcgi/hello.c"), &program)? {
        return Ok(None);
    }
    let serve = |address| nginx::serve(&program, &folder, address);
    Ok(Some(
        Contender::start("nginx, FastCGI in C", false, serve)?.into(),
    ))
}
